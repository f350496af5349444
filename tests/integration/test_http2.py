# SPDX-License-Identifier: Apache-2.0
"""HTTP/2: nghttp and h2load for what is usual, single frames for floods and violations."""
import json
import socket
import subprocess
import threading

import h2.settings
import pytest

from host_process import HostProcess
from raw_http1 import Connection
from raw_http2 import PREFACE, Http2, frame, prefixed, read_frames
from settings import PATIENCE
from stubs import ECHO

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW, CONTINUATION = \
    range(10)
ENHANCE_YOUR_CALM = 11


def test_S05_nghttp_gets_and_posts(shared_host, tmp_path):
    result = subprocess.run(["nghttp", "--no-dep", shared_host.url("/echo")],
                            stdout=subprocess.PIPE, check=True, timeout=30 * PATIENCE)
    assert result.stdout == b"Hello, World!"
    body = tmp_path / "body"
    body.write_bytes(b"x" * 300000)
    result = subprocess.run(["nghttp", "--no-dep", "-d", str(body), shared_host.url("/echo")],
                            stdout=subprocess.PIPE, check=True, timeout=30 * PATIENCE)
    assert result.stdout == body.read_bytes()


def test_S05_curl_with_prior_knowledge(shared_host):
    result = subprocess.run(["curl", "-s", "-w", " %{http_version} %{http_code}",
                             "--http2-prior-knowledge", shared_host.url("/echo")],
                            stdout=subprocess.PIPE, check=True, text=True)
    assert result.stdout == "Hello, World! 2 200"


def test_S05_h2load_has_no_failure(shared_host):
    result = subprocess.run(["h2load", "-n", "20000", "-c", "8", "-m", "32",
                             shared_host.url("/echo")], stdout=subprocess.PIPE, check=True,
                            text=True, timeout=120 * PATIENCE)
    assert "20000 succeeded, 0 failed, 0 errored, 0 timeout" in result.stdout
    assert "status codes: 20000 2xx" in result.stdout


def test_S82_rest_and_grpc_on_one_connection(shared_host):
    with Http2(shared_host.address()) as client:
        message = ECHO(payload=b"hi").SerializeToString()
        calls = [client.grpc("/echo.v1.Echo/Unary", messages=[message]) for _ in range(10)]
        rest = client.get("/echo")
        assert rest.header(":status") == "200" and rest.data == b"Hello, World!"
        for call in calls:
            stream = client.finish(call)
            assert stream.trailer("grpc-status") == "0" and stream.messages() == [(0, message)]


def test_S05_errors_of_rest_over_http2(shared_host):
    with Http2(shared_host.address()) as client:
        missing = client.get("/nowhere")
        assert missing.header(":status") == "404"
        assert json.loads(missing.data)["code"] == "ROUTE_NOT_FOUND"
        wrong = client.get("/echo", method="DELETE")
        assert wrong.header(":status") == "405" and "GET" in wrong.header("allow")
        head = client.get("/echo", method="HEAD")
        assert head.data == b"" and head.header("content-length") == "13"
        assert client.get("/" + "a" * 9000).header(":status") == "414"
        assert client.get("/echo").header(":status") == "200"


def test_S66_oversize_body_is_413_and_the_connection_lives(shared_host):
    with Http2(shared_host.address()) as client:
        call = client.open([(":method", "POST"), (":scheme", "http"), (":authority", "t"),
                            (":path", "/echo"), ("content-length", str(1 << 30))], end=False)
        client.until(lambda: client.streams[call].headers)
        assert client.streams[call].header(":status") == "413"
        assert client.get("/echo").header(":status") == "200"


def test_S66_headers_above_the_limit_are_refused(shared_host):
    with Http2(shared_host.address()) as client:
        stream = client.get("/echo", *[(f"x-{i}", "v" * 1000) for i in range(70)])
        assert stream.header(":status") == "431" or stream.reset is not None
        assert client.get("/echo").header(":status") == "200"


def test_S66_frame_above_the_limit_ends_the_connection(shared_host):
    with Http2(shared_host.address()) as client:
        client.until(lambda: client.settings)
        client.raw(frame(DATA, 0, 1, b"x" * 20000))
        assert client.until_closed().error_code == 6  # FRAME_SIZE_ERROR


def test_S66_streams_above_the_limit_cost_their_sender_the_connection(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(
        tmp_path, "[limits]\nh2_max_concurrent_streams = 5\n"))
    with Http2(host.address()) as client:
        client.until(lambda: client.settings)
        assert client.settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] == 5
        # A peer that does not listen.
        client.h2.remote_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 100
        client.h2.remote_settings.acknowledge()
        for _ in range(5):
            client.grpc("/probe.v1.Probe/Wait", messages=[b""])
        host.wait_metric(lambda value: value == 5, "probe_waiting")
        client.open([(":method", "GET"), (":scheme", "http"), (":authority", "t"),
                     (":path", "/echo")])
        assert client.until_closed().error_code == 1  # PROTOCOL_ERROR
    host.wait_metric(lambda value: value == 5, "probe_cancelled_total", why="peer")


# name: bytes that follow the preface and an empty SETTINGS frame, sent again and again.
FLOODS = {
    "ping": frame(PING, 0, 0, b"12345678") * 100,
    "settings": frame(SETTINGS) * 100,
    "empty data": None,
    "priority": frame(PRIORITY, 0, 3, b"\0\0\0\0\0") * 100,
    "rapid reset": None,
    "continuation": None,
    "empty continuation": None,
    "window update of idle": None,
}


def request_head(client):
    """An encoded header block of GET /probe/wait without the dynamic table."""
    return client.h2.encoder.encode([(":method", "GET"), (":scheme", "http"),
                                     (":authority", "t"), (":path", "/probe/wait")])


def flood(client, name):
    """Yields what to send, without end."""
    if name == "rapid reset":
        for stream in range(1, 1 << 30, 2):
            yield frame(HEADERS, 5, stream, request_head(client)) + \
                frame(RST_STREAM, 0, stream, b"\0\0\0\x08")
    elif name == "empty data":
        yield frame(HEADERS, 4, 1, request_head(client))
        while True:
            yield frame(DATA, 0, 1) * 100
    elif name in ("continuation", "empty continuation"):
        yield frame(HEADERS, 0, 1, request_head(client))
        block = b"" if name.startswith("empty") else b"\x00\x03x-a\x05value" * 200
        while True:
            yield frame(CONTINUATION, 0, 1, block) * 10
    elif name == "window update of idle":
        while True:
            yield frame(WINDOW, 0, 0, b"\0\0\0\1") * 100
    else:
        while True:
            yield FLOODS[name]


@pytest.mark.parametrize("name", FLOODS)
def test_S66_flood_costs_only_its_sender(probe_host, name):
    """The connection ends with GOAWAY or a close after bounded work, and memory stays flat."""
    before = probe_host.resident_bytes()
    with Http2(probe_host.address()) as client:
        frames = []
        reader = threading.Thread(target=lambda: frames.extend(read_frames(client.socket)))
        reader.start()
        sent = 0
        try:
            for piece in flood(client, name):
                client.socket.sendall(piece)
                sent += len(piece)
                assert sent < 64 << 20, "the host never had enough"
                if not reader.is_alive():
                    break
        except (ConnectionError, socket.timeout):
            pass
        reader.join(30 * PATIENCE)
        assert not reader.is_alive()
    codes = [int.from_bytes(payload[4:8], "big") for kind, _, _, payload in frames if kind == GOAWAY]
    # The reset that follows can overtake the GOAWAY, so it need not have been seen.
    assert all(code in (1, 6, 9, ENHANCE_YOUR_CALM) for code in codes)
    assert probe_host.resident_bytes() - before < 24 << 20
    with Http2(probe_host.address()) as client:
        assert client.get("/echo").header(":status") == "200"
    probe_host.wait_metric(lambda value: value == 0, "probe_waiting")


def test_S05_frames_of_unknown_types_are_ignored(shared_host):
    with Http2(shared_host.address()) as client:
        client.raw(frame(99, 255, 0, b"x" * 100) * 1000)
        assert client.get("/echo").header(":status") == "200"


def test_S66_pings_of_a_client_that_pings_too_often(shared_host):
    """gRPC's too_many_pings: two strikes are forgiven."""
    with Http2(shared_host.address()) as client:
        for _ in range(20):
            client.h2.ping(b"12345678")
        client.flush()
        goaway = client.until_closed()
    assert goaway.error_code == ENHANCE_YOUR_CALM and goaway.additional_data == b"too_many_pings"
    shared_host.wait_metric(lambda value: value >= 1, "meshhost_connections_ended_total",
                            reason="abuse")


def test_S66_peer_that_never_reads_is_closed(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, '[timeouts]\nwrite_idle = "500ms"\n'))
    with Http2(host.address(), consume=False) as client:
        call = client.open([(":method", "GET"), (":scheme", "http"), (":authority", "t"),
                            (":path", "/probe/produce?bytes=1000&messages=1000000")])
        client.until(lambda: client.streams[call].reset is not None or client.closed, 20)
    host.wait_metric(lambda value: (value or 0) >= 1, "probe_cancelled_total")


def test_S66_preface_that_never_comes_is_closed(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, '[timeouts]\nheader_read = "300ms"\n'))
    for start in (b"", b"PRI * HTTP/2.0\r\n", PREFACE[:-1]):
        with Connection(host.address()) as client:
            client.send(start)
            client.rest()  # raises when nothing closes the connection
    host.wait_metric(lambda value: value == 0, "meshhost_connections_active")


@pytest.mark.parametrize("name, bad", [
    ("data on stream 0", frame(DATA, 0, 0, b"x")),
    ("headers on an even stream", frame(HEADERS, 5, 2, b"\x82\x84\x86\x41\x01t")),
    ("settings of odd length", frame(SETTINGS, 0, 0, b"12345")),
    ("settings ack with payload", frame(SETTINGS, 1, 0, b"123456")),
    ("window update of zero", frame(WINDOW, 0, 0, b"\0\0\0\0")),
    ("ping of wrong length", frame(PING, 0, 0, b"1234")),
    ("push from a client", frame(PUSH_PROMISE, 4, 1, b"\0\0\0\2")),
    ("continuation without headers", frame(CONTINUATION, 4, 1, b"")),
    ("hpack garbage", frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff")),
    ("data on an idle stream", frame(DATA, 0, 5, b"x")),
])
def test_S05_violation_ends_the_connection(shared_host, name, bad):
    with Http2(shared_host.address()) as client:
        client.until(lambda: client.settings)
        client.raw(bad)
        goaway = client.until_closed()
        assert goaway is not None and goaway.error_code != 0


@pytest.mark.parametrize("name, headers", [
    ("upper-case name", [("X-Upper", "v")]),
    ("connection field", [("connection", "close")]),
    ("te other than trailers", [("te", "gzip")]),
    ("pseudo-header behind a field", [("x-a", "1"), (":path", "/other")]),
    ("unknown pseudo-header", [(":strange", "1")]),
    ("content-length twice", [("content-length", "1"), ("content-length", "2")]),
    ("other host", [("host", "elsewhere")]),
])
def test_S05_malformed_head_is_refused_on_its_stream(shared_host, name, headers):
    with Http2(shared_host.address()) as client:
        stream = client.get("/echo", *headers)
        assert stream.reset == 1 or stream.header(":status") == "400", name
        assert client.get("/echo").header(":status") == "200"


def test_S05_body_that_does_not_match_its_length_is_refused(shared_host):
    with Http2(shared_host.address()) as client:
        call = client.open([(":method", "POST"), (":scheme", "http"), (":authority", "t"),
                            (":path", "/echo"), ("content-length", "10")], end=False)
        client.send_all(call, b"abc")
        stream = client.finish(call)
        assert stream.reset == 1 or stream.header(":status") == "400"


def test_S05_reset_of_the_peer_reaches_the_module(probe_host):
    seen = probe_host.metric("probe_cancelled_total", why="peer") or 0
    with Http2(probe_host.address()) as client:
        call = client.open([(":method", "GET"), (":scheme", "http"), (":authority", "t"),
                            (":path", "/probe/wait")])
        probe_host.wait_metric(lambda value: value == 1, "probe_waiting")
        client.h2.reset_stream(call, 8)
        client.flush()
        probe_host.wait_metric(lambda value: (value or 0) == seen + 1, "probe_cancelled_total",
                               why="peer")


def test_S05_small_windows_and_frames_of_the_client_are_respected(shared_host):
    with Http2(shared_host.address(),
               settings={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 10}) as client:
        client.until(lambda: client.settings)
        call = client.open([(":method", "POST"), (":scheme", "http"), (":authority", "t"),
                            (":path", "/echo")], end=False)
        client.send_all(call, b"y" * 5000)
        assert client.finish(call).data == b"y" * 5000


def test_S84_old_connection_is_told_to_go(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path,
                                               '[timeouts]\nconnection_max_age = "1s"\n'))
    with Http2(host.address()) as client:
        call = client.grpc("/probe.v1.Probe/Wait", messages=[b""])
        client.until(lambda: client.goaway and client.goaway.last_stream_id == call, 20)
        assert client.goaway.error_code == 0
        client.h2.reset_stream(call, 8)
        client.flush()
        client.until_closed()


def test_S02_host_pings_a_silent_client(start_host, tmp_path):
    """A client that is gone without a word is found out."""
    host = start_host(HostProcess.probe_config(
        tmp_path, '[timeouts]\ngrpc_ping_interval = "1s"\ngrpc_ping_timeout = "300ms"\n'))
    with Http2(host.address()) as client:
        client.grpc("/probe.v1.Probe/Wait", messages=[b""])
        host.wait_metric(lambda value: value == 1, "probe_waiting")
        # Nothing is read or answered from here on, the socket stays open.
        host.wait_metric(lambda value: (value or 0) == 1, "probe_cancelled_total", why="peer",
                         seconds=20)


def test_S02_prefixed_message_in_many_pieces(shared_host):
    message = prefixed(ECHO(payload=b"in pieces").SerializeToString())
    with Http2(shared_host.address()) as client:
        call = client.grpc("/echo.v1.Echo/Unary", end=False)
        for i in range(len(message)):
            client.send(call, message[i:i + 1], end=i + 1 == len(message))
        assert client.finish(call).data == message
