# SPDX-License-Identifier: Apache-2.0
"""WebSocket over HTTP/1.1, TLS and HTTP/2: python3-websockets for what is usual, frames by hand for
what is not."""
import asyncio
import json
import ssl
import struct
import time

import pytest
import websockets

from host_process import HostProcess
from raw_http1 import Connection
from raw_http2 import Http2
from raw_websocket import BINARY, CLOSE, PING, PONG, TEXT, RawWebSocket, frame, read_frame
from settings import PATIENCE

MIB = 1 << 20


def talk(url, conversation, **options):
    """Runs the coroutine function `conversation` with a connected client."""
    options.setdefault("max_size", None)

    async def run():
        async with websockets.connect(url, **options) as client:
            return await asyncio.wait_for(conversation(client), 30 * PATIENCE)

    return asyncio.run(run())


async def echo_all(client, messages):
    for message in messages:
        await client.send(message)
        assert await client.recv() == message


MESSAGES = ["text", "", "ünïcödé ☺ 😈", b"\x00\xff binary", b"", "x" * 200, "y" * 70000, b"z" * 500000]


@pytest.mark.parametrize("compression", ["deflate", None])
def test_S06_text_and_binary(shared_host, compression):
    async def conversation(client):
        offered = [extension.name for extension in client.extensions]
        assert offered == (["permessage-deflate"] if compression else [])
        await echo_all(client, [message if len(message) < 60000 else message[:60000]
                                for message in MESSAGES])

    talk(shared_host.url("/echo", scheme="ws"), conversation, compression=compression)


def test_S06_fragmented_messages(shared_host):
    async def conversation(client):
        await client.send(["frag", "men", "", "ted"])
        assert await client.recv() == "fragmented"
        pieces = [bytes([i % 256]) * 50000 for i in range(20)]
        await client.send(pieces)  # 1,000,000 bytes in frames below 64 KiB
        assert await client.recv() == b"".join(pieces)

    talk(shared_host.url("/echo", scheme="ws"), conversation, compression=None)
    talk(shared_host.url("/echo", scheme="ws"), conversation)


def test_S06_many_messages_in_order(shared_host):
    async def conversation(client):
        async def send():
            for i in range(2000):
                await client.send(str(i))
        sender = asyncio.create_task(send())
        for i in range(2000):
            assert await client.recv() == str(i)
        await sender

    talk(shared_host.url("/echo", scheme="ws"), conversation)


def test_S06_over_tls(shared_host, pki):
    context = ssl.create_default_context(cafile=pki / "ca.crt")
    url = f"wss://localhost:{shared_host.port('tls')}/echo"
    talk(url, lambda client: echo_all(client, ["over", b"tls", "x" * 60000]), ssl=context)


def test_S06_ping_is_answered_with_its_payload(shared_host):
    with RawWebSocket(shared_host.address()) as client:
        assert client.accepted()
        client.frame(PING, b"payload")
        assert client.read_frame() == (1, 0, PONG, b"payload")
        client.frame(PONG, b"unasked")
        client.frame(TEXT, b"still here")
        assert client.read_frame() == (1, 0, TEXT, b"still here")


def test_S06_ping_between_fragments(shared_host):
    with RawWebSocket(shared_host.address()) as client:
        client.frame(TEXT, b"one ", fin=False)
        client.frame(PING, b"p")
        assert client.read_frame() == (1, 0, PONG, b"p")
        client.frame(0, b"two")
        data = b""
        while True:
            fin, _, _, payload = client.read_frame()
            data += payload
            if fin:
                break
        assert data == b"one two"


@pytest.mark.parametrize("code, reason", [(1000, "bye"), (1001, ""), (3000, "own"), (4999, "x" * 120)])
def test_S06_close_is_echoed(shared_host, code, reason):
    with RawWebSocket(shared_host.address()) as client:
        client.frame(CLOSE, struct.pack(">H", code) + reason.encode())
        _, _, opcode, payload = client.read_frame()
        assert opcode == CLOSE and struct.unpack(">H", payload[:2])[0] == code
        assert client.rest() == b""


def test_S06_close_without_a_code(shared_host):
    with RawWebSocket(shared_host.address()) as client:
        client.frame(CLOSE)
        _, _, opcode, payload = client.read_frame()
        assert opcode == CLOSE and payload in (b"", b"\x03\xe8")
        assert client.rest() == b""


VIOLATIONS = {
    "unmasked frame": (frame(TEXT, b"x", masked=False), 1002),
    "reserved bit": (frame(TEXT, b"x", reserved=1), 1002),
    "reserved opcode": (frame(3, b"x"), 1002),
    "reserved control opcode": (frame(11, b""), 1002),
    "continuation of nothing": (frame(0, b"x"), 1002),
    "message within a message": (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
    "fragmented ping": (frame(PING, b"x", fin=False), 1002),
    "long ping": (frame(PING, b"x" * 126), 1002),
    "close of one byte": (frame(CLOSE, b"x"), 1002),
    "close code 999": (frame(CLOSE, struct.pack(">H", 999)), 1002),
    "close code 1005": (frame(CLOSE, struct.pack(">H", 1005)), 1002),
    "close code 1006": (frame(CLOSE, struct.pack(">H", 1006)), 1002),
    "close code 2999": (frame(CLOSE, struct.pack(">H", 2999)), 1002),
    "invalid utf-8": (frame(TEXT, b"\xc3\x28"), 1007),
    "cut utf-8": (frame(TEXT, b"\xe2\x98"), 1007),
    "surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "invalid utf-8 over fragments": (frame(TEXT, b"\xe2", fin=False) + frame(0, b"\x28\xa1"), 1007),
    "invalid utf-8 in a close": (frame(CLOSE, b"\x03\xe8\xc3\x28"), (1002, 1007)),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_S06_violation_is_closed_with_its_code(shared_host, name):
    data, expected = VIOLATIONS[name]
    with RawWebSocket(shared_host.address()) as client:
        client.send(data)
        code = client.until_close()
        assert code in (expected if isinstance(expected, tuple) else (expected,))
        assert client.rest() == b""


def test_S06_utf8_split_between_fragments_is_fine(shared_host):
    with RawWebSocket(shared_host.address()) as client:
        snowman = "☃".encode()
        for i, byte in enumerate(snowman):
            client.frame(TEXT if i == 0 else 0, bytes([byte]), fin=i + 1 == len(snowman))
        data = b""
        fin = 0
        while not fin:
            fin, _, _, payload = client.read_frame()
            data += payload
        assert data == snowman


def test_S66_message_of_1_MiB_passes_and_one_byte_more_is_1009(shared_host):
    def send(client, size):
        for at in range(0, size, 65536):
            piece = min(65536, size - at)
            client.frame(BINARY if at == 0 else 0, b"m" * piece, fin=at + piece == size)

    with RawWebSocket(shared_host.address()) as client:
        send(client, MIB)
        received, fin = 0, 0
        while not fin:
            fin, _, _, payload = client.read_frame()
            received += len(payload)
        assert received == MIB
        send(client, MIB + 1)
        assert client.until_close() == 1009


def test_S66_frame_above_the_limit_is_1009(shared_host):
    with RawWebSocket(shared_host.address()) as client:
        client.send(frame(BINARY, b"f" * 65537))
        assert client.until_close() == 1009


def test_S66_frame_that_claims_2_to_63_bytes_is_refused_at_once(shared_host):
    for claim in (1 << 62, (1 << 63) + 5):
        with RawWebSocket(shared_host.address()) as client:
            client.send(struct.pack(">BBQ", 0x82, 0xff, claim) + b"mask")
            assert client.until_close() in (1002, 1009)


def test_S66_deflate_bomb_is_1009(shared_host):
    async def conversation(client):
        await client.send(b"\0" * (16 * MIB))
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await client.recv()
        return closed.value.rcvd.code

    before = shared_host.resident_bytes()
    assert talk(shared_host.url("/echo", scheme="ws"), conversation) == 1009
    assert shared_host.resident_bytes() - before < 16 * MIB


HANDSHAKES = {
    "no key": (["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"], 400),
    "short key": (["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                   "Sec-WebSocket-Key: abc"], 400),
    "version 8": (["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8",
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], 426),
    "no version": (["Upgrade: websocket", "Connection: Upgrade",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], (400, 426)),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_S06_wrong_handshake_is_refused(shared_host, name):
    headers, expected = HANDSHAKES[name]
    with Connection(shared_host.address()) as client:
        answer = client.request("GET /v1/items/watch", *headers)
    assert answer.status in (expected if isinstance(expected, tuple) else (expected,))
    if name == "version 8":
        assert answer.headers["sec-websocket-version"] == "13"


def test_S06_unknown_route_is_404(shared_host):
    with pytest.raises(websockets.InvalidStatusCode) as failed:
        talk(shared_host.url("/nowhere", scheme="ws"), lambda client: client.recv())
    assert failed.value.status_code == 404


def test_S06_subprotocol_that_nobody_serves(shared_host):
    """/echo has none: the handshake succeeds without one, as RFC 6455 has it."""
    async def conversation(client):
        assert client.subprotocol is None
        await echo_all(client, ["hi"])

    talk(shared_host.url("/echo", scheme="ws"), conversation, subprotocols=["chat", "other"])


def test_S06_host_pings_and_closes_on_a_missing_pong(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path,
                                               '[timeouts]\nwebsocket_ping = "300ms"\n'))
    with RawWebSocket(host.address()) as client:
        for _ in range(3):
            _, _, opcode, payload = client.read_frame()
            assert opcode == PING
            client.frame(PONG, payload)
        begin = time.monotonic()
        assert client.read_frame()[2] == PING  # this one is not answered
        client.until_close()
        assert time.monotonic() - begin < 5 * PATIENCE
    host.wait_metric(lambda value: value == 0, "websocket_server_active_sessions")


def test_S72_websocket_producer_stops_for_a_reader_that_stopped(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path))
    messages = 200
    with RawWebSocket(host.address(), f"/probe/produce?bytes={MIB // 2}&messages={messages}") as client:
        assert client.accepted()
        last, same = None, 0
        while same < 10:
            value = host.metric("probe_produced_bytes_total") or 0
            same = same + 1 if value == last and value else 0
            last = value
        assert last < 32 * MIB  # mostly in the buffers of the sockets
        received = 0
        while received < messages * MIB // 2:
            _, _, opcode, payload = client.read_frame()
            assert opcode in (TEXT, 0)
            received += len(payload)
        assert client.until_close() == 1000
    assert host.metric("probe_produced_bytes_total") == messages * MIB // 2


def test_S72_websocket_that_does_not_read_its_echo_is_not_read(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path))
    before = host.resident_bytes()
    with RawWebSocket(host.address()) as client:
        client.socket.settimeout(2)
        data = frame(BINARY, b"e" * 60000)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 512 * MIB:
                client.socket.sendall(data)
                sent += len(data)
        assert sent < 64 * MIB
        assert host.resident_bytes() - before < 16 * MIB


def test_S25_exception_in_a_websocket_handler_is_1011(probe_host):
    with RawWebSocket(probe_host.address(), "/probe/throw") as client:
        client.frame(TEXT, b"now")
        assert client.until_close() == 1011
    with RawWebSocket(probe_host.address()) as client:
        client.frame(TEXT, b"alive")
        assert client.read_frame()[3] == b"alive"


def test_S06_peer_that_vanishes_reaches_the_module(probe_host):
    seen = probe_host.metric("probe_cancelled_total", why="peer") or 0
    client = RawWebSocket(probe_host.address(), "/probe/produce?bytes=1000&messages=100000000")
    client.read_frame()
    client.close()
    probe_host.wait_metric(lambda value: (value or 0) == seen + 1, "probe_cancelled_total",
                           why="peer")


def test_S06_pipelined_frame_right_behind_the_handshake(shared_host):
    with Connection(shared_host.address()) as client:
        client.send(b"GET /echo HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: keep-alive, "
                    b"Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    b"Sec-WebSocket-Version: 13\r\n\r\n" + frame(TEXT, b"early"))
        answer = client.read(head_only=True)
        assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert read_frame(client.take) == (1, 0, TEXT, b"early")


def over_http2(client, path):
    number = client.open([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
                          (":authority", "test"), (":path", path),
                          ("sec-websocket-version", "13")], end=False)
    client.until(lambda: client.streams[number].headers or client.streams[number].reset is not None)
    return number


def taker(client, number):
    at = 0

    def take(size):
        nonlocal at
        client.until(lambda: len(client.streams[number].data) >= at + size)
        data = client.streams[number].data[at:at + size]
        at += size
        return data

    return take


def test_S06_over_http2(shared_host):
    """RFC 8441: several WebSockets and a plain request on one connection."""
    with Http2(shared_host.address()) as client:
        client.until(lambda: client.settings)
        assert client.settings[8] == 1  # SETTINGS_ENABLE_CONNECT_PROTOCOL
        sockets = [over_http2(client, "/echo") for _ in range(3)]
        for number in sockets:
            assert client.streams[number].header(":status") == "200"
            client.send_all(number, frame(TEXT, b"over h2 %d" % number), end=False)
        for number in sockets:
            take = taker(client, number)
            assert read_frame(take) == (1, 0, TEXT, b"over h2 %d" % number)
            assert client.get("/echo").data == b"Hello, World!"
            client.send_all(number, frame(CLOSE, b"\x03\xe8"), end=False)
            _, _, opcode, payload = read_frame(take)
            assert (opcode, payload[:2]) == (CLOSE, b"\x03\xe8")
            client.finish(number)


def test_S06_over_http2_unknown_route_is_404(shared_host):
    with Http2(shared_host.address()) as client:
        number = over_http2(client, "/nowhere")
        assert client.streams[number].header(":status") == "404"


def test_S17_websocket_sessions_are_counted(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path))
    with RawWebSocket(host.address()) as client:
        host.wait_metric(lambda value: value == 1, "websocket_server_active_sessions",
                         http_route="/echo")
        for _ in range(3):
            client.frame(TEXT, b"m")
            client.read_frame()
        client.frame(CLOSE, b"\x03\xe8")
        client.until_close()
    host.wait_metric(lambda value: value == 1, "websocket_server_session_duration_seconds_count",
                     http_route="/echo", websocket_status="1000")
    assert host.metric("websocket_server_request_messages_total", http_route="/echo") == 3
    assert host.metric("websocket_server_response_messages_total", http_route="/echo") == 3


def test_S06_change_feed_sends_json(shared_host):
    async def conversation(client):
        with Connection(shared_host.address()) as http:
            body = b'{"name": "fed"}'
            http.request("POST /v1/items", "Content-Type: application/json",
                         f"Content-Length: {len(body)}", body=body)
        change = json.loads(await client.recv())
        assert change["kind"] == "created" and change["item"]["name"] == "fed"

    talk(shared_host.url("/v1/items/watch", scheme="ws"), conversation)
