# SPDX-License-Identifier: Apache-2.0
"""What the host refuses for its head alone passes the filter chain like everything else: it is in
the access log and in the request metrics, and its answer carries the reason."""
import json
import time

import grpc
import pytest

from host_process import HostProcess
from raw_http1 import Connection
from raw_http2 import Http2
from settings import PATIENCE
from stubs import ECHO, echo_pb2_grpc, insecure

LARGE = [(f"x-{i}", "v" * 1000) for i in range(70)]


@pytest.fixture(name="logging_host")
def fixture_logging_host(start_host, tmp_path):
    access = tmp_path / "access.log"
    host = start_host(HostProcess.probe_config(
        tmp_path, f'[access_log]\noutput = "file:{access}"\nflush_interval = "10ms"\n'))
    host.access = access
    return host


def logged(host, reason):
    """The record of the access log with that reason."""
    deadline = time.monotonic() + 10 * PATIENCE
    while True:
        lines = host.access.read_text().splitlines() if host.access.exists() else []
        for record in map(json.loads, lines):
            if record.get("reason") == reason:
                return record
        assert time.monotonic() < deadline, lines
        time.sleep(0.02)


@pytest.mark.parametrize("request_text, status, reason", [
    ("GET /echo HTTP/1.1\r\n\r\n", 400, "MALFORMED_REQUEST"),
    ("GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: t\r\n\r\n", 414, "TARGET_TOO_LONG"),
    ("GET /echo HTTP/1.1\r\nHost: t\r\n" + "".join(f"{n}: {v}\r\n" for n, v in LARGE) + "\r\n",
     431, "HEADERS_TOO_LARGE"),
    ("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
     400, "MALFORMED_REQUEST"),
])
def test_S25_http1_refusal_is_logged_and_counted(logging_host, request_text, status, reason):
    with Connection(logging_host.address()) as client:
        client.send(request_text)
        answer = client.read()
        assert answer.status == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["code"] == reason
        assert client.rest() == b""
    record = logged(logging_host, reason)
    assert record["status"] == status and record["proto"] == "http/1.1"
    logging_host.wait_metric(lambda value: value == 1, "http_server_request_duration_seconds_count",
                             http_response_status_code=str(status))


def test_S25_http2_refusal_is_logged_and_counted(logging_host):
    with Http2(logging_host.address()) as client:
        stream = client.get("/echo", *LARGE)
        assert stream.header(":status") == "431"
        assert json.loads(stream.data)["code"] == "HEADERS_TOO_LARGE"
        assert client.get("/echo").header(":status") == "200"
    record = logged(logging_host, "HEADERS_TOO_LARGE")
    assert record["status"] == 431 and record["proto"] == "http/2" and record["path"] == "/echo"
    logging_host.wait_metric(lambda value: value == 1, "http_server_request_duration_seconds_count",
                             http_response_status_code="431")


def test_S25_grpc_refusal_is_logged_and_counted(logging_host):
    with insecure(logging_host) as channel:
        stub = echo_pb2_grpc.EchoStub(channel)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Unary(ECHO(payload=b"x"), metadata=LARGE)
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    record = logged(logging_host, "HEADERS_TOO_LARGE")
    assert record["proto"] == "grpc" and record["grpc_code"] == "RESOURCE_EXHAUSTED"
    logging_host.wait_metric(lambda value: value == 1, "rpc_server_call_duration_seconds_count",
                             rpc_status_code="RESOURCE_EXHAUSTED")


def test_S25_grpc_method_asked_without_grpc_is_415(logging_host):
    with Http2(logging_host.address()) as client:
        stream = client.get("/echo.v1.Echo/Unary", method="POST")
        assert stream.header(":status") == "415"
        assert json.loads(stream.data)["code"] == "UNSUPPORTED_MEDIA_TYPE"
