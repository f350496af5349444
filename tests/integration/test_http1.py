# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1: curl for what is usual, bytes by hand for what is malformed."""
import json
import subprocess
import time

import pytest

from host_process import HostProcess
from raw_http1 import Connection, exchange
from settings import PATIENCE

HELLO = b"Hello, World!"
GET = "GET /echo HTTP/1.1\r\nHost: test\r\n"
POST = "POST /echo HTTP/1.1\r\nHost: test\r\n"
# Would be answered as a second request if the first were framed as its sender hopes.
SECOND = "GET /echo HTTP/1.1\r\nHost: second\r\n\r\n"


def curl(host, path, *arguments):
    """(status, headers as text, body)"""
    result = subprocess.run(["curl", "-s", "-i", "--max-time", "20", *arguments, host.url(path)],
                            stdout=subprocess.PIPE, check=True)
    head, _, body = result.stdout.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


def test_S05_curl_get_and_post(shared_host):
    status, head, body = curl(shared_host, "/echo")
    assert (status, body) == (200, HELLO)
    assert "content-type: text/plain" in head.lower()
    status, head, body = curl(shared_host, "/echo", "-d", "a=b", "-H", "Content-Type: text/x")
    assert (status, body) == (200, b"a=b")
    assert "content-type: text/x" in head.lower()


def test_S05_curl_sends_chunks(shared_host, tmp_path):
    (tmp_path / "body").write_bytes(b"x" * 200000)
    status, _, body = curl(shared_host, "/echo", "--data-binary", f"@{tmp_path}/body", "-H",
                           "Transfer-Encoding: chunked")
    assert (status, len(body)) == (200, 200000)


def test_S05_curl_reuses_its_connection(shared_host):
    result = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{num_connects}\n"] +
        [shared_host.url("/echo")] + ["-o", "/dev/null", shared_host.url("/echo")],
        stdout=subprocess.PIPE, check=True, text=True)
    assert result.stdout.split() == ["1", "0"]


def test_S05_problem_json_has_a_stable_code(shared_host):
    status, head, body = curl(shared_host, "/no/such/path")
    problem = json.loads(body)
    assert status == 404 and "application/problem+json" in head
    assert problem["status"] == 404 and problem["code"] == "ROUTE_NOT_FOUND"
    assert problem["instance"] == "/no/such/path" and problem["title"] == "Not Found"


@pytest.mark.parametrize("verb", ["DELETE", "PUT", "PATCH"])
def test_S36_405_lists_the_methods(shared_host, verb):
    with Connection(shared_host.address()) as client:
        answer = client.request(f"{verb} /echo", "Content-Length: 0")
    assert answer.status == 405
    allowed = {method.strip() for method in answer.headers["allow"].split(",")}
    assert allowed == {"GET", "HEAD", "OPTIONS", "POST"}


def test_S36_options_lists_the_methods(shared_host):
    with Connection(shared_host.address()) as client:
        answer = client.request("OPTIONS /v1/items/7")
        assert answer.status == 204
        allowed = {method.strip() for method in answer.headers["allow"].split(",")}
        assert allowed == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}
        assert client.request("OPTIONS *").status in (200, 204)
        assert client.request("OPTIONS /nowhere").status == 404


def test_S36_head_is_get_without_the_body(shared_host):
    with Connection(shared_host.address()) as client:
        answer = client.request("HEAD /echo", head_only=True)
        assert answer.status == 200 and answer.headers["content-length"] == "13"
        assert client.request("GET /echo").body == HELLO  # nothing of the body was left behind
        assert client.request("HEAD /nowhere", head_only=True).status == 404


def test_S36_parameters_literals_win_and_percent_encoding(shared_host):
    with Connection(shared_host.address()) as client:
        created = client.request("POST /v1/items", "Content-Type: application/json",
                                 "Content-Length: 13", body=b'{"name": "n"}')
        assert created.status == 201
        path = created.headers["location"]
        assert json.loads(client.request(f"GET {path}").body)["name"] == "n"
        number = path.rsplit("/", 1)[1]
        encoded = "".join(f"%{ord(digit):02X}" for digit in number)
        assert client.request(f"GET /v1/items/{encoded}").status == 200
        assert client.request("GET /v1/items/%zz").status == 400
        # "watch" is a WebSocket route, not the item of that name.
        assert client.request("GET /v1/items/watch").status in (404, 426)


def test_S05_pipelined_requests_are_answered_in_order(shared_host):
    with Connection(shared_host.address()) as client:
        client.send("".join(f"{POST}Content-Length: 4\r\n\r\n{i:04d}" for i in range(200)))
        assert [client.read().body for _ in range(200)] == [b"%04d" % i for i in range(200)]


def test_S05_pipelining_behind_a_slow_request(probe_host):
    with Connection(probe_host.address()) as client:
        client.send("GET /probe/sleep?ms=200 HTTP/1.1\r\nHost: t\r\n\r\n" + GET + "\r\n")
        assert [client.read().body, client.read().body] == [b"slept", HELLO]


def test_S05_byte_by_byte(shared_host):
    with Connection(shared_host.address()) as client:
        for byte in (POST + "Content-Length: 3\r\n\r\nabc").encode():
            client.send(bytes([byte]))
        assert client.read().body == b"abc"


def test_S05_connection_close_and_http_1_0(shared_host):
    for request in (GET + "Connection: close\r\n\r\n", "GET /echo HTTP/1.0\r\n\r\n"):
        answers, rest = exchange(shared_host.address(), request)
        assert answers[0].body == HELLO and rest == b""
    with Connection(shared_host.address()) as client:
        for _ in range(2):
            client.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert client.read().body == HELLO


def test_S05_expect_100_continue(shared_host):
    with Connection(shared_host.address()) as client:
        client.send(POST + "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert client.read().status == 100
        client.send(b"body")
        assert client.read().body == b"body"
        # Refused before the body: no 100, the final answer at once.
        client.send(POST + "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        assert client.read().status == 413


def test_S05_chunked_answer_of_a_stream(probe_host):
    with Connection(probe_host.address()) as client:
        answer = client.request("GET /probe/produce?bytes=1000&messages=50")
        assert answer.headers["transfer-encoding"] == "chunked" and len(answer.body) == 50000
        client.send("GET /probe/produce?bytes=10&messages=2 HTTP/1.0\r\nHost: t\r\n\r\n")
        head, _, body = client.rest().partition(b"\r\n\r\n")
        assert b"chunked" not in head.lower() and body == b"p" * 20


# name: (request, expected statuses); the connection must be closed without a second answer.
MALFORMED = {
    "two content-lengths": (POST + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SECOND, 400),
    "two equal content-lengths": (POST + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
    "content-length list": (POST + "Content-Length: 0, 44\r\n\r\n" + SECOND, 400),
    "content-length with te": (POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                               "\r\n" + SECOND, 400),
    "te with content-length": (POST + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n"
                               "\r\n" + SECOND, 400),
    "negative content-length": (POST + "Content-Length: -1\r\n\r\n" + SECOND, 400),
    "signed content-length": (POST + "Content-Length: +5\r\n\r\nabcde", 400),
    "hexadecimal content-length": (POST + "Content-Length: 0x5\r\n\r\nabcde", 400),
    "content-length with a blank": (POST + "Content-Length: 5 5\r\n\r\n" + SECOND, 400),
    "empty content-length": (POST + "Content-Length: \r\n\r\n" + SECOND, 400),
    "content-length overflow": (POST + "Content-Length: 18446744073709551617\r\n\r\n", 400),
    "te identity": (POST + "Transfer-Encoding: identity\r\n\r\n" + SECOND, (400, 501)),
    "te chunked twice": (POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "te fields twice": (POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
                        "0\r\n\r\n", (400, 501)),
    "te chunked not last": (POST + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", (400, 501)),
    "te obfuscated": (POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "te with vertical tab": (POST + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "te in 1.0": ("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "blank before colon": (POST + "Content-Length : 5\r\n\r\nabcde", 400),
    "blank in name": (POST + "X Y: 5\r\nContent-Length: 0\r\n\r\n", 400),
    "no colon": (GET + "Nonsense\r\n\r\n", 400),
    "empty name": (GET + ": value\r\n\r\n", 400),
    "nul in value": (GET + "X: a\0b\r\n\r\n", 400),
    "control in value": (GET + "X: a\x01b\r\n\r\n", 400),
    "cr in value": (GET + "X: a\rb\r\n\r\n", 400),
    "bare lf in request line": ("GET /echo HTTP/1.1\nHost: test\r\n\r\n", 400),
    "bare lf after field": ("GET /echo HTTP/1.1\r\nHost: test\n\r\n", 400),
    "bare lf at the end": (GET + "\n" + SECOND, 400),
    "obs-fold": (GET + "X: a\r\n b\r\n\r\n", 400),
    "fold in the first field": ("GET /echo HTTP/1.1\r\n Host: test\r\n\r\n", 400),
    "missing host": ("GET /echo HTTP/1.1\r\n\r\n", 400),
    "two hosts": (GET + "Host: other\r\n\r\n", 400),
    "malformed host": ("GET /echo HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "host with path": ("GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "no version": ("GET /echo\r\nHost: test\r\n\r\n", 400),
    "version 2.0": ("GET /echo HTTP/2.0\r\nHost: test\r\n\r\n", 505),
    "version 1.2": ("GET /echo HTTP/1.2\r\nHost: test\r\n\r\n", (400, 505)),
    "lower-case http": ("GET /echo http/1.1\r\nHost: test\r\n\r\n", 400),
    "two blanks": ("GET  /echo HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "tab": ("GET\t/echo HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "relative target": ("GET echo HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "control in target": ("GET /e\x01 HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "fragment": ("GET /echo#x HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "absolute target of another host": ("GET http://a/echo HTTP/1.1\r\nHost: b\r\n\r\n", 400),
    "connect": ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", (400, 405, 501)),
    "malformed method": ("G(T /echo HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "unknown expectation": (POST + "Expect: tea\r\nContent-Length: 0\r\n\r\n", 417),
    "garbage": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "bad chunk size": (POST + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "negative chunk size": (POST + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
    "chunk size overflow": (POST + "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n"
                            "0\r\n\r\n", (400, 413)),
    "chunk longer than said": (POST + "Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
                               400),
    "bare lf in chunk head": (POST + "Transfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", 400),
    "bare lf behind chunk": (POST + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\n0\r\n\r\n", 400),
    "framing in trailers": (POST + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n"
                            + SECOND, 400),
    "unknown coding": (POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_S05_malformed_request_is_refused_and_closed(shared_host, name):
    request, expected = MALFORMED[name]
    answers, rest = exchange(shared_host.address(), request)
    assert len(answers) == 1, rest
    assert answers[0].status in (expected if isinstance(expected, tuple) else (expected,))
    assert rest == b""
    assert answers[0].headers["connection"] == "close"


def test_S05_leading_empty_line_and_absolute_form_are_served(shared_host):
    with Connection(shared_host.address()) as client:
        client.send("\r\n" + GET + "\r\n")
        assert client.read().body == HELLO
        client.send("GET http://test/echo HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.read().body == HELLO
        client.send(POST + "Transfer-Encoding: Chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX: y\r\n\r\n")
        assert client.read().body == b"abc"


@pytest.fixture(scope="module")
def strict_host(tmp_path_factory):
    """Small limits and short times."""
    folder = tmp_path_factory.mktemp("strict")
    host = HostProcess(folder, HostProcess.probe_config(folder, """
[limits]
header_bytes = "4KiB"
header_count = 20
url_bytes = "256B"
http_body = "64KiB"
requests_per_connection = 5
[timeouts]
header_read = "300ms"
body_idle = "300ms"
request = "500ms"
http1_idle = "400ms"
write_idle = "500ms"
"""))
    host.start()
    yield host
    host.end()


def test_S66_header_limits_are_431(strict_host):
    for headers in ("X: " + "v" * 5000 + "\r\n", "".join(f"X{i}: v\r\n" for i in range(30))):
        answers, rest = exchange(strict_host.address(), GET + headers + "\r\n")
        assert (answers[0].status, rest) == (431, b"")
        assert json.loads(answers[0].body)["code"] == "HEADERS_TOO_LARGE"


def test_S66_endless_header_is_431_before_it_ends(strict_host):
    with Connection(strict_host.address()) as client:
        client.send(GET + "X: " + "v" * 8000)
        assert client.read().status == 431


def test_S66_long_target_is_414(strict_host):
    answers, rest = exchange(strict_host.address(),
                             f"GET /{'a' * 300} HTTP/1.1\r\nHost: t\r\n\r\n")
    assert (answers[0].status, rest) == (414, b"")


def test_S05_oversize_body_is_413_without_buffering(strict_host):
    with Connection(strict_host.address()) as client:
        client.send(POST + f"Content-Length: {1 << 30}\r\n\r\n")  # not one byte of it is sent
        answer = client.read()
        assert answer.status == 413 and json.loads(answer.body)["code"] == "BODY_TOO_LARGE"
        assert client.rest() == b""


def test_S05_oversize_chunked_body_is_413(strict_host):
    with Connection(strict_host.address()) as client:
        client.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + f"{70000:x}\r\n{'x' * 70000}\r\n")
        assert client.read().status == 413
        assert client.rest() == b""


def test_S66_body_of_the_limit_passes(strict_host):
    with Connection(strict_host.address()) as client:
        body = b"x" * 65536
        assert client.request("POST /echo", f"Content-Length: {len(body)}", body=body).body == body
        assert client.request("POST /echo", f"Content-Length: {len(body) + 1}").status == 413


def test_S05_slow_header_is_408(strict_host):
    begin = time.monotonic()
    answers, rest = exchange(strict_host.address(), "GET /echo HTTP/1.1\r\nHo")
    assert (answers[0].status, rest) == (408, b"")
    assert json.loads(answers[0].body)["code"] == "HEADER_TIMEOUT"
    assert 0.25 < time.monotonic() - begin < 3 * PATIENCE


def test_S05_trickling_header_is_408_all_the_same(strict_host):
    """slowloris: every piece is in time, the whole is not."""
    with Connection(strict_host.address()) as client:
        client.send("GET /echo HTTP/1.1\r\n")
        client.socket.settimeout(0.05)
        for i in range(200):
            try:
                client.send(f"X{i}: 1\r\n")
                answer = client.read()
                break
            except TimeoutError:
                continue
        assert i < 60 * PATIENCE and answer.status == 408


def test_S05_slow_body_is_408(strict_host):
    answers, rest = exchange(strict_host.address(), POST + "Content-Length: 10\r\n\r\nabc")
    assert (answers[0].status, rest) == (408, b"")
    assert json.loads(answers[0].body)["code"] == "BODY_TIMEOUT"


def test_S05_slow_module_is_504(strict_host):
    with Connection(strict_host.address()) as client:
        answer = client.request("GET /probe/wait")
        assert answer.status == 504 and json.loads(answer.body)["code"] == "DEADLINE_EXCEEDED"
    strict_host.wait_metric(lambda value: (value or 0) >= 1, "probe_cancelled_total",
                            why="deadline")


def test_S05_idle_connection_is_closed_without_an_answer(strict_host):
    with Connection(strict_host.address()) as client:
        assert client.request("GET /echo").body == HELLO
        assert client.rest() == b""
    strict_host.wait_metric(lambda value: value >= 1, "meshhost_connections_ended_total",
                            reason="timed_out")


def test_S05_connection_is_closed_after_its_requests(strict_host):
    with Connection(strict_host.address()) as client:
        answers = [client.request("GET /echo") for _ in range(5)]
        assert client.rest() == b""
    assert [answer.headers.get("connection") for answer in answers] == [None] * 4 + ["close"]


def test_S05_peer_that_leaves_cancels_its_request(probe_host):
    seen = probe_host.metric("probe_cancelled_total", why="peer") or 0
    with Connection(probe_host.address()) as client:
        client.send("GET /probe/wait HTTP/1.1\r\nHost: t\r\n\r\n")
        probe_host.wait_metric(lambda value: value == 1, "probe_waiting")
    probe_host.wait_metric(lambda value: (value or 0) == seen + 1, "probe_cancelled_total",
                           why="peer")


def test_S25_exception_in_a_rest_handler_is_500(probe_host):
    with Connection(probe_host.address()) as client:
        answer = client.request("GET /probe/throw")
        assert answer.status == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert client.request("GET /echo").body == HELLO
