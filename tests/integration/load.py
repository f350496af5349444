# SPDX-License-Identifier: Apache-2.0
"""Continuous load for tests of changes: every kind of call, on as many threads as it has kinds."""
import threading
import time

from raw_http1 import Connection
from raw_websocket import RawWebSocket
from settings import PATIENCE
from stubs import ECHO, echo_pb2_grpc, insecure, probe_pb2, probe_pb2_grpc


class Load:
    """Runs each of its loops over and over until it is left; calls, failures and times are kept.

    with Load(host) as load: ...
    load.failures   what went wrong, as text
    load.calls      by kind
    load.p99(kind, begin, end)   seconds, of the calls that ended in that time
    """

    KINDS = ("unary", "server_stream", "client_stream", "bidi", "rest", "websocket")

    def __init__(self, host):
        self.host = host
        self.failures = []
        self.calls = {}
        self.times = {}
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(kind,), daemon=True)
            for kind in self.KINDS]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *ignored):
        self._stop.set()
        for thread in self._threads:
            thread.join(30 * PATIENCE)
            if thread.is_alive():
                self.failures.append(f"{thread.name} hangs")

    def p99(self, kind, begin=0.0, end=float("inf")):
        times = sorted(took for at, took in self.times[kind] if begin <= at < end)
        return times[int(len(times) * 0.99)]

    def _run(self, kind):
        self.calls[kind], self.times[kind] = 0, []
        try:
            for step in getattr(self, "_" + kind)():
                begin = time.monotonic()
                step()
                end = time.monotonic()
                self.calls[kind] += 1
                self.times[kind].append((end, end - begin))
                if self._stop.is_set():
                    return
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(f"{kind}, call {self.calls[kind]}: {error!r}")

    def _grpc(self, step):
        with insecure(self.host) as channel:
            stub = echo_pb2_grpc.EchoStub(channel)
            while True:
                yield lambda: step(stub)

    def _unary(self):
        def step(stub):
            assert stub.Unary(ECHO(payload=b"x" * 100, count=7), timeout=20 * PATIENCE).count == 7
        yield from self._grpc(step)

    def _server_stream(self):
        def step(stub):
            answers = stub.ServerStream(ECHO(payload=b"x" * 100, count=5), timeout=20 * PATIENCE)
            assert sum(1 for _ in answers) == 5
        yield from self._grpc(step)

    def _client_stream(self):
        def step(stub):
            stub.ClientStream(iter([ECHO(count=1)] * 5), timeout=20 * PATIENCE)
        yield from self._grpc(step)

    def _bidi(self):
        def step(stub):
            answers = stub.Bidi(iter([ECHO(count=1)] * 5), timeout=20 * PATIENCE)
            assert sum(1 for _ in answers) == 5
        yield from self._grpc(step)

    def _rest(self):
        connection = Connection(self.host.address())

        def step():
            nonlocal connection
            answer = connection.request("GET /echo")
            assert answer.status == 200, answer
            # The host may close after an answer that says so.
            if answer.headers.get("connection") == "close":
                connection.close()
                connection = Connection(self.host.address())
        while True:
            yield step

    def _websocket(self):
        """Short ones: they end by themselves before a reload has them end."""
        def step():
            with RawWebSocket(self.host.address(), "/echo") as socket:
                assert socket.accepted()
                socket.frame(1, b"hello")
                assert socket.read_frame()[3] == b"hello"
                socket.frame(8, b"\x03\xe8")
                socket.until_close()
        while True:
            yield step


class LongStreams:
    """Streams of the module "probe" that live from first to last, each of which moves all the time:
    a server stream, a client stream and a WebSocket."""

    def __init__(self, host):
        self.channel = insecure(host)
        self.stub = probe_pb2_grpc.ProbeStub(self.channel)
        self.server = self.stub.Produce(probe_pb2.Request(messages=10_000_000, bytes=10))
        self._sending = threading.Event()
        self._end = threading.Event()
        self.client = self.stub.Sink.future(self._chunks())
        self.websocket = RawWebSocket(host.address(), "/probe/shout")
        assert self.websocket.accepted() and self.websocket.read_frame()[3] == b"HELLO"

    def _chunks(self):
        while not self._end.is_set():
            yield probe_pb2.Chunk(data=b"x")
            self._sending.set()
            self._end.wait(0.02)

    def check(self):
        """Each of them moves."""
        for _ in range(3):
            next(self.server)
        self._sending.clear()
        assert self._sending.wait(20 * PATIENCE) and not self.client.done()
        self.websocket.frame(1, b"hello")
        assert self.websocket.read_frame()[3] == b"HELLO"

    def close(self):
        self.server.cancel()
        self._end.set()
        self.client.result(20 * PATIENCE)
        self.websocket.close()
        self.channel.close()

