# SPDX-License-Identifier: Apache-2.0
"""Routes by host: one module several times, each for its own hosts, told apart by what the request
says and nothing else."""
import asyncio
import json
import subprocess

import pytest
import websockets

from host_process import HostProcess
from raw_http1 import Connection
from raw_http2 import Http2
from settings import PATIENCE, TEST_MODULES
from stubs import ECHO, echo_pb2_grpc, insecure

# Authority without port, and whose answer it gets.
ANSWERS = [("shop.example", "shop"), ("[::1]", "shop"), ("www.shop.example", "wild"),
           ("a.b.shop.example", "wild"), ("api.blog.example", "blog"), ("blog.example", "blog")]
NOBODYS = ["test", "example", "shop.example.evil", "badshop.example", "127.0.0.1", "[::2]"]


def named(name, hosts, extra=""):
    return HostProcess.module_config(name, TEST_MODULES / "named.so", hosts=json.dumps(hosts)) + \
        f'[module.config]\nname = "{name}"\n{extra}'


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Three copies of one module for different hosts, and echo for all of them."""
    folder = tmp_path_factory.mktemp("hosts")
    override = '[[module.method]]\nmatch = "POST /name/{id}"\nmax_message = "4B"\n'
    host = HostProcess(folder, HostProcess.base_config(
        folder, named("shop", ["Shop.Example", "[0::1]"], override) +
        named("wild", ["*.shop.example"]) + named("blog", ["blog.example", "*.blog.example"]) +
        HostProcess.module_config("echo")))
    host.start()
    yield host
    host.end()


def get1(host, authority, line="GET /name", body=b""):
    with Connection(host.address()) as client:
        client.send(f"{line} HTTP/1.1\r\nHost: {authority}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return client.read(head_only=line.startswith("HEAD"))


def get2(host, authority, path="/name"):
    with Http2(host.address()) as client:
        stream = client.finish(client.open([
            (":method", "GET"), (":scheme", "http"), (":authority", authority), (":path", path)]))
        return int(stream.header(":status")), bytes(stream.data).decode()


def talk(host, authority):
    """The first message of the WebSocket at that authority, or the status of the refusal."""
    async def first_message():
        address, port = host.address()
        try:
            async with websockets.connect(f"ws://{authority}/name", host=address, port=port,
                                          open_timeout=10 * PATIENCE) as socket:
                return await asyncio.wait_for(socket.recv(), 10 * PATIENCE)
        except websockets.InvalidStatusCode as refused:
            return refused.status_code

    return asyncio.run(first_message())


@pytest.mark.parametrize("authority,name", ANSWERS)
def test_S36_each_host_has_its_own_module(hosts, authority, name):
    assert get1(hosts, authority).body == name.encode()
    assert get2(hosts, authority) == (200, name)
    assert talk(hosts, authority) == name


@pytest.mark.parametrize("authority,name", ANSWERS)
def test_S36_port_and_case_of_the_host_are_ignored(hosts, authority, name):
    for spelling in (authority + ":8080", authority.upper(), authority.title() + ":1"):
        assert get1(hosts, spelling).body == name.encode()
        assert get2(hosts, spelling) == (200, name)
        assert talk(hosts, spelling) == name


@pytest.mark.parametrize("authority", NOBODYS)
def test_S36_a_host_that_nobody_serves_has_no_such_route(hosts, authority):
    answer = get1(hosts, authority)
    assert answer.status == 404 and json.loads(answer.body)["code"] == "ROUTE_NOT_FOUND"
    assert get2(hosts, authority)[0] == 404
    assert talk(hosts, authority) == 404


def test_S36_curl_chooses_by_url_over_both_versions(hosts):
    for version in ("--http1.1", "--http2-prior-knowledge"):
        for name, path, expected in (("shop.example", "/name", "shop"),
                                     ("www.shop.example", "/name", "wild"),
                                     ("www.shop.example", "/echo", "Hello, World!")):
            port = hosts.port()
            result = subprocess.run(
                ["curl", "-s", "--fail", version, "--resolve", f"{name}:{port}:127.0.0.1",
                 f"http://{name}:{port}{path}"], stdout=subprocess.PIPE, text=True, check=True)
            assert result.stdout == expected


def test_S36_websocket_over_http2_follows_the_authority(hosts):
    for authority, status, name in (("blog.example:1", "200", b"blog"), ("test", "404", None)):
        with Http2(hosts.address()) as client:
            stream = client.finish(client.open([
                (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
                (":authority", authority), (":path", "/name"), ("sec-websocket-version", "13")],
                end=False))
            assert stream.header(":status") == status
            assert name is None or name in bytes(stream.data)


def test_S36_the_host_of_an_absolute_target_counts(hosts):
    with Connection(hosts.address()) as client:
        client.send("GET http://blog.example/name HTTP/1.1\r\nHost: blog.example\r\n\r\n")
        assert client.read().body == b"blog"
        client.send("GET http://blog.example/name HTTP/1.0\r\n\r\n")
        assert client.read().body == b"blog"
    with Connection(hosts.address()) as client:
        client.send("GET /name HTTP/1.0\r\n\r\n")
        assert client.read().status == 404


def test_S36_what_a_host_lacks_is_served_as_for_every_host(hosts):
    for authority in [authority for authority, _ in ANSWERS] + NOBODYS:
        assert get1(hosts, authority, "GET /echo").body == b"Hello, World!"
        assert get2(hosts, authority, "/echo") == (200, "Hello, World!")
    with insecure(hosts) as channel:
        stub = echo_pb2_grpc.EchoStub(channel)
        assert stub.Unary(ECHO(payload=b"any host")).payload == b"any host"


def test_S36_grpc_is_served_for_every_host(start_host, tmp_path):
    host = start_host(HostProcess.base_config(tmp_path, HostProcess.module_config(
        "echo", hosts='["echo.example"]')))
    assert get1(host, "echo.example", "GET /echo").status == 200
    assert get1(host, "test", "GET /echo").status == 404
    with insecure(host) as channel:
        stub = echo_pb2_grpc.EchoStub(channel)
        assert stub.Unary(ECHO(payload=b"x")).payload == b"x"


def test_S36_405_options_and_head_follow_the_host(hosts):
    answer = get1(hosts, "shop.example", "DELETE /name")
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD, OPTIONS"
    answer = get1(hosts, "shop.example", "OPTIONS /name")
    assert answer.status == 204 and answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert get1(hosts, "shop.example", "HEAD /name").status == 200
    for line in ("DELETE /name", "OPTIONS /name", "HEAD /name"):
        assert get1(hosts, "test", line).status == 404


def test_S36_overrides_are_of_the_module_that_has_them(hosts):
    assert get1(hosts, "shop.example", "POST /name/1", b"12345").status == 413
    assert get1(hosts, "blog.example", "POST /name/1", b"12345").body == b"blog"


def test_S36_metrics_tell_the_modules_apart(hosts):
    before = {name: calls(hosts, name) for name in ("shop", "blog")}
    get1(hosts, "shop.example")
    hosts.wait_metric(lambda value: value == before["shop"] + 1, COUNT, http_route="/name",
                      module="shop")
    assert calls(hosts, "blog") == before["blog"]


COUNT = "http_server_request_duration_seconds_count"


def calls(host, module):
    return host.metric(COUNT, http_route="/name", module=module) or 0
