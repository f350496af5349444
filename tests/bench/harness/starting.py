# SPDX-License-Identifier: Apache-2.0
"""Start to ready: from fork of the server to the first byte-exact answer on its plaintext port,
polled without pause worth mentioning; then the resident memory of the idle server."""

import socket
import time

from .loads import BODY
from .processes import BenchError, Processes

_READY_SECONDS = 10
_POLL_SECONDS = 0.0005
_IDLE_SECONDS = 1.0


def _answers(port, path):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            received = b""
            while not received.endswith(BODY):
                chunk = connection.recv(4096)
                if not chunk:
                    return False
                received += chunk
            return received.startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def start_once(server):
    """(milliseconds to the first answer, resident bytes after a quiet second)."""
    with Processes() as group:
        begin = time.perf_counter()
        server.spawn(group)
        while not _answers(server.ports["http1"], server.rest_path):
            if time.perf_counter() - begin > _READY_SECONDS or not server.child.alive():
                raise BenchError(f"{server.title} does not start: {server.child.last_words()}")
            time.sleep(_POLL_SECONDS)
        milliseconds = (time.perf_counter() - begin) * 1000
        time.sleep(_IDLE_SECONDS)
        return milliseconds, server.child.resident_bytes()
