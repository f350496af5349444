# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 over python3-h2, with single frames at will."""
import base64
import dataclasses
import socket
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

from settings import PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@dataclasses.dataclass
class Goaway:
    last_stream_id: int
    error_code: int
    additional_data: bytes


class Stream:
    def __init__(self):
        self.headers = []
        self.trailers = []
        self.data = bytearray()
        self.ended = False
        self.reset = None

    def header(self, name):
        return dict(self.headers).get(name)

    def trailer(self, name):
        return dict(self.trailers or self.headers).get(name)

    def messages(self):
        """gRPC messages as (compressed, bytes)."""
        at, found = 0, []
        while at + 5 <= len(self.data):
            flag, size = struct.unpack_from(">BI", self.data, at)
            found.append((flag, bytes(self.data[at + 5:at + 5 + size])))
            at += 5 + size
        return found


class Http2:
    """One connection, to an address or over a socket that is connected; use with `with`.
    consume=False leaves the flow-control windows alone."""

    def __init__(self, address, context=None, server_name="localhost", consume=True, settings=None):
        if isinstance(address, socket.socket):
            self.socket = address
        else:
            self.socket = socket.create_connection(address, timeout=10 * PATIENCE)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname=server_name)
            assert self.socket.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.h2.initiate_connection()
        if settings:
            self.h2.update_settings(settings)
        self.streams = {}
        self.consume = consume
        self.goaway = None  # the last one
        self._input = b""
        self.closed = False
        self.pongs = []
        self.settings = {}
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.socket.close()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.socket.sendall(data)

    def raw(self, data):
        self.flush()
        self.socket.sendall(data)

    def open(self, headers, end=True):
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = Stream()
        self.h2.send_headers(number, headers, end_stream=end)
        self.flush()
        return number

    def get(self, path, *headers, method="GET"):
        number = self.open([(":method", method), (":scheme", "http"), (":authority", "test"),
                            (":path", path), *headers])
        return self.finish(number)

    def send(self, number, data, end=False):
        """As much as the windows allow now; the rest is returned. An empty piece can end."""
        if not data and end:
            self.h2.end_stream(number)
        while data:
            room = min(self.h2.local_flow_control_window(number),
                       self.h2.max_outbound_frame_size, len(data))
            if room <= 0:
                break
            self.h2.send_data(number, data[:room], end_stream=end and room == len(data))
            data = data[room:]
        self.flush()
        return data

    def send_all(self, number, data, end=True):
        while data := self.send(number, data, end):
            self.pump()

    def grpc(self, path, *metadata, messages=(), end=True, timeout=None):
        headers = [(":method", "POST"), (":scheme", "http"), (":authority", "test"),
                   (":path", path), ("content-type", "application/grpc"), ("te", "trailers")]
        if timeout:
            headers.append(("grpc-timeout", timeout))
        number = self.open(headers + list(metadata), end=False)
        body = b"".join(prefixed(message) for message in messages)
        if body or end:
            self.send_all(number, body, end)
        return number

    def pump(self, seconds=10):
        """Handles what comes next; False when the host closed."""
        self.socket.settimeout(seconds * PATIENCE)
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            return False
        self._input += data
        while len(self._input) >= 9 + (size := int.from_bytes(self._input[:3], "big")):
            self._take(self._input[:9 + size])
            self._input = self._input[9 + size:]
        self.flush()
        return True

    def _take(self, data):
        """One frame. python3-h2 takes GOAWAY for the end, which it is not when streams are open."""
        if data[3] == 7:
            last, code = struct.unpack(">II", data[9:17])
            self.goaway = Goaway(last & 0x7fffffff, code, data[17:])
            return
        for event in self.h2.receive_data(data):
            self._on(event)

    def _on(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = event.headers
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = event.headers
        elif isinstance(event, h2.events.DataReceived):
            stream.data += event.data
            if self.consume:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset) and stream:
            stream.reset = event.error_code
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs.append(event.ping_data)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings.update({key: change.new_value
                                  for key, change in event.changed_settings.items()})

    def until(self, condition, seconds=10):
        deadline = time.monotonic() + seconds * PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "nothing came in time"
            if not self.pump(seconds):
                assert condition(), "the host closed the connection"
        return True

    def finish(self, number, seconds=10):
        stream = self.streams[number]
        self.until(lambda: stream.ended or stream.reset is not None, seconds)
        return stream

    def until_closed(self):
        while self.pump():
            pass
        return self.goaway


def prefixed(message, compressed=0):
    return struct.pack(">BI", compressed, len(message)) + message


def from_bin(value):
    return base64.b64decode(value + "=" * (-len(value) % 4))


def read_frames(connection):
    """Frames as (type, flags, stream, payload) until the host closes; for raw sockets."""
    data, found = b"", []
    while True:
        try:
            more = connection.recv(65536)
        except ConnectionError:
            more = b""
        if not more:
            return found
        data += more
        while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
            size = int.from_bytes(data[:3], "big")
            found.append((data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:9 + size]))
            data = data[9 + size:]
