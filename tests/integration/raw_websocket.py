# SPDX-License-Identifier: Apache-2.0
"""WebSocket frames by hand, over any pair of send and take functions."""
import base64
import hashlib
import os
import struct

from raw_http1 import Connection

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True, masked=True, reserved=0):
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mark = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack(">BB", first, mark | len(payload))
    elif len(payload) < 65536:
        head = struct.pack(">BBH", first, mark | 126, len(payload))
    else:
        head = struct.pack(">BBQ", first, mark | 127, len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = mask * (len(payload) // 4 + 1)
    return head + mask + bytes(a ^ b for a, b in zip(payload, repeated))


def read_frame(take):
    """(fin, reserved bits, opcode, payload); `take(n)` gives exactly n bytes."""
    first, second = take(2)
    assert second & 0x80 == 0, "a server must not mask"
    size = second & 0x7f
    if size == 126:
        size, = struct.unpack(">H", take(2))
    elif size == 127:
        size, = struct.unpack(">Q", take(8))
    return first >> 7, first >> 4 & 7, first & 15, take(size)


class RawWebSocket(Connection):
    """Connected and upgraded; `answer` is the answer to the handshake."""

    def __init__(self, address, path="/echo", headers=(), key=None, **options):
        super().__init__(address, **options)
        self.key = key or base64.b64encode(os.urandom(16)).decode()
        self.answer = self.request(
            f"GET {path}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {self.key}", "Sec-WebSocket-Version: 13", *headers,
            head_only=True)

    def accepted(self):
        digest = hashlib.sha1((self.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        return (self.answer.status == 101 and
                self.answer.headers["sec-websocket-accept"] == base64.b64encode(digest).decode())

    def frame(self, *arguments, **options):
        self.send(frame(*arguments, **options))

    def read_frame(self):
        return read_frame(self.take)

    def until_close(self):
        """The close code, past other frames; None when the host just closed."""
        try:
            while True:
                _, _, opcode, payload = self.read_frame()
                if opcode == CLOSE:
                    return struct.unpack(">H", payload[:2])[0] if payload else 1005
        except (EOFError, ConnectionError):
            return None
