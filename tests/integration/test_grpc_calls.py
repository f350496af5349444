# SPDX-License-Identifier: Apache-2.0
"""gRPC calls from a stock client: the four kinds, their ends, metadata, compression, refusals."""
import gzip
import statistics
import time

import grpc
import pytest

from host_process import HostProcess
from raw_http2 import Http2, from_bin, prefixed
from settings import PATIENCE
from stubs import (ECHO, echo_pb2_grpc, empty_pb2, error_reason, insecure, messages_pb2, probe_pb2,
                   probe_pb2_grpc, test_pb2_grpc)

SOON = 0.1 * PATIENCE


@pytest.fixture
def echo(shared_host):
    with insecure(shared_host) as channel:
        yield echo_pb2_grpc.EchoStub(channel)


@pytest.fixture
def interop(shared_host):
    with insecure(shared_host) as channel:
        yield test_pb2_grpc.TestServiceStub(channel)


def test_S02_unary(echo):
    answer = echo.Unary(ECHO(payload=b"\x00\xffabc", count=7))
    assert (answer.payload, answer.count) == (b"\x00\xffabc", 7)
    assert echo.Unary(ECHO()) == type(answer)()  # an empty message is a message


def test_S02_server_stream(echo):
    assert [answer.payload for answer in echo.ServerStream(ECHO(payload=b"x", count=500))] == \
        [b"x"] * 500


def test_S02_client_stream(echo):
    answer = echo.ClientStream(ECHO(payload=str(i).encode()) for i in range(500))
    assert (answer.payload, answer.count) == (b"499", 500)
    assert echo.ClientStream(iter(())).count == 0


def test_S02_bidi_stream_in_order(echo):
    sent = [str(i).encode() for i in range(500)]
    answers = echo.Bidi(ECHO(payload=payload) for payload in sent)
    assert [answer.payload for answer in answers] == sent


def test_S02_large_message_both_ways(echo):
    payload = bytes(range(256)) * 4096
    assert echo.Unary(ECHO(payload=payload)).payload == payload


def elapsed_until(condition):
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < 10 * PATIENCE
    return time.monotonic() - begin


def test_S02_half_close_reaches_the_module_within_100_ms(probe_host):
    """The sink answers only once its input has ended: the raw client measures from END_STREAM."""
    times = []
    with Http2(probe_host.address()) as client:
        for _ in range(5):
            call = client.grpc("/probe.v1.Probe/Sink", end=False,
                               messages=[probe_pb2.Chunk(data=b"12345").SerializeToString()])
            before = probe_host.metric("probe_consumed_bytes_total") or 0
            probe_host.wait_metric(lambda value, least=before: value >= least,
                                   "probe_consumed_bytes_total")
            assert not client.streams[call].ended
            begin = time.monotonic()
            client.send_all(call, b"", end=True)
            stream = client.finish(call)
            times.append(time.monotonic() - begin)
            assert probe_pb2.Reply.FromString(stream.messages()[0][1]).bytes == 5
            assert stream.trailer("grpc-status") == "0"
    assert statistics.median(times) < SOON, times


def test_S02_cancel_reaches_the_module_within_100_ms(probe_host):
    times = []
    with insecure(probe_host) as channel:
        stub = probe_pb2_grpc.ProbeStub(channel)
        for _ in range(5):
            seen = probe_host.metric("probe_cancelled_total", why="peer") or 0
            call = stub.Wait.future(probe_pb2.Request())
            probe_host.wait_metric(lambda value: value == 1, "probe_waiting")
            call.cancel()
            times.append(elapsed_until(
                lambda: (probe_host.metric("probe_cancelled_total", why="peer") or 0) > seen))
            assert call.code() == grpc.StatusCode.CANCELLED
    assert statistics.median(times) < SOON, times


def test_S02_deadline_reaches_the_module_within_100_ms(probe_host):
    """The raw client leaves the deadline to the host; a stock client would cancel by itself."""
    times = []
    with Http2(probe_host.address()) as client:
        for _ in range(5):
            seen = probe_host.metric("probe_cancelled_total", why="deadline") or 0
            begin = time.monotonic()
            call = client.grpc("/probe.v1.Probe/Wait", messages=[b""], timeout="200m")
            elapsed_until(
                lambda: (probe_host.metric("probe_cancelled_total", why="deadline") or 0) > seen)
            times.append(time.monotonic() - begin - 0.2)
            assert client.finish(call).trailer("grpc-status") == "4"
    assert min(times) > -0.01
    assert statistics.median(times) < SOON, times


def test_S02_deadline_of_a_stock_client(probe_host):
    with insecure(probe_host) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            probe_pb2_grpc.ProbeStub(channel).Wait(probe_pb2.Request(), timeout=0.2)
    assert failed.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_S02_module_sees_the_remaining_time(probe_host):
    with insecure(probe_host) as channel:
        reply = probe_pb2_grpc.ProbeStub(channel).Caller(probe_pb2.Request(), timeout=5)
    assert 1000 < reply.remaining_ms <= 5000
    assert reply.address.startswith("127.0.0.1:")
    assert reply.tls_version == "" and not reply.verified


def test_S02_metadata_initial_and_binary_trailing(interop):
    binary = bytes(range(256))
    _, call = interop.UnaryCall.with_call(
        messages_pb2.SimpleRequest(response_size=10),
        metadata=(("x-grpc-test-echo-initial", "initial value"),
                  ("x-grpc-test-echo-trailing-bin", binary)))
    assert ("x-grpc-test-echo-initial", "initial value") in call.initial_metadata()
    assert ("x-grpc-test-echo-trailing-bin", binary) in call.trailing_metadata()


@pytest.mark.parametrize("value", ["qw", "qw==", "q6s", "q6s=", "q6ur", ""])
def test_S02_binary_metadata_in_both_paddings(shared_host, value):
    with Http2(shared_host.address()) as client:
        stream = client.finish(client.grpc("/grpc.testing.TestService/EmptyCall",
                                           ("x-grpc-test-echo-trailing-bin", value), messages=[b""]))
    assert stream.trailer("grpc-status") == "0"
    assert from_bin(stream.trailer("x-grpc-test-echo-trailing-bin")) == from_bin(value.rstrip("="))


@pytest.fixture(scope="module")
def gzip_host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gzip")
    host = HostProcess(folder, HostProcess.base_config(
        folder, '[grpc]\ncompression = "gzip"\n' + HostProcess.module_config("echo")))
    host.start()
    yield host
    host.end()


def test_S02_gzip_from_a_stock_client(gzip_host):
    payload = b"compress me " * 5000
    with insecure(gzip_host) as channel:
        stub = echo_pb2_grpc.EchoStub(channel)
        answer = stub.Unary(ECHO(payload=payload), compression=grpc.Compression.Gzip)
        assert answer.payload == payload
        answers = stub.Bidi(iter([ECHO(payload=payload)] * 20), compression=grpc.Compression.Gzip)
        assert [answer.payload for answer in answers] == [payload] * 20


def test_S02_gzip_on_the_wire_both_ways(gzip_host):
    message = ECHO(payload=b"z" * 10000).SerializeToString()
    with Http2(gzip_host.address()) as client:
        call = client.grpc("/echo.v1.Echo/Unary", ("grpc-encoding", "gzip"),
                           ("grpc-accept-encoding", "identity,gzip"), end=False)
        client.send_all(call, prefixed(gzip.compress(message), compressed=1))
        stream = client.finish(call)
    assert stream.header("grpc-encoding") == "gzip"
    (flag, body), = stream.messages()
    assert flag == 1 and len(body) < 1000 and gzip.decompress(body) == message


def test_S02_client_without_gzip_gets_identity(gzip_host):
    message = ECHO(payload=b"z" * 10000).SerializeToString()
    with Http2(gzip_host.address()) as client:
        stream = client.finish(client.grpc("/echo.v1.Echo/Unary", messages=[message]))
    assert stream.messages() == [(0, message)]


def test_S02_unknown_encoding_is_unimplemented_and_says_what_is_served(shared_host):
    with Http2(shared_host.address()) as client:
        stream = client.finish(client.grpc("/echo.v1.Echo/Unary", ("grpc-encoding", "snappy"),
                                           messages=[b""]))
    assert stream.trailer("grpc-status") == "12"
    assert "gzip" in stream.header("grpc-accept-encoding")


def test_S66_gzip_bomb_is_resource_exhausted(gzip_host):
    bomb = gzip.compress(b"\0" * (64 << 20))
    with Http2(gzip_host.address()) as client:
        call = client.grpc("/echo.v1.Echo/Unary", ("grpc-encoding", "gzip"), end=False)
        client.send_all(call, prefixed(bomb, compressed=1))
        assert client.finish(call).trailer("grpc-status") == "8"


@pytest.mark.parametrize("path", ["/echo.v1.Echo/Nothing", "/no.such.Service/Unary"])
def test_S04_unknown_method_is_unimplemented(shared_host, path):
    with insecure(shared_host) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            channel.unary_unary(path)(b"")
    assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert error_reason(failed.value) == "METHOD_UNIMPLEMENTED"


@pytest.mark.parametrize("payload", [b"\xff", b"\x0a\x05ab", b"\x12\x00\x0a", b"\x0f"])
def test_S04_unparsable_payload_never_reaches_the_module(shared_host, payload):
    """The module echo hands back whatever bytes it gets, so an error can only be the host's."""
    with insecure(shared_host) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            channel.unary_unary("/echo.v1.Echo/Unary")(payload)
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert error_reason(failed.value) == "MALFORMED_MESSAGE"


def test_S04_unknown_fields_pass(shared_host):
    payload = b"\x0a\x01a\xf2\x3f\x03new"
    with insecure(shared_host) as channel:
        assert channel.unary_unary("/echo.v1.Echo/Unary")(payload) == payload


def test_S04_unparsable_message_in_a_stream(shared_host):
    with insecure(shared_host) as channel:
        call = channel.stream_stream("/echo.v1.Echo/Bidi")(iter([b"\x0a\x01a", b"\xff"]))
        answers = []
        with pytest.raises(grpc.RpcError) as failed:
            for answer in call:
                answers.append(answer)
    assert answers in ([], [b"\x0a\x01a"])
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_S04_status_and_message_of_the_module(interop):
    message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    with pytest.raises(grpc.RpcError) as failed:
        interop.UnaryCall(messages_pb2.SimpleRequest(
            response_status=messages_pb2.EchoStatus(code=2, message=message)))
    assert (failed.value.code(), failed.value.details()) == (grpc.StatusCode.UNKNOWN, message)
    assert error_reason(failed.value) is None


def echo_of_size(size, channel):
    """A request whose serialised size is exactly `size`."""
    payload = b"p" * (size - 5)
    message = ECHO(payload=payload).SerializeToString()
    assert len(message) == size
    return channel.unary_unary("/echo.v1.Echo/Unary")(message)


def test_S66_message_of_4_MiB_passes_and_one_byte_more_does_not(shared_host):
    with grpc.insecure_channel(shared_host.target(),
                               options=[("grpc.max_receive_message_length", -1)]) as channel:
        assert len(echo_of_size(4 << 20, channel)) == 4 << 20
        with pytest.raises(grpc.RpcError) as failed:
            echo_of_size((4 << 20) + 1, channel)
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error_reason(failed.value) == "MESSAGE_TOO_LARGE"


def test_S66_answer_above_4_MiB_is_resource_exhausted(shared_host):
    with grpc.insecure_channel(shared_host.target(),
                               options=[("grpc.max_receive_message_length", -1)]) as channel:
        stub = test_pb2_grpc.TestServiceStub(channel)
        with pytest.raises(grpc.RpcError) as failed:
            stub.UnaryCall(messages_pb2.SimpleRequest(response_size=4 << 20))
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_S66_limits_and_timeout_of_one_method(start_host, tmp_path):
    overrides = """[[module.method]]
match = "echo.v1.Echo/Unary"
max_message = "1KiB"
"""
    host = start_host(HostProcess.base_config(tmp_path, HostProcess.module_config("echo") +
                                              overrides))
    with insecure(host) as channel:
        stub = echo_pb2_grpc.EchoStub(channel)
        assert stub.Unary(ECHO(payload=b"x" * 1000)).payload
        with pytest.raises(grpc.RpcError) as failed:
            stub.Unary(ECHO(payload=b"x" * 1030))
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        answers = stub.Bidi(iter([ECHO(payload=b"x" * 5000)]))  # another method: the usual limit
        assert len(next(answers).payload) == 5000


def test_S66_metadata_above_the_limit_is_refused(interop):
    with pytest.raises(grpc.RpcError) as failed:
        interop.EmptyCall(empty_pb2.Empty(), metadata=[(f"x-{i}", "v" * 1000) for i in range(70)])
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "header" in failed.value.details()
    assert interop.EmptyCall(empty_pb2.Empty()) is not None  # the next call is served


def test_S66_one_field_above_64_KiB_costs_at_most_the_connection(interop):
    """HPACK decoders give up on such a field, and with it on the connection's table."""
    with pytest.raises(grpc.RpcError):
        interop.EmptyCall(empty_pb2.Empty(), metadata=[("x-big", "v" * 70000)])
    assert interop.EmptyCall(empty_pb2.Empty(), wait_for_ready=True) is not None


def test_S66_calls_above_the_in_flight_limit_are_refused(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, "[limits]\nmax_in_flight = 3\n", workers=1))
    with insecure(host) as channel:
        stub = probe_pb2_grpc.ProbeStub(channel)
        waiting = [stub.Wait.future(probe_pb2.Request()) for _ in range(3)]
        host.wait_metric(lambda value: value == 3, "probe_waiting")
        with pytest.raises(grpc.RpcError) as failed:
            stub.Caller(probe_pb2.Request())
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error_reason(failed.value) == "IN_FLIGHT_LIMIT"
        for call in waiting:
            call.cancel()
        host.wait_metric(lambda value: value == 0, "probe_waiting")
        assert stub.Caller(probe_pb2.Request()) is not None
    assert host.metric("meshhost_refusals_total", reason="IN_FLIGHT_LIMIT") == 1


def test_S25_exception_in_a_handler_is_internal_and_the_host_lives(probe_host):
    with insecure(probe_host) as channel:
        stub = probe_pb2_grpc.ProbeStub(channel)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Throw(probe_pb2.Request())
        assert failed.value.code() == grpc.StatusCode.INTERNAL
        stream = stub.ThrowInStream(probe_pb2.Request(messages=3))
        received = 0
        with pytest.raises(grpc.RpcError) as failed:
            for _ in stream:
                received += 1
        assert received == 3 and failed.value.code() == grpc.StatusCode.INTERNAL
        assert stub.Caller(probe_pb2.Request()) is not None


def test_S25_refusals_of_the_host_are_counted(shared_host):
    before = shared_host.metric("meshhost_refusals_total", reason="MALFORMED_MESSAGE") or 0
    with insecure(shared_host) as channel:
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/echo.v1.Echo/Unary")(b"\xff")
    shared_host.wait_metric(lambda value: value == before + 1, "meshhost_refusals_total",
                            reason="MALFORMED_MESSAGE")
    assert shared_host.metric("rpc_server_call_duration_seconds_count",
                              rpc_method="echo.v1.Echo/Unary",
                              rpc_status_code="INVALID_ARGUMENT") >= 1


@pytest.mark.parametrize("content_type, status", [("text/plain", None), ("application/json", None),
                                                  ("application/grpc+proto", "0"),
                                                  ("application/grpc;v=1", "0")])
def test_S02_content_types(shared_host, content_type, status):
    with Http2(shared_host.address()) as client:
        call = client.open([(":method", "POST"), (":scheme", "http"), (":authority", "test"),
                            (":path", "/echo.v1.Echo/Unary"), ("content-type", content_type),
                            ("te", "trailers")], end=False)
        client.send_all(call, prefixed(b""))
        stream = client.finish(call)
    assert stream.trailer("grpc-status") == status
    assert status is not None or stream.header(":status") in ("404", "415")


@pytest.mark.parametrize("body, name", [(b"", "no message"), (b"\0\0\0\0\5ab", "cut message"),
                                        (b"\2\0\0\0\0", "unknown flag"),
                                        (b"\1\0\0\0\0", "flag without encoding"),
                                        (b"\0\0\0\0\0" * 2, "two messages")])
def test_S02_violations_of_the_framing_are_internal(shared_host, body, name):
    with Http2(shared_host.address()) as client:
        call = client.grpc("/echo.v1.Echo/Unary", end=False)
        client.send_all(call, body)
        assert client.finish(call).trailer("grpc-status") in ("12", "13"), name
