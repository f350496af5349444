# SPDX-License-Identifier: Apache-2.0
"""What the service manager is told (sd_notify(3)), seen at a notification socket of the test."""
import os
import socket
import time

import pytest

from host_process import HostProcess
from notify_socket import NotifySocket
from raw_http1 import Connection
from settings import PATIENCE, TEST_MODULES

HELLO = b"Hello, World!"
SECOND = "[[listener]]\nname = \"second\"\naddress = \"{}\"\n"


@pytest.fixture
def manager(tmp_path):
    return NotifySocket(tmp_path)


def test_S83_ready_is_said_when_all_listen(start_host, tmp_path, manager):
    host = start_host(HostProcess.probe_config(tmp_path, SECOND.format("127.0.0.1:0")),
                      env=manager.environment, wait_ready=False)
    assert manager.until("READY")["STATUS"] == "serving: listeners 2, modules 2"
    host.wait_log("ready")  # its log says which ports they are
    for name in ("plain", "second"):
        with Connection(host.address(name)) as client:
            assert client.request("GET /echo").body == HELLO


@pytest.mark.parametrize("broken", ["bind", "module"])
def test_S83_ready_is_not_said_when_the_start_fails(start_host, tmp_path, manager, broken):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        extra = SECOND.format("127.0.0.1:%d" % taken.getsockname()[1])
        if broken == "module":
            extra = HostProcess.module_config("misfit", TEST_MODULES / "misfit_start.so")
        host = start_host(HostProcess.probe_config(tmp_path, extra), env=manager.environment,
                          wait_ready=False)
        assert host.wait() == 1
    assert not any("READY" in message for message in manager.waiting())


def test_S84_stopping_is_said_with_the_time_that_the_drain_may_take(start_host, tmp_path, manager):
    host = start_host(HostProcess.probe_config(tmp_path, drain='delay = "7s"\ntimeout = "11s"'),
                      env=manager.environment)
    host.signal()
    message = manager.until("STOPPING")
    assert message["STATUS"] == "draining"
    # Two modules with a stop_timeout of 10 s, and 10 s for all around it.
    assert int(message["EXTEND_TIMEOUT_USEC"]) == (7 + 11 + 2 * 10 + 10) * 1_000_000
    host.process.kill()
    host.process.wait()
    host.process.returncode = 0


def test_S83_start_asks_for_the_time_that_modules_may_take(start_host, tmp_path, manager):
    start_host(HostProcess.probe_config(tmp_path), env=manager.environment)
    assert int(manager.next()["EXTEND_TIMEOUT_USEC"]) == (2 * 10 + 10) * 1_000_000


def test_S84_host_without_a_service_manager_runs(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path), env={"NOTIFY_SOCKET": ""})
    assert host.stop() == 0


def watched(start_host, tmp_path, seconds):
    manager = NotifySocket(tmp_path, WATCHDOG_USEC=str(int(seconds * 1_000_000)))
    host = start_host(HostProcess.probe_config(tmp_path), env=manager.environment)
    manager.until("READY")
    return host, manager


def test_S43_watchdog_is_fed_several_times_within_its_time(start_host, tmp_path):
    _, manager = watched(start_host, tmp_path, 2 * PATIENCE)
    begin = time.monotonic()
    for _ in range(4):
        manager.until("WATCHDOG")
    assert time.monotonic() - begin < 4 * PATIENCE


def test_S43_watchdog_is_not_fed_while_a_worker_does_not_turn(start_host, tmp_path):
    """One of two workers hangs in a handler; the control thread and the other worker are well."""
    seconds = 1 * PATIENCE
    host, manager = watched(start_host, tmp_path, seconds)
    manager.until("WATCHDOG")
    with Connection(host.address()) as client:
        client.send(f"GET /probe/stall?ms={int(4000 * PATIENCE)} HTTP/1.1\r\nHost: t\r\n\r\n")
        begin = time.monotonic()
        last = begin
        while time.monotonic() - last < 2 * seconds:  # until the manager would have acted
            if manager.next(0.1) is not None:
                last = time.monotonic()
            assert last - begin < seconds, "fed although a worker hung"
        assert client.read().body == b"stalled"
    manager.until("WATCHDOG")  # the worker turns again


def test_S43_watchdog_of_another_process_is_not_fed(start_host, tmp_path):
    manager = NotifySocket(tmp_path, WATCHDOG_USEC="200000", WATCHDOG_PID=str(os.getpid()))
    start_host(HostProcess.probe_config(tmp_path), env=manager.environment)
    manager.until("READY")
    assert manager.next(1) is None


def test_S43_nobody_asks_for_a_watchdog(start_host, tmp_path, manager):
    start_host(HostProcess.probe_config(tmp_path), env=manager.environment)
    manager.until("READY")
    assert manager.next(1.5) is None
