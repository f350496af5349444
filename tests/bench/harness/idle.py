# SPDX-License-Identifier: Apache-2.0
"""Memory of idle connections: open many, let each serve one request, and weigh the server.

One request per connection first, because a connection that has done work is what a pool keeps open.
Each is a bare socket with a minimal HTTP/1.1 or HTTP/2 exchange on it, all held until the end. They
are weighed after some quiet seconds: servers give memory back when a connection rests, not at once.
"""

import contextlib
import socket
import ssl
import time

from .loads import BODY, ECHO_REQUEST
from .processes import BenchError

_QUIET_SECONDS = 8
_FRAME_HEADERS, _FRAME_SETTINGS, _FRAME_GOAWAY, _FRAME_RST = 1, 4, 7, 3
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1


def _frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _field(name, value):
    """An HPACK literal without indexing and with a literal name: no state on either side."""
    return bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def _http2_request(path, grpc):
    fields = _field(":method", "POST" if grpc else "GET") + _field(":scheme", "http")
    fields += _field(":path", path) + _field(":authority", "localhost")
    if grpc:
        fields += _field("te", "trailers") + _field("content-type", "application/grpc")
    request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_FRAME_SETTINGS, 0, 0)
    request += _frame(_FRAME_HEADERS, _END_HEADERS | (0 if grpc else _END_STREAM), 1, fields)
    if grpc:
        message = b"\0" + len(ECHO_REQUEST).to_bytes(4, "big") + ECHO_REQUEST
        request += _frame(0, _END_STREAM, 1, message)
    return request


def _read_http2_answer(connection):
    received = b""
    while True:
        while len(received) >= 9:
            length = int.from_bytes(received[:3], "big")
            if len(received) < 9 + length:
                break
            kind, flags = received[3], received[4]
            stream = int.from_bytes(received[5:9], "big")
            received = received[9 + length:]
            if kind in (_FRAME_GOAWAY, _FRAME_RST):
                raise BenchError("idle connection: the server refused the request")
            if kind == _FRAME_SETTINGS and not flags & _ACK:
                connection.sendall(_frame(_FRAME_SETTINGS, _ACK, 0))
            if stream == 1 and kind in (0, _FRAME_HEADERS) and flags & _END_STREAM:
                return
        chunk = connection.recv(16384)
        if not chunk:
            raise BenchError("idle connection: closed by the server")
        received += chunk


def _read_http1_answer(connection):
    received = b""
    while not received.endswith(BODY):
        chunk = connection.recv(16384)
        if not chunk:
            raise BenchError("idle connection: closed by the server")
        received += chunk
    if not received.startswith(b"HTTP/1.1 200"):
        raise BenchError(f"idle connection: {received[:60]!r}")


def _tls_context(http2):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2" if http2 else "http/1.1"])
    return context


def open_connection(port, path, protocol, context):
    """`protocol` is http1, http2 or grpc; `context` None for plaintext."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            connection = context.wrap_socket(connection)
        if protocol == "http1":
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            _read_http1_answer(connection)
        else:
            connection.sendall(_http2_request(path, protocol == "grpc"))
            _read_http2_answer(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _settled_memory(child, patience=10.0):
    """Resident bytes once four readings agree within 64 KiB, or at the end of patience."""
    readings = []
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        readings.append(child.resident_bytes())
        if len(readings) >= 4 and max(readings[-4:]) - min(readings[-4:]) <= 65536:
            break
        time.sleep(0.25)
    return readings[-1]


def bytes_per_connection(server, port, path, protocol, tls, count):
    """Resident bytes that each of `count` idle connections adds to the server."""
    context = _tls_context(protocol != "http1") if tls else None
    # The first connections bring one-time costs (tables, TLS state) that are not per connection.
    for _ in range(10):
        open_connection(port, path, protocol, context).close()
    before = _settled_memory(server.child)
    with contextlib.ExitStack() as held:
        for _ in range(count):
            held.enter_context(open_connection(port, path, protocol, context))
        time.sleep(_QUIET_SECONDS)
        after = _settled_memory(server.child)
        server.cut_access_log()
    return (after - before) / count
