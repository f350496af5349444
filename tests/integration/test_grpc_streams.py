# SPDX-License-Identifier: Apache-2.0
"""Streams: many, long, and with a peer or a module that does not keep up."""
import pathlib
import subprocess
import threading

import grpc
import pytest

from host_process import HostProcess
from raw_http1 import Connection
from raw_http2 import Http2, prefixed
from settings import BUILD, MEMORY_FACTOR, PATIENCE
from stubs import insecure, probe_pb2, probe_pb2_grpc

MIB = 1 << 20
STREAM_CLIENT = BUILD / "bin" / "integration" / "stream_client"


def test_S02_thousand_bidi_streams_of_thousand_messages_in_order(shared_host):
    """The C++ client checks each message's number on arrival. Under sanitizers a tenth of it."""
    messages = 1000 if PATIENCE == 1 else 100
    subprocess.run([str(STREAM_CLIENT), shared_host.target(), "1000", str(messages)], check=True,
                   timeout=300)


def settled(host, name, least=1):
    """Waits until a counter stands still over ten scrapes; returns it."""
    last, same = None, 0
    while same < 10:
        value = host.metric(name) or 0
        same = same + 1 if value == last and value >= least else 0
        last = value
    return last


def socket_buffers():
    """What the kernel may hold of one connection: the sender's buffer and the receiver's."""
    return sum(int(pathlib.Path("/proc/sys/net/ipv4", name).read_text().split()[2])
               for name in ("tcp_wmem", "tcp_rmem"))


@pytest.fixture
def host(start_host, tmp_path):
    return start_host(HostProcess.probe_config(tmp_path, drain='delay = "0s"\ntimeout = "1s"'))


def test_S54_server_stream_of_1_GiB_to_a_slow_reader_needs_16_MiB(host):
    """The reader stops several times until the producer stands still, and reads the rest fast."""
    total = 1024 if PATIENCE == 1 else 128
    with insecure(host) as channel:
        stub = probe_pb2_grpc.ProbeStub(channel)
        assert sum(1 for _ in stub.Produce(probe_pb2.Request(messages=8, bytes=MIB))) == 8
        base, peak = host.resident_bytes(), 0
        produced = host.metric("probe_produced_bytes_total")
        received = 0
        for message in stub.Produce(probe_pb2.Request(messages=total, bytes=MIB)):
            received += len(message.data)
            if received in (MIB, 2 * MIB, 10 * MIB, 100 * MIB):
                ahead = settled(host, "probe_produced_bytes_total") - produced - received
                # What both sockets hold, and at most 16 MiB in the host and what the client has parsed.
                assert ahead < socket_buffers() + 16 * MIB, f"{ahead / MIB:.1f} MiB"
            if received % (16 * MIB) == 0 or received <= 10 * MIB:
                peak = max(peak, host.resident_bytes())
    assert received == total * MIB
    assert peak - base <= 16 * MIB * MEMORY_FACTOR, f"{(peak - base) / MIB:.1f} MiB more"


def test_S72_grpc_producer_stops_for_a_reader_that_stopped(host):
    with Http2(host.address(), consume=False) as client:
        request = probe_pb2.Request(messages=10000, bytes=1000)
        call = client.grpc("/probe.v1.Probe/Produce", messages=[request.SerializeToString()])
        client.until(lambda: client.h2.remote_flow_control_window(call) == 0)
        ahead = settled(host, "probe_produced_bytes_total")
        # One window on the wire, the buffer of the stream in the host.
        assert ahead <= 65536 + 2 * 256 * 1024
        stream = client.streams[call]
        client.consume = True
        client.h2.acknowledge_received_data(65535, call)
        client.h2.increment_flow_control_window(1 << 28)
        client.h2.increment_flow_control_window(1 << 28, call)
        client.flush()
        client.finish(call, seconds=60)
        assert stream.trailer("grpc-status") == "0"
        assert len(stream.data) > 10000 * 1000


def test_S72_slow_module_stops_the_grpc_sender(host):
    """Messages wait in the windows that the host granted, not in its memory."""
    chunk = prefixed(probe_pb2.Chunk(data=b"x" * 16000).SerializeToString())
    with Http2(host.address()) as client:
        call = client.grpc("/probe.v1.Probe/Sink", ("x-pause-ms", "3600000"), end=False)
        sent = 0
        client.until(lambda: client.settings.get(4) is not None)
        while not client.send(call, chunk):
            sent += len(chunk)
            client.h2.ping(b"12345678")
            client.flush()
            client.until(lambda: len(client.pongs) * len(chunk) >= sent)
            assert sent < 4 * MIB
        assert sent >= 16000
        client.h2.reset_stream(call, 8)
        client.flush()
        host.wait_metric(lambda value: value == 1, "probe_cancelled_total", why="peer")


def test_S72_http_producer_stops_for_a_reader_that_stopped(host):
    messages = 100
    with Connection(host.address()) as client:
        client.send(f"GET /probe/produce?bytes={MIB}&messages={messages} HTTP/1.1\r\n"
                    "Host: test\r\n\r\n")
        ahead = settled(host, "probe_produced_bytes_total")
        assert ahead < 32 * MIB  # the sockets' buffers take most of it
        answer = client.read()
    assert answer.status == 200 and len(answer.body) == messages * MIB
    assert host.metric("probe_produced_bytes_total") == messages * MIB


def test_S72_http_upload_waits_for_a_slow_module(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, '[limits]\nhttp_body = "1GiB"\n',
                                               drain='delay = "0s"\ntimeout = "1s"'))
    with Connection(host.address()) as client:
        client.send("POST /probe/sink?pause_ms=3600000 HTTP/1.1\r\nHost: test\r\n"
                    f"Content-Length: {1024 * MIB}\r\n\r\n")
        client.socket.setblocking(False)
        sent, ahead, piece = 0, None, b"x" * 65536
        while sent != ahead:  # until a round after the module stood still takes nothing more
            ahead = sent
            with pytest.raises(BlockingIOError):
                while sent < 1024 * MIB:
                    sent += client.socket.send(piece)
            settled(host, "probe_consumed_bytes_total")
        assert sent < socket_buffers() + 16 * MIB


def test_S72_one_slow_stream_does_not_stop_the_others(host):
    with Http2(host.address(), consume=False) as client:
        request = probe_pb2.Request(messages=10000, bytes=1000).SerializeToString()
        slow = client.grpc("/probe.v1.Probe/Produce", messages=[request])
        client.until(lambda: client.h2.remote_flow_control_window(slow) == 0)
        # The connection's window is as small as the stream's until the client raises it.
        client.h2.increment_flow_control_window(1 << 20)
        client.flush()
        caller = client.finish(client.grpc("/probe.v1.Probe/Caller", messages=[b""]))
        assert caller.trailer("grpc-status") == "0"


def test_S54_stream_outlives_the_unary_timeout(start_host, tmp_path):
    """timeouts.request is for unary calls; streams have their idle time instead."""
    host = start_host(HostProcess.probe_config(
        tmp_path, '[timeouts]\nrequest = "300ms"\nstream_idle = "1s"\n'))
    with insecure(host) as channel:
        stub = probe_pb2_grpc.ProbeStub(channel)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Wait(probe_pb2.Request())
        assert failed.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        open_to_send = threading.Event()

        def idle():
            yield probe_pb2.Chunk(data=b"x")
            open_to_send.wait(20 * PATIENCE)

        call = stub.Sink.future(idle())
        assert call.exception(timeout=20 * PATIENCE).code() == grpc.StatusCode.DEADLINE_EXCEEDED
        open_to_send.set()
    assert host.metric("meshhost_refusals_total", reason="STREAM_IDLE") == 1
