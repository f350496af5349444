# SPDX-License-Identifier: Apache-2.0
"""Upgrades of the binary: a new process takes over the sockets of the running one. Nobody is
refused, no request fails; when the new one fails, the old one serves on."""
import os
import pathlib
import signal
import socket
import ssl
import threading
import time

import grpc
import pytest

from host_process import HostProcess, meshhost
from load import Load
from notify_socket import NotifySocket
from raw_http1 import Connection
from settings import PATIENCE, TEST_MODULES
from stubs import ECHO, echo_pb2_grpc, insecure
from upgrades import Upgrades

HELLO = b"Hello, World!"
ROUNDS = 5
# Calls of a client that gets little time end by themselves; an idle process does not wait.
PATIENT = '[reload]\nstream_grace = "20s"\nupgrade_timeout = "30s"\n'


class UpgradeLoad(Load):
    """Also new connections: one for each request."""
    KINDS = (*Load.KINDS, "connections", "connections_2")

    def _connections(self):
        def step():
            with Connection(self.host.address()) as client:
                answer = client.request("GET /echo", "Connection: close")
                assert answer.body == HELLO, answer
        while True:
            yield step

    _connections_2 = _connections


@pytest.fixture
def start(start_host, tmp_path):
    started = []

    def start(extra="", options=None, **base):
        base.setdefault("drain", 'delay = "0s"\ntimeout = "5s"')
        config = HostProcess.probe_config(tmp_path, PATIENT + extra, **base)
        started.append(Upgrades(start_host, tmp_path, config, **(options or {})))
        return started[-1]

    yield start
    for upgrades in started:
        upgrades.end()


def echo(address):
    with Connection(address) as client:
        return client.request("GET /echo").body


def test_S74_five_upgrades_under_load(start, tmp_path):
    upgrades = start()
    host = upgrades.host
    pid_file = tmp_path / "meshhost.pid"
    upgrades.configure(host.config.read_text().replace("[host]", f'[host]\npid_file = "{pid_file}"'))
    pids = [upgrades.pid]
    with insecure(host) as channel, UpgradeLoad(host) as load:
        # Opened on the first process, it ends there: its peer reads the rest when that one drains.
        stream = echo_pb2_grpc.EchoStub(channel).ServerStream(ECHO(payload=b"x" * 1000, count=3000))
        next(stream)
        for _ in range(ROUNDS):
            calls = dict(load.calls)
            upgrades.install()
            pids.append(upgrades.upgrade())
            assert os.stat(f"/proc/{pids[-1]}/exe").st_ino == os.stat(upgrades.binary).st_ino
            assert int(pid_file.read_text()) == pids[-1]
            deadline = time.monotonic() + 30 * PATIENCE
            while any(load.calls[kind] < calls.get(kind, 0) + 3 for kind in load.calls):
                assert not load.failures and time.monotonic() < deadline, load.failures
                time.sleep(0.01)
        assert 1 + sum(1 for _ in stream) == 3000
        assert upgrades.end_of_old() == [0] * ROUNDS
        started = host.metric("process_start_time_seconds")
    assert load.failures == []
    assert all(load.calls.values()) and len(set(pids)) == ROUNDS + 1
    assert started > time.time() - 60 * PATIENCE
    longest = max(took for kind in ("connections", "connections_2") for _, took in load.times[kind])
    slowest = max(took for _, took in load.times["bidi"])
    print(f"calls {load.calls}, longest new connection {longest * 1000:.0f} ms, "
          f"longest bidi {slowest * 1000:.0f} ms")
    assert not upgrades.children()
    assert host.stop() == 0
    assert not pid_file.exists()


class ConnectionLoad(UpgradeLoad):
    KINDS = ("connections", "connections_2")


def test_S74_process_without_open_connections_loses_none_that_comes(start):
    """It may end at once, but not before it has seen what it has accepted last."""
    upgrades = start()
    with ConnectionLoad(upgrades.host) as load:
        for _ in range(10):
            upgrades.upgrade()
            assert not load.failures
        assert upgrades.end_of_old() == [0] * 10
    assert load.failures == []


@pytest.mark.parametrize("before, after", [(1, 4), (4, 1), (3, 2)])
def test_S83_number_of_workers_changes(start, before, after):
    """A queue that nobody looks at would let its connections hang."""
    upgrades = start(workers=before)
    host = upgrades.host
    with UpgradeLoad(host) as load:
        upgrades.configure(host.config.read_text().replace(f"workers = {before}",
                                                           f"workers = {after}"))
        upgrades.upgrade()
        assert upgrades.end_of_old() == [0]
        for _ in range(40):
            assert echo(host.address()) == HELLO
    assert load.failures == []
    workers = [i for i in range(after)
               if host.metric("meshhost_connections_accepted_total", worker=i) is not None]
    assert len(workers) == after


def test_S84_idle_and_silent_connections_are_served_once_more(start):
    upgrades = start()
    address = upgrades.host.address()
    with Connection(address) as idle, Connection(address) as silent:
        assert idle.request("GET /echo").body == HELLO
        upgrades.host.wait_metric(lambda value: value == 2, "meshhost_connections_accepted_total")
        upgrades.upgrade()
        upgrades.host.wait_log("draining")
        for client in (idle, silent):
            answers = [client.request("GET /echo")]
            while "connection" not in answers[-1].headers:  # the worker has not heard of it yet
                answers.append(client.request("GET /echo"))
            assert all(answer.body == HELLO for answer in answers)
            assert answers[-1].headers["connection"] == "close" and client.rest() == b""
    assert upgrades.end_of_old() == [0]


def test_S84_idle_connections_end_after_the_grace(start):
    upgrades = start()
    upgrades.configure(upgrades.host.config.read_text().replace("20s", "500ms"))
    assert upgrades.post("/reload")[0] == 200
    with Connection(upgrades.host.address()) as idle:
        assert idle.request("GET /echo").body == HELLO
        upgrades.upgrade()
        assert idle.rest() == b""
    assert upgrades.end_of_old() == [0]


def test_S83_every_kind_of_listener_is_taken_over(start, tmp_path, pki):
    path = tmp_path / "sock"
    upgrades = start(f"""
[[listener]]
name = "tls"
address = "127.0.0.1:0"
[listener.tls]
certificate = "{pki}/server.crt"
key = "{pki}/server.key"
client_auth = "none"
[[listener]]
name = "ipv6"
address = "[::1]:0"
[[listener]]
name = "shared"
address = "127.0.0.1:0"
reuse_port = false
[[listener]]
name = "unix"
address = "unix:{path}"
""")
    host = upgrades.host
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    before = len(host.logs)
    inode = os.stat(path).st_ino
    for _ in range(2):
        upgrades.upgrade()
        assert upgrades.end_of_old() == [0]
        for name in ("plain", "ipv6", "shared", "unix"):
            assert echo(host.address(name)) == HELLO
        with Connection(host.address("tls"), context, "localhost") as client:
            assert client.request("GET /echo").body == HELLO
        assert os.stat(path).st_ino == inode
        assert host.admin("/readyz")[0] == 200
    listening = {}
    for record in host.logs:
        if host.text_of(record) == "listening":
            listening.setdefault(record["listener"], set()).add(record["address"])
    assert len(host.logs) > before and all(len(each) == 1 for each in listening.values())
    assert host.stop() == 0
    assert not path.exists()


def test_S83_listeners_that_come_and_go(start, tmp_path):
    """Dropped ones are not left open by a process that does not serve them; a queue of a dropped
    unix socket has no file any more."""
    path = tmp_path / "sock"
    dropped = (f'[[listener]]\nname = "unix"\naddress = "unix:{path}"\n'
               '[[listener]]\nname = "gone"\naddress = "127.0.0.1:0"\n')
    upgrades = start(dropped)
    host = upgrades.host
    gone = host.address("gone")
    added = '[[listener]]\nname = "added"\naddress = "127.0.0.1:0"\n'
    upgrades.configure(host.config.read_text().replace(dropped, added))
    upgrades.upgrade()
    assert upgrades.end_of_old() == [0]
    assert echo(host.address("added")) == HELLO
    assert echo(host.address()) == HELLO
    assert not path.exists()
    with pytest.raises(ConnectionRefusedError):
        Connection(gone)


def test_S83_sockets_of_the_service_manager_keep_their_names(start, tmp_path):
    web = socket.create_server(("127.0.0.1", 0))
    spare = socket.create_server(("127.0.0.1", 0))
    listener = '[[listener]]\nname = "{0}"\naddress = "systemd:{0}"\n'
    upgrades = start(listener.format("web"), options={"sockets": [("web", web), ("spare", spare)]})
    web_address, spare_address = web.getsockname(), spare.getsockname()
    web.close()
    spare.close()
    upgrades.upgrade()
    assert upgrades.end_of_old() == [0]
    assert echo(web_address) == HELLO
    # One that nobody used yet is there for a later configuration.
    upgrades.configure(upgrades.host.config.read_text() + listener.format("spare"))
    upgrades.upgrade()
    assert echo(spare_address) == HELLO and echo(web_address) == HELLO
    assert upgrades.end_of_old() == [0]


def test_S83_service_manager_hears_one_process_at_a_time(start, tmp_path):
    """NotifyAccess=main: whoever is not the main process is not heard, and complained about."""
    manager = NotifySocket(tmp_path, WATCHDOG_USEC=str(int(2_000_000 * PATIENCE)))
    upgrades = start(options={"env": manager.environment})
    main = upgrades.pid
    manager.until("READY")
    for _ in range(2):
        new = upgrades.upgrade()
        assert upgrades.end_of_old() == [0]
        ready = None
        while ready is None:
            message = manager.next()
            assert message is not None and message["pid"] == main, message
            assert "STOPPING" not in message
            if "MAINPID" in message:
                assert int(message["MAINPID"]) == new
                main = new
            elif "READY" in message:
                ready = message
        manager.until("WATCHDOG")
        assert ready["pid"] == new
    manager.waiting()
    assert upgrades.host.stop() == 0
    assert manager.until("STOPPING")["pid"] == main


def test_S74_signal_and_subcommand(start, tmp_path):
    upgrades = start()
    host = upgrades.host
    # The file that the operator edits names the admin address.
    port = host.port("admin")
    upgrades.configure(host.config.read_text().replace('address = "127.0.0.1:0"',
                                                       f'address = "127.0.0.1:{port}"', 1))
    host.signal(signal.SIGUSR2)
    upgrades.follow(host.wait_log("replaced by a new process")["pid"])
    assert upgrades.end_of_old() == [0]
    done = meshhost("upgrade", "--config", host.config)
    assert done.returncode == 0, done.stderr
    upgrades.follow(int(done.stdout.split()[1]))
    assert done.stdout == f"process {upgrades.pid} serves\n"
    assert upgrades.end_of_old() == [0]
    upgrades.binary.unlink()
    failed = meshhost("upgrade", "--config", host.config)
    assert failed.returncode == 1
    assert failed.stderr == f"{upgrades.binary}: No such file or directory\n"
    assert echo(host.address()) == HELLO


def slow_start(upgrades, seconds):
    """The next process takes a while to start its modules."""
    text = upgrades.host.config.read_text()
    upgrades.configure(text + f'[module.config]\nstart_delay = "{int(seconds * 1000)}ms"\n')
    return text


def kill_successor(upgrades):
    os.kill(upgrades.wait_child(), signal.SIGKILL)


def append(upgrades, text):
    upgrades.configure(upgrades.host.config.read_text() + text)


def hang(upgrades):
    upgrades.configure(upgrades.host.config.read_text().replace('"30s"', '"1s"'))
    assert upgrades.post("/reload")[0] == 200
    upgrades.install("#!/bin/sh\nexec sleep 1000\n")


def die_early(upgrades):
    slow_start(upgrades, 30)
    threading.Thread(target=kill_successor, args=(upgrades,)).start()


MISFIT = HostProcess.module_config("misfit", TEST_MODULES / "misfit_start.so")
SECOND = '[[listener]]\nname = "second"\naddress = "127.0.0.1:{}"\n'

# What is wrong with the new process, and what the operator reads.
FAILURES = {
    "missing": (lambda u: u.binary.unlink(), ["No such file or directory"]),
    "not_executable": (lambda u: u.binary.chmod(0o644), ["Permission denied"]),
    "no_program": (lambda u: u.install("\0"), ["Exec format error"]),
    "exits": (lambda u: u.install("#!/bin/sh\nexit 1\n"), ["exited with code 1"]),
    "exits_well": (lambda u: u.install("#!/bin/true\n"), ["exited with code 0"]),
    "config": (lambda u: append(u, "[limits]\nhttp_boddy = 1\n"),
               ["exited with code 78: ", 'did you mean "http_body"?']),
    "module": (lambda u: append(u, MISFIT), ["exited with code 1: ", 'module "misfit"']),
    "bind": (lambda u: append(u, SECOND.format(u.host.port("admin"))),
             ["exited with code 1: ", 'listener "second"', "Address already in use"]),
    "hangs": (hang, ["not ready after 1s"]),
    "killed": (die_early, ["killed by SIGKILL"]),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_S83_old_process_serves_on_when_the_new_one_fails(start, tmp_path, failure):
    path = tmp_path / "sock"
    pid_file = tmp_path / "meshhost.pid"
    upgrades = start(f'[[listener]]\nname = "unix"\naddress = "unix:{path}"\n')
    host = upgrades.host
    upgrades.configure(host.config.read_text().replace("[host]", f'[host]\npid_file = "{pid_file}"'))
    upgrades.upgrade()
    assert upgrades.end_of_old() == [0]
    text = host.config.read_text()
    break_it, words = FAILURES[failure]
    copies = set(os.listdir(tmp_path / "run"))
    with UpgradeLoad(host) as load:
        break_it(upgrades)
        status, answer = upgrades.post("/upgrade")
        assert status == 422 and all(word in answer["error"] for word in words), answer
        logged = host.wait_log("upgrade failed: this process serves on")
        assert logged["error"] == answer["error"]
        assert echo(host.address()) == HELLO and echo(str(path)) == HELLO
        assert host.admin("/readyz")[0] == 200 and int(pid_file.read_text()) == upgrades.pid
        assert not upgrades.children()
        # One that ends by itself tidies up, too.
        assert failure == "killed" or set(os.listdir(tmp_path / "run")) == copies
        # The next attempt is not burdened by this one.
        upgrades.install()
        upgrades.configure(text)
        assert upgrades.post("/reload")[0] == 200
        upgrades.upgrade()
        assert upgrades.end_of_old() == [0]
        assert echo(host.address()) == HELLO and echo(str(path)) == HELLO
    assert load.failures == []


def test_S74_upgrades_and_reloads_exclude_each_other(start):
    upgrades = start()
    text = slow_start(upgrades, 6)  # longer than a web server waits for a request
    results = []
    upgrading = threading.Thread(target=lambda: results.append(upgrades.post("/upgrade")))
    upgrading.start()
    upgrades.wait_child()
    status, answer = upgrades.post("/reload")
    assert status == 422 and "an upgrade of the binary is under way" in answer["error"]
    status, answer = upgrades.post("/upgrade")
    assert status == 409 and "an upgrade is under way" in answer["error"]
    upgrading.join()
    (status, answer), = results
    assert status == 200, answer
    upgrades.follow(answer["pid"])
    assert upgrades.end_of_old() == [0]
    upgrades.configure(text)
    assert upgrades.post("/reload", {"confirm": "60s"})[0] == 200
    status, answer = upgrades.post("/upgrade")
    assert status == 409 and "waits for its confirmation" in answer["error"]
    assert upgrades.post("/reload/confirm")[0] == 200
    upgrades.upgrade()
    assert upgrades.end_of_old() == [0]


def test_S84_stop_during_an_upgrade_ends_both(start):
    upgrades = start()
    slow_start(upgrades, 60)
    upgrades.host.signal(signal.SIGUSR2)
    child = upgrades.wait_child()
    assert upgrades.host.stop() == 0
    assert not pathlib.Path(f"/proc/{child}").exists()


def test_S83_variable_that_lies_is_an_error(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path), env={"MESHHOST_HANDOFF_FD": "one"},
                      wait_ready=False)
    assert host.wait() == 1
    assert 'expected the number of a sequential-packet socket, got "one"' in (
        host.folder / "stderr").read_text()
