# SPDX-License-Identifier: Apache-2.0
"""The graceful stop: whoever has begun is served to the end, whoever waits is told to go."""
import asyncio
import json
import os
import signal
import threading
import time

import grpc
import pytest
import websockets

from host_process import HostProcess
from raw_http1 import Connection
from raw_http2 import Http2
from raw_websocket import RawWebSocket
from settings import PATIENCE
from stubs import ECHO, echo_pb2_grpc, insecure, probe_pb2

HELLO = b"Hello, World!"


@pytest.fixture
def start(start_host, tmp_path):
    return lambda **base: start_host(HostProcess.probe_config(tmp_path, **base))


def test_S84_idle_host_stops_at_once(start):
    host = start()
    begin = time.monotonic()
    assert host.stop() == 0
    assert time.monotonic() - begin < 2 * PATIENCE
    assert host.logged("draining") and host.wait_log("stopped")["clean"] is True


def test_S84_idle_connections_are_closed(start):
    host = start()
    with Connection(host.address()) as http1, Http2(host.address()) as http2:
        assert http1.request("GET /echo").body == HELLO
        assert http2.get("/echo").data == HELLO
        host.signal()
        assert http1.rest() == b""
        goaway = http2.until_closed()
        assert goaway.error_code == 0
    assert host.wait() == 0


def test_S84_rest_request_in_flight_is_answered_with_connection_close(start):
    host = start()
    with Connection(host.address()) as client:
        client.send("GET /probe/sleep?ms=500 HTTP/1.1\r\nHost: t\r\n\r\n")
        host.wait_metric(lambda value: value == 1, "http_server_active_requests",
                         http_route="/probe/sleep")
        host.signal()
        answer = client.read()
        assert (answer.body, answer.headers["connection"]) == (b"slept", "close")
        assert client.rest() == b""
    assert host.wait() == 0


def test_S84_grpc_call_in_flight_is_answered_behind_goaway(start):
    host = start()
    with Http2(host.address()) as client:
        call = client.grpc("/probe.v1.Probe/Sleep",
                           messages=[probe_pb2.Request(milliseconds=500).SerializeToString()])
        host.wait_metric(lambda value: value == 1, "rpc_server_active_calls",
                         rpc_method="probe.v1.Probe/Sleep")
        host.signal()
        client.until(lambda: client.goaway)
        stream = client.finish(call)
        assert stream.trailer("grpc-status") == "0"
        client.until_closed()
        assert client.goaway.last_stream_id == call
    assert host.wait() == 0


def test_S84_websocket_is_told_1001(start):
    host = start()

    async def run():
        async with websockets.connect(host.url("/echo", scheme="ws")) as client:
            await client.send("hello")
            assert await client.recv() == "hello"
            host.signal()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), 20 * PATIENCE)
            return closed.value.rcvd.code

    assert asyncio.run(run()) == 1001
    assert host.wait() == 0


def test_S84_module_is_told_of_the_drain(start):
    """echo's bidi handler ends its streams when it learns of the drain."""
    host = start()
    with insecure(host) as channel:
        hold = threading.Event()

        def requests():
            yield ECHO(count=1)
            hold.wait(30 * PATIENCE)

        answers = echo_pb2_grpc.EchoStub(channel).Bidi(requests())
        assert next(answers).count == 1
        host.signal()
        with pytest.raises(grpc.RpcError) as failed:
            next(answers)
        assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
        hold.set()
    assert host.wait() == 0


def test_S84_server_stream_is_finished(start):
    host = start()
    with insecure(host) as channel:
        answers = echo_pb2_grpc.EchoStub(channel).ServerStream(
            ECHO(payload=b"x" * 10000, count=2000))
        next(answers)
        host.signal()
        assert 1 + sum(1 for _ in answers) == 2000
    assert host.wait() == 0


def test_S84_new_connections_are_refused_after_the_delay(start):
    host = start(drain='delay = "500ms"')
    address = host.address()
    with Connection(address) as client:
        client.send("GET /probe/sleep?ms=1500 HTTP/1.1\r\nHost: t\r\n\r\n")
        host.wait_metric(lambda value: value == 1, "http_server_active_requests",
                         http_route="/probe/sleep")
        host.signal()
        host.wait_log("draining")
        with Connection(address) as during:  # balancers still send
            assert during.request("GET /echo").body == HELLO
        deadline = time.monotonic() + 10 * PATIENCE
        refused = False
        while not refused:
            assert time.monotonic() < deadline
            try:
                Connection(address).close()
            except ConnectionResetError:
                pass  # it was waiting to be accepted
            except ConnectionRefusedError:
                refused = True
        assert client.read().body == b"slept"
    assert host.wait() == 0


def test_S84_what_outlasts_the_deadline_is_cancelled(start):
    host = start(drain='delay = "0s"\ntimeout = "500ms"')
    with Http2(host.address()) as grpc_client, Connection(host.address()) as rest_client:
        call = grpc_client.grpc("/probe.v1.Probe/Wait", messages=[b""])
        rest_client.send("GET /probe/wait HTTP/1.1\r\nHost: t\r\n\r\n")
        host.wait_metric(lambda value: value == 2, "probe_waiting")
        begin = time.monotonic()
        host.signal()
        assert grpc_client.finish(call).trailer("grpc-status") in ("1", "4", "14")
        assert rest_client.read().status in (503, 504)
        assert time.monotonic() - begin > 0.4
    assert host.wait() == 0
    assert host.wait_log("drain timeout")


def test_S84_second_signal_ends_at_once(start):
    host = start()
    with Connection(host.address()) as client:
        client.send("GET /probe/wait HTTP/1.1\r\nHost: t\r\n\r\n")
        host.wait_metric(lambda value: value == 1, "probe_waiting")
        host.signal()
        host.wait_log("draining")
        begin = time.monotonic()
        host.signal(signal.SIGINT)
        assert host.wait() == 1
        assert time.monotonic() - begin < 2 * PATIENCE
        assert client.rest() == b""


def test_S84_handler_that_blocks_its_thread_is_waited_for(start):
    host = start()
    with Connection(host.address()) as client:
        client.send("GET /probe/block?ms=500 HTTP/1.1\r\nHost: t\r\n\r\n")
        host.wait_metric(lambda value: value == 1, "http_server_active_requests",
                         http_route="/probe/block")
        host.signal()
        assert client.read().body == b"blocked"
    assert host.wait() == 0


def test_S84_sigusr1_reopens_the_log_files(start_host, tmp_path):
    """As logrotate does it: rename, then signal. The next line makes the new file."""
    log, access = tmp_path / "host.log", tmp_path / "access.log"
    config = HostProcess.probe_config(
        tmp_path, f'[access_log]\noutput = "file:{access}"\nflush_interval = "10ms"\n')
    host = start_host(config.replace('output = "stdout"', f'output = "file:{log}"'),
                      wait_ready=False)

    def eventually(condition):
        deadline = time.monotonic() + 20 * PATIENCE
        while not condition():
            assert time.monotonic() < deadline

    eventually(lambda: log.exists() and '"ready"' in log.read_text())
    plain = [json.loads(line) for line in log.read_text().splitlines() if '"plain"' in line][0]
    address = "127.0.0.1", int(plain["address"].rsplit(":", 1)[1])

    def throw():
        with Connection(address) as client:
            return client.request("GET /probe/throw").status == 500

    assert throw()
    eventually(lambda: access.exists() and "/probe/throw" in access.read_text())
    for path in (log, access):
        os.rename(path, f"{path}.old")
    host.signal(signal.SIGUSR1)
    eventually(lambda: throw() and log.exists() and access.exists())
    host.signal()
    assert host.wait() == 0
    assert '"draining"' in log.read_text()
    assert '"draining"' not in (tmp_path / "host.log.old").read_text()


class Load(threading.Thread):
    """Runs `work` until the host has ended it. `unready` is what a balancer reads from /readyz: no
    new connections from then on; what is open goes on. Any lost answer is a failure."""

    def __init__(self, work):
        super().__init__()
        self.work = work
        self.unready = threading.Event()
        self.served = 0
        self.failures = []
        self.start()

    def run(self):
        try:
            self.work(self)
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(repr(error))


def keep_alive_load(address):
    """As a pool of connections does: when an idle connection turns out to be closed before any byte
    of an answer, the request goes to a new one (RFC 9112 section 9.3.1)."""
    def work(load):
        while not load.unready.is_set():
            with Connection(address) as client:
                reused = False
                while True:
                    try:
                        answer = client.request("GET /echo")
                    except (EOFError, ConnectionError) as error:
                        lost = isinstance(error, ConnectionError) or "b''" in str(error)
                        if reused and lost:
                            break
                        raise
                    assert answer.body == HELLO
                    load.served += 1
                    reused = True
                    if answer.headers.get("connection") == "close":
                        break

    return work


def in_flight_load(address):
    """Each request takes a while, so some are in flight whenever the stop comes."""
    def work(load):
        while not load.unready.is_set():
            with Connection(address) as client:
                answer = client.request("GET /probe/sleep?ms=50", "Connection: close")
                assert answer.body == b"slept"
                load.served += 1

    return work


def grpc_load(target):
    """A stock client: UNAVAILABLE before the host has seen the call is no failure, since the client
    may try again elsewhere; the debug text tells refusal to connect from a lost call."""
    def work(load):
        with grpc.insecure_channel(target, options=[
                ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 1)]) as channel:
            stub = echo_pb2_grpc.EchoStub(channel)
            while True:
                try:
                    assert stub.Unary(ECHO(count=5), timeout=20 * PATIENCE).count == 5
                    load.served += 1
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                    assert "onnect" in error.details(), error
                    return

    return work


def websocket_load(address):
    def work(load):
        with RawWebSocket(address) as client:
            while True:
                client.frame(1, b"message")
                _, _, opcode, payload = client.read_frame()
                if opcode == 8:
                    assert payload[:2] == b"\x03\xe9"  # 1001
                    return
                assert payload == b"message"
                load.served += 1

    return work


@pytest.mark.parametrize("_", range(2))
def test_S84_no_request_fails_under_load(start, _):
    host = start(drain='delay = "2s"')
    address, target = host.address(), host.target()
    loads = [Load(keep_alive_load(address)) for _ in range(4)]
    loads += [Load(in_flight_load(address)) for _ in range(4)]
    loads += [Load(grpc_load(target)) for _ in range(4)]
    loads += [Load(websocket_load(address)) for _ in range(4)]
    deadline = time.monotonic() + 20 * PATIENCE
    while any(load.served < 20 for load in loads):
        assert time.monotonic() < deadline, [(load.served, load.failures) for load in loads]
        time.sleep(0.01)
    host.signal()
    host.wait_log("draining")
    assert host.admin("/readyz")[0] == 503
    for load in loads:
        load.unready.set()
    for load in loads:
        load.join(30 * PATIENCE)
    assert not any(load.is_alive() for load in loads)
    assert [load.failures for load in loads if load.failures] == []
    assert host.wait() == 0
