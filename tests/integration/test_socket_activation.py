# SPDX-License-Identifier: Apache-2.0
"""Sockets that the service manager passes (sd_listen_fds(3)): address = "systemd:NAME"."""
import os
import pathlib
import socket
import threading

import pytest

from host_process import HostProcess
from raw_http1 import Connection

HELLO = b"Hello, World!"


def passed(name="web"):
    return f'[[listener]]\nname = "{name}"\naddress = "systemd:{name}"\n'


def config(folder, extra, workers=2):
    return HostProcess.base_config(folder, HostProcess.module_config("echo") + extra,
                                   workers=workers)


def test_S83_passed_socket_is_served_by_every_worker(start_host, tmp_path):
    """Each further connection comes while those workers hang that have accepted one."""
    web = socket.create_server(("127.0.0.1", 0))
    host = start_host(HostProcess.probe_config(tmp_path, passed(), workers=3),
                      sockets=[("web", web)])
    assert host.address("web") == web.getsockname()
    clients = []
    for i in range(3):
        clients.append(Connection(web.getsockname()))
        clients[i].send("GET /probe/stall?ms=1000 HTTP/1.1\r\nHost: t\r\n\r\n")
        host.wait_metric(lambda value, count=i + 1: value == count, "http_server_active_requests",
                         http_route="/probe/stall")
    for client in clients:
        assert client.read().body == b"stalled"
        client.close()
    accepted = [host.metric("meshhost_connections_accepted_total", worker=i) for i in range(3)]
    assert accepted == [1, 1, 1]


def test_S83_several_sockets_of_one_name_are_all_served(start_host, tmp_path):
    """A unit with ListenStream= for IPv4 and IPv6 passes both under its name."""
    sockets = [socket.create_server(("127.0.0.1", 0)),
               socket.create_server(("::1", 0), family=socket.AF_INET6),
               socket.create_server(("127.0.0.1", 0))]
    host = start_host(config(tmp_path, passed(), workers=2),
                      sockets=[("web", each) for each in sockets])
    for each in sockets:
        with Connection(each.getsockname()[:2]) as client:
            assert client.request("GET /echo").body == HELLO
    assert host.stop() == 0


def test_S84_connection_that_waited_for_the_start_is_served(start_host, tmp_path):
    """As when a connection makes systemd start the service."""
    web = socket.create_server(("127.0.0.1", 0))
    with Connection(web.getsockname()) as client:
        client.send("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n")
        start_host(config(tmp_path, passed()), sockets=[("web", web)], wait_ready=False)
        assert client.read().body == HELLO


def test_S84_passed_unix_socket_outlives_the_host(start_host, tmp_path):
    path = str(tmp_path / "passed")
    web = socket.socket(socket.AF_UNIX)
    web.bind(path)
    web.listen()
    for _ in range(2):  # the service is restarted, the socket unit goes on
        host = start_host(config(tmp_path, passed()), sockets=[("web", web)])
        assert host.address("web") == path
        with Connection(path) as client:
            assert client.request("GET /echo").body == HELLO
        assert host.stop() == 0
        assert os.path.exists(path)


def refusal(start_host, tmp_path, extra, sockets):
    host = start_host(config(tmp_path, extra), sockets=sockets, wait_ready=False)
    assert host.wait() == 1
    assert not host.logged("ready")
    return (host.folder / "stderr").read_text()


def test_S83_missing_name_is_an_error_that_lists_what_was_passed(start_host, tmp_path):
    rest = socket.create_server(("127.0.0.1", 0))
    error = refusal(start_host, tmp_path, passed(), [("rest", rest)])
    assert 'meshhost.toml:' in error and 'listener "web": systemd:web' in error
    assert 'got "rest"' in error


def test_S83_without_a_service_manager_the_error_says_so(start_host, tmp_path):
    assert "got no sockets at all" in refusal(start_host, tmp_path, passed(), [])


@pytest.mark.parametrize("kind, words", [
    ("datagram", "got a datagram socket"),
    ("silent", "got a stream socket that does not listen"),
    ("file", "got no socket")])
def test_S83_wrong_descriptor_is_an_error(start_host, tmp_path, kind, words):
    if kind == "file":
        web = open(os.devnull, "rb")
    else:
        web = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "datagram"
                            else socket.SOCK_STREAM)
        web.bind(("127.0.0.1", 0))
    with web:
        assert words in refusal(start_host, tmp_path, passed(), [("web", web)])


def test_S83_socket_that_nobody_uses_is_logged(start_host, tmp_path):
    sockets = [(name, socket.create_server(("127.0.0.1", 0))) for name in ("web", "forgotten")]
    host = start_host(config(tmp_path, passed()), sockets=sockets)
    assert host.wait_log("not used by any listener")["name"] == "forgotten"


def test_S83_passed_descriptors_are_closed_in_children(start_host, tmp_path):
    """A program that a module starts would take descriptors 3, 4, ... for its own."""
    web = socket.create_server(("127.0.0.1", 0))
    host = start_host(config(tmp_path, passed()), sockets=[("web", web)])
    process = pathlib.Path(f"/proc/{host.process.pid}")
    inode = f"socket:[{os.fstat(web.fileno()).st_ino}]"
    numbers = [each.name for each in (process / "fd").iterdir() if os.readlink(each) == inode]
    assert len(numbers) >= 2
    for number in numbers:
        flags = (process / "fdinfo" / number).read_text().split("flags:")[1].split()[0]
        assert int(flags, 8) & os.O_CLOEXEC, number


def test_S83_systemd_socket_activate(start_host, tmp_path):
    """systemd's own tool: it listens, and becomes the host when the first connection comes."""
    path = str(tmp_path / "activated")
    host = start_host(
        HostProcess.base_config(tmp_path, HostProcess.module_config("echo") + passed()),
        launcher=["systemd-socket-activate", f"--listen={path}", "--fdname=web",
                  "--setenv=ASAN_OPTIONS"],
        wait_ready=False)
    stderr = host.folder / "stderr"
    listening = threading.Event()
    while "Listening on" not in stderr.read_text():
        assert host.process.poll() is None
        listening.wait(0.01)
    with Connection(path) as client:
        assert client.request("GET /echo").body == HELLO
    host.wait_log("ready")
    assert host.stop() == 0
