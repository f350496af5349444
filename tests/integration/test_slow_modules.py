# SPDX-License-Identifier: Apache-2.0
"""A module that takes its time in `create` while the host reloads: the service manager, signals and
the admin listener do not wait for it. The module waits at a socket, once in the child process of the
pre-flight and once in the host, until the test lets it go on."""
import contextlib
import signal
import socket
import time

import pytest

from host_process import HostProcess
from notify_socket import NotifySocket
from raw_http1 import Connection
from settings import BUILD, PATIENCE
from test_reload import Reloads

FAULTY = BUILD / "unit_modules" / "faulty.so"


class Slow(Reloads):
    """A host whose next reload brings the module that waits."""

    def __init__(self, start_host, folder, **base):
        super().__init__(start_host, folder, **base)
        self.gate = folder / "gate"
        self.gates = socket.socket(socket.AF_UNIX)
        self.gates.bind(str(self.gate))
        self.gates.listen()
        self.gates.settimeout(20 * PATIENCE)

    def begin(self):
        self.write(self.text + HostProcess.module_config("faulty", FAULTY) +
                   "[module.config]\n" + f'create = "gate"\ngate = "{self.gate}"\n')
        self.host.signal(signal.SIGHUP)

    @contextlib.contextmanager
    def inside(self):
        """Begins when the module waits; at the end the module goes on."""
        gate, _ = self.gates.accept()
        with gate:
            yield

    @contextlib.contextmanager
    def inside_host(self):
        with self.inside():
            pass
        with self.inside():
            yield


@pytest.fixture
def watched(start_host, tmp_path):
    manager = NotifySocket(tmp_path, WATCHDOG_USEC=str(int(1_000_000 * PATIENCE)))
    slow = Slow(lambda text: start_host(text, env=manager.environment), tmp_path)
    manager.until("READY")
    return slow, manager


def fed(manager, seconds):
    """Is fed as often as the manager wants it, for so long."""
    begin = last = time.monotonic()
    while last - begin < seconds:
        manager.until("WATCHDOG")
        now = time.monotonic()
        assert now - last < 1 * PATIENCE, "the manager would have ended the host"
        last = now


def test_S43_watchdog_is_fed_and_admin_answers_while_a_module_is_created(watched):
    slow, manager = watched
    host = slow.host
    slow.begin()
    with slow.inside():  # the pre-flight
        fed(manager, 1.5 * PATIENCE)
        assert slow.post("/plan") == (409, {"error": "a reload is under way"})
    with slow.inside():
        fed(manager, 1.5 * PATIENCE)
        assert slow.post("/plan") == (409, {"error": "a reload is under way"})
        assert host.metric("meshhost_config_generation") == 1
        assert host.admin("/livez")[0] == 200
        with Connection(host.address()) as client:
            assert client.request("GET /echo").status == 200
        host.signal(signal.SIGHUP)
    slow.wait("reloaded", generation=2)
    slow.wait("reloaded", generation=3)  # what was asked meanwhile
    assert slow.post("/plan")[0] == 200
    assert host.stop() == 0
    assert not [one for one in host.logged("reloaded") if one["generation"] > 3]


@pytest.mark.parametrize("where", ["inside", "inside_host"])
def test_S84_stop_during_a_preparation(watched, where):
    slow, manager = watched
    slow.begin()
    with getattr(slow, where)():
        slow.host.signal(signal.SIGTERM)
        slow.wait("stop asked for: the reload under way is given up")
    manager.until("STOPPING")
    assert slow.host.wait() == 0
    refused = slow.wait("reload refused: the configuration from before serves on")
    assert "the host is stopping" in refused["error"]
    assert slow.host.wait_log("stopped")["clean"] is True


def test_S84_second_signal_ends_the_host_even_inside_of_a_module(watched):
    slow, _ = watched
    slow.begin()
    with slow.inside_host():
        slow.host.signal(signal.SIGTERM)
        slow.wait("stop asked for: the reload under way is given up")
        slow.host.signal(signal.SIGTERM)
        assert slow.host.wait() == 1
