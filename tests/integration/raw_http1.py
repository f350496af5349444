# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 by hand: bytes in, parsed answers out, so that nothing is corrected on the way."""
import dataclasses
import socket

from settings import PATIENCE


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes
    version: str = "HTTP/1.1"


class Connection:
    """One connection; use with `with`."""

    def __init__(self, address, context=None, server_name=None, seconds=10):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(seconds * PATIENCE)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout=seconds * PATIENCE)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname=server_name)
        self._input = b""

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def request(self, line, *headers, body=b"", head_only=False):
        self.send("\r\n".join([line + " HTTP/1.1", "Host: test", *headers, "", ""]).encode() + body)
        return self.read(head_only=head_only)

    def _more(self):
        data = self.socket.recv(65536)
        self._input += data
        return bool(data)

    def _line(self):
        while b"\r\n" not in self._input:
            if not self._more():
                raise EOFError(f"closed within {self._input!r}")
        line, self._input = self._input.split(b"\r\n", 1)
        return line.decode("latin-1")

    def take(self, size):
        while len(self._input) < size:
            if not self._more():
                raise EOFError(f"closed within {self._input[:200]!r}")
        data, self._input = self._input[:size], self._input[size:]
        return data

    def read(self, head_only=False):
        version, status, *_ = self._line().split(" ", 2)
        headers = {}
        while line := self._line():
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        answer = Answer(int(status), headers, b"", version)
        if head_only or answer.status < 200 or answer.status in (204, 304):
            return answer
        if headers.get("transfer-encoding") == "chunked":
            while size := int(self._line().split(";")[0], 16):
                answer.body += self.take(size)
                assert self._line() == ""
            while self._line():
                pass
        else:
            answer.body = self.take(int(headers["content-length"]))
        return answer

    def rest(self):
        """Everything until the host closes; a reset counts as closing."""
        try:
            while self._more():
                pass
        except ConnectionError:
            pass
        data, self._input = self._input, b""
        return data


def exchange(address, data):
    """Sends bytes, returns the answers and what came behind them until the close."""
    with Connection(address) as connection:
        connection.send(data)
        answers = []
        try:
            answers.append(connection.read())
        except (EOFError, ConnectionError):
            pass
        return answers, connection.rest()
