# SPDX-License-Identifier: Apache-2.0
"""Listening sockets: addresses, protocols, limits, starting all of them or none."""
import json
import os
import resource
import socket
import stat
import subprocess

import grpc
import pytest

from host_process import HostProcess
from raw_http1 import Connection
from raw_http2 import Http2
from raw_websocket import RawWebSocket
from settings import PATIENCE, TEST_MODULES
from stubs import ECHO, echo_pb2_grpc, insecure

HELLO = b"Hello, World!"


def test_S05_ipv6(shared_host):
    with Connection(shared_host.address("ipv6")) as client:
        assert client.request("GET /echo").body == HELLO
    with insecure(shared_host, "ipv6") as channel:
        assert echo_pb2_grpc.EchoStub(channel).Unary(ECHO(count=6)).count == 6


def test_S05_unix_socket(shared_host):
    path = shared_host.address("unix")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    with Connection(path) as client:
        assert client.request("GET /echo").body == HELLO
    with grpc.insecure_channel(f"unix:{path}") as channel:
        assert echo_pb2_grpc.EchoStub(channel).Unary(ECHO(count=6)).count == 6
    result = subprocess.run(["curl", "-s", "--unix-socket", path, "http://localhost/echo"],
                            stdout=subprocess.PIPE, check=True)
    assert result.stdout == HELLO


def test_S84_unix_socket_is_removed_at_the_end_and_replaced_at_the_start(start_host, tmp_path):
    path = tmp_path / "s"
    listener = f'[[listener]]\nname = "unix"\naddress = "unix:{path}"\nunix_mode = "0600"\n'
    host = start_host(HostProcess.probe_config(tmp_path, listener))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    host.process.kill()  # leaves the socket behind
    host.process.wait()
    host.process.returncode = 0
    assert path.exists()
    second = start_host(HostProcess.probe_config(tmp_path, listener))
    with Connection(str(path)) as client:
        assert client.request("GET /echo").body == HELLO
    assert second.stop() == 0
    assert not path.exists()


def listener(name, protocols, address="127.0.0.1:0", more=""):
    return (f'[[listener]]\nname = "{name}"\naddress = "{address}"\n'
            f"protocols = {json.dumps(protocols)}\n{more}\n")


@pytest.fixture(scope="module")
def split_host(tmp_path_factory):
    """One listener for each protocol, as those have it who map ports."""
    folder = tmp_path_factory.mktemp("split")
    host = HostProcess(folder, HostProcess.probe_config(
        folder, listener("h1", ["http1"]) + listener("h2", ["http2"]) +
        listener("grpc", ["grpc"]) + listener("ws", ["websocket"])))
    host.start()
    yield host
    host.end()


def test_S82_listener_for_grpc_alone(split_host):
    with insecure(split_host, "grpc") as channel:
        assert echo_pb2_grpc.EchoStub(channel).Unary(ECHO(count=3)).count == 3
    with Http2(split_host.address("grpc")) as client:
        assert client.get("/echo").header(":status") in ("404", "421")
    with Connection(split_host.address("grpc")) as client:
        client.send("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n")
        assert HELLO not in client.rest()


def test_S82_listener_for_rest_alone(split_host):
    with Connection(split_host.address("h1")) as client:
        assert client.request("GET /echo").body == HELLO
    with insecure(split_host, "h1") as channel:
        with pytest.raises(grpc.RpcError):
            echo_pb2_grpc.EchoStub(channel).Unary(ECHO(), timeout=5 * PATIENCE)
    with RawWebSocket(split_host.address("h1")) as client:
        assert client.answer.status in (200, 404)
    with Http2(split_host.address("h2")) as client:
        assert client.get("/echo").data == HELLO
        stream = client.finish(client.grpc("/echo.v1.Echo/Unary", messages=[b""]))
        assert stream.trailer("grpc-status") in ("12", None)


def test_S82_listener_for_websocket_alone(split_host):
    with RawWebSocket(split_host.address("ws")) as client:
        assert client.accepted()
    with Connection(split_host.address("ws")) as client:
        assert client.request("GET /echo").status in (404, 426)


def test_S05_connections_above_the_limit_are_shed_and_it_recovers(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, plain="max_connections = 5"))
    held = [Connection(host.address()) for _ in range(5)]
    for client in held:
        assert client.request("GET /echo").body == HELLO
    for _ in range(3):
        with Connection(host.address()) as client:
            assert client.rest() == b""
    assert host.metric("meshhost_connections_refused_total", reason="connection_limit") == 3
    assert host.metric("meshhost_connections_active") == 5
    held.pop().close()
    host.wait_metric(lambda value: value == 4, "meshhost_connections_active")
    with Connection(host.address()) as client:
        assert client.request("GET /echo").body == HELLO
    for client in held:
        assert client.request("GET /echo").body == HELLO
        client.close()


def test_S05_connections_of_one_address_are_limited(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(
        tmp_path, "[limits]\nconnections_per_address = 2\n" +
        listener("ipv6", ["http1"], "[::1]:0")))
    held = [Connection(host.address()) for _ in range(2)]
    for client in held:
        assert client.request("GET /echo").body == HELLO
    with Connection(host.address()) as client:
        assert client.rest() == b""
    with Connection(host.address("ipv6")) as client:  # another address
        assert client.request("GET /echo").body == HELLO
    for client in held:
        client.close()
    host.wait_metric(lambda value: value == 0, "meshhost_connections_active")
    with Connection(host.address()) as client:
        assert client.request("GET /echo").body == HELLO


def test_S05_out_of_file_descriptors_sheds_counts_and_recovers(start_host, tmp_path):
    """gRPC C++ never accepts again after this."""
    host = start_host(HostProcess.probe_config(tmp_path))
    used = len(os.listdir(f"/proc/{host.process.pid}/fd"))
    resource.prlimit(host.process.pid, resource.RLIMIT_NOFILE, (used + 20, used + 20))
    held = []
    served = shed = 0
    for _ in range(100):
        client = Connection(host.address())
        held.append(client)
        try:
            client.send("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n")
            served += client.read().body == HELLO
        except (EOFError, ConnectionError):
            shed += 1
    assert 5 <= served <= 20 and served + shed == 100
    assert held[0].request("GET /echo").body == HELLO
    for client in held:
        client.close()
    host.wait_metric(lambda value: (value or 0) >= 1, "meshhost_connections_refused_total",
                     reason="out_of_resources")
    host.wait_metric(lambda value: value == 0, "meshhost_connections_active")
    for _ in range(5):
        with Connection(host.address()) as client:
            assert client.request("GET /echo").body == HELLO


def test_S83_second_bind_fails_first_is_closed_exit_is_not_zero(start_host, tmp_path):
    taken = socket.create_server(("127.0.0.1", 0))
    free = socket.create_server(("127.0.0.1", 0))
    free_port = free.getsockname()[1]
    free.close()
    taken_address = "127.0.0.1:%d" % taken.getsockname()[1]
    host = start_host(HostProcess.probe_config(
        tmp_path, listener("first", ["http1"], f"127.0.0.1:{free_port}") +
        listener("second", ["http1"], taken_address, "reuse_port = false")), wait_ready=False)
    assert host.wait() == 1
    stderr = (host.folder / "stderr").read_text()
    assert taken_address in stderr and f"{host.config}:" in stderr
    assert not host.logged("ready")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port))
    taken.close()


def test_S83_failing_module_start_leaves_nothing_open(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(
        tmp_path, HostProcess.module_config("misfit", TEST_MODULES / "misfit_start.so")),
        wait_ready=False)
    assert host.wait() != 0
    assert "start fails on purpose" in (host.folder / "stderr").read_text()
    assert not host.logged("ready")


def test_S05_each_worker_accepts(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, workers=4))
    clients = [Connection(host.address()) for _ in range(200)]
    for client in clients:
        assert client.request("GET /echo").body == HELLO
    accepted = [host.metric("meshhost_connections_accepted_total", worker=i) for i in range(4)]
    assert sum(accepted) == 200 and all(accepted)
    for client in clients:
        client.close()


def test_S05_host_runs_without_reuse_port(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, plain="reuse_port = false"))
    for _ in range(20):
        with Connection(host.address()) as client:
            assert client.request("GET /echo").body == HELLO
