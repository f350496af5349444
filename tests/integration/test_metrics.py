# SPDX-License-Identifier: Apache-2.0
"""/metrics: judged by promtool and by a real Prometheus; labels stay few whatever peers send."""
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import grpc
import pytest

from host_process import HostProcess
from raw_http1 import Connection
from raw_http2 import Http2
from settings import PATIENCE
from stubs import ECHO, echo_pb2_grpc, insecure

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture(scope="module")
def busy_host(tmp_path_factory):
    """A host on which everything has happened once."""
    folder = tmp_path_factory.mktemp("busy")
    host = HostProcess(folder, HostProcess.probe_config(folder))
    host.start()
    with Connection(host.address()) as client:
        client.request("GET /echo")
        client.request("GET /nowhere")
        client.request("DELETE /echo")
        client.request("POST /echo", "Content-Length: 3", body=b"abc")
        client.request("GET /probe/throw")
    with insecure(host) as channel:
        stub = echo_pb2_grpc.EchoStub(channel)
        stub.Unary(ECHO(payload=b"x" * 100))
        list(stub.ServerStream(ECHO(count=10)))
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/no.such/Method")(b"")
    yield host
    host.end()


def test_S17_text_is_clean_under_promtool(busy_host):
    status, headers, body = busy_host.admin("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    result = subprocess.run(["promtool", "check", "metrics"], input=body, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0 and result.stdout == "", result.stdout


def test_S17_openmetrics_when_asked_for(busy_host):
    _, headers, body = busy_host.admin("/metrics", {"Accept": f"{OPENMETRICS},text/plain;q=0.5"})
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith("# EOF\n")
    # Counters are declared without their suffix, and each family in one block.
    families = re.findall(r"^# TYPE (\S+) counter$", body, re.MULTILINE)
    assert families and not [family for family in families if family.endswith("_total")]
    everything = re.findall(r"^# TYPE (\S+) ", body, re.MULTILINE)
    assert len(everything) == len(set(everything))


def test_S17_rate_errors_and_duration_by_route_and_method(busy_host):
    count = "http_server_request_duration_seconds_count"
    busy_host.wait_metric(lambda value: value == 1, count, http_route="/echo",
                          http_request_method="POST", http_response_status_code="200",
                          module="echo")
    assert busy_host.metric(count, http_route="/probe/throw", http_response_status_code="500",
                            module="probe") == 1
    assert busy_host.metric(count, http_response_status_code="404") == 1
    assert busy_host.metric(count, http_response_status_code="405") == 1
    calls = "rpc_server_call_duration_seconds_count"
    assert busy_host.metric(calls, rpc_method="echo.v1.Echo/Unary", rpc_status_code="OK",
                            module="echo") == 1
    assert busy_host.metric(calls, rpc_method="_OTHER", rpc_status_code="UNIMPLEMENTED") == 1
    assert busy_host.metric("rpc_server_response_messages_total",
                            rpc_method="echo.v1.Echo/ServerStream") == 10
    assert busy_host.metric("rpc_server_request_bytes_total",
                            rpc_method="echo.v1.Echo/Unary") > 100
    for protocol, result in (("http", "ok"), ("http", "client_error"), ("http", "server_error"),
                             ("grpc", "ok")):
        assert busy_host.metric("meshhost_listener_call_duration_seconds_count", listener="plain",
                                protocol=protocol, result=result), (protocol, result)


def test_S17_durations_are_those_of_the_calls(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path))
    with Connection(host.address()) as client:
        client.request("GET /probe/sleep?ms=300")
    host.wait_metric(lambda value: value == 1, "http_server_request_duration_seconds_count",
                     http_route="/probe/sleep")
    total = host.metric("http_server_request_duration_seconds_sum", http_route="/probe/sleep")
    assert 0.29 < total < 0.3 + 0.5 * PATIENCE
    assert host.metric("http_server_request_duration_seconds_bucket", http_route="/probe/sleep",
                       le="0.25") == 0
    assert host.metric("http_server_request_duration_seconds_bucket", http_route="/probe/sleep",
                       le="+Inf") == 1


def test_S17_active_requests_go_up_and_down(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path))
    with Connection(host.address()) as client:
        client.send("GET /probe/wait HTTP/1.1\r\nHost: t\r\n\r\n")
        host.wait_metric(lambda value: value == 1, "http_server_active_requests",
                         http_route="/probe/wait")
    host.wait_metric(lambda value: value == 0, "http_server_active_requests",
                     http_route="/probe/wait")


def series(host):
    _, _, body = host.admin("/metrics")
    return {line.rsplit(" ", 1)[0] for line in body.splitlines() if not line.startswith("#")}


def attack(host, tag):
    """Peers choose paths, methods, hosts, versions of everything."""
    for i in range(100):
        with Connection(host.address()) as client:
            client.send(f"GET /{tag}{i}/x?y={i} HTTP/1.1\r\nHost: {tag}{i}\r\n"
                        f"User-Agent: {tag}{i}\r\n\r\n")
            client.read()
            client.send(f"{tag.upper()}{i} /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            client.rest()
    with Http2(host.address()) as client:
        for i in range(100):
            client.finish(client.grpc(f"/{tag}.Service{i}/Method{i}", messages=[b""]))
            client.finish(client.grpc(f"/echo.v1.Echo/{tag}{i}", messages=[b""]))
            client.get(f"/{tag}/{i}", method=f"{tag.upper()}{i}")
            client.get(f"/v1/items/{i}")


def test_S17_labels_are_bounded_under_hostile_paths(start_host, tmp_path):
    """The second wave, with other names, adds not one series to the first."""
    host = start_host(HostProcess.probe_config(tmp_path))
    attack(host, "hostilea")
    before = series(host)
    attack(host, "hostileb")
    after = series(host)
    assert after == before
    assert not [line for line in after if "hostile" in line.lower()]


def test_S17_series_above_the_cap_are_gathered(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, "[metrics]\nmax_series_per_family = 20\n"))
    with Connection(host.address()) as client:
        for path in ("/echo", "/probe/throw", "/probe/sleep", "/nowhere", "/probe/block"):
            for method in ("GET", "POST", "DELETE", "PUT"):
                client.request(f"{method} {path}", "Content-Length: 0")
    assert len([line for line in series(host)
                if line.startswith("http_server_request_duration_seconds_count")]) <= 21
    assert host.metric("process_open_fds") > 0  # families without labels are untouched


def test_S17_metrics_of_a_module_carry_its_name(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path))
    with Connection(host.address()) as client:
        client.request("GET /probe/produce?bytes=100&messages=7")
    host.wait_metric(lambda value: value == 700, "probe_produced_bytes_total", module="probe")


def test_S67_process_and_build_are_described(busy_host):
    assert busy_host.metric("meshhost_build_info") == 1
    assert busy_host.metric("meshhost_module_info", module="echo", version="1.0.0") == 1
    assert busy_host.metric("process_resident_memory_bytes") > 1 << 20
    assert abs(busy_host.metric("process_start_time_seconds") - time.time()) < 600
    first = [busy_host.metric("meshhost_worker_turns_total", worker=i) for i in range(2)]
    busy_host.wait_metric(lambda value: value > first[0], "meshhost_worker_turns_total", worker=0)
    busy_host.wait_metric(lambda value: value > first[1], "meshhost_worker_turns_total", worker=1)


def test_S17_admin_answers_while_workers_are_busy(start_host, tmp_path):
    """Handlers that block all pool threads and a worker that is kept busy do not stop a scrape."""
    host = start_host(HostProcess.probe_config(tmp_path, workers=1))
    clients = [Connection(host.address()) for _ in range(8)]
    for client in clients:
        client.send("GET /probe/block?ms=1000 HTTP/1.1\r\nHost: t\r\n\r\n")
    begin = time.monotonic()
    assert host.admin("/metrics")[0] == 200
    assert time.monotonic() - begin < 0.9 * PATIENCE
    for client in clients:
        assert client.read().body == b"blocked"
        client.close()


def test_S17_admin_is_read_only_and_knows_its_name(busy_host):
    address = busy_host.address("admin")
    with Connection(address) as client:
        assert client.request("POST /metrics", "Content-Length: 0").status in (405, 421)
    with Connection(address) as client:
        client.send("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert client.read().status == 421  # DNS rebinding
    assert busy_host.admin("/nowhere")[0] == 404


@pytest.fixture
def prometheus(busy_host, tmp_path):
    """A Prometheus that scrapes the host; gives a function that asks it."""
    probe = socket.create_server(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    config = tmp_path / "prometheus.yml"
    config.write_text(json.dumps({
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "meshhost", "static_configs": [
            {"targets": [busy_host.target("admin")]}]}]}))
    log = open(tmp_path / "log", "wb")
    process = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
         f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

    def ask(query, predicate, seconds=60):
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        deadline = time.monotonic() + seconds * PATIENCE
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    result = json.load(answer)["data"]["result"]
            except (OSError, urllib.error.URLError):
                result = []
            if predicate(result):
                return result
            assert time.monotonic() < deadline and process.poll() is None, result
            time.sleep(0.1)

    yield ask
    process.terminate()
    process.wait(30)
    log.close()


def test_S17_a_real_prometheus_scrapes_and_computes(prometheus):
    up = prometheus('up{job="meshhost"}', lambda result: result and result[0]["value"][1] == "1")
    assert len(up) == 1
    prometheus('sum(rpc_server_call_duration_seconds_count{rpc_method="echo.v1.Echo/Unary"})',
               lambda result: result and float(result[0]["value"][1]) == 1)
    prometheus("histogram_quantile(0.9, sum by (le) (http_server_request_duration_seconds_bucket))",
               lambda result: result and float(result[0]["value"][1]) > 0)
