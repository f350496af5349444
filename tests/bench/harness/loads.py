# SPDX-License-Identifier: Apache-2.0
"""The load generators: each function runs one for a given time and answers a Sample.

Every load proves that the answers were answers: wrk and h2load by status and byte counts, our own
two by comparing each byte and by the final gRPC status. An error in a sample fails the bench.
"""

import dataclasses
import json
import os
import re

from . import processes
from .processes import BenchError

_GRACE_SECONDS = 30
BODY = b"Hello, World!"
# echo.v1.EchoRequest with its payload set, 13 bytes as well: hosts that validate must accept it.
ECHO_REQUEST = b"\x0a\x0bHello World"


@dataclasses.dataclass
class Sample:
    """What one load run counted: operations done in `seconds`, and their latencies."""
    count: int
    seconds: float
    p50_us: float
    p99_us: float


def _run(argv, seconds):
    code, out, err = processes.run_load(argv, seconds + _GRACE_SECONDS)
    if code != 0:
        raise BenchError(f"{os.path.basename(argv[0])} ended with {code}: {out} {err}".strip())
    return out


def _json_sample(argv, seconds):
    result = json.loads(_run(argv, seconds))
    if result["count"] == 0:
        raise BenchError(f"{os.path.basename(argv[0])}: nothing was answered")
    return Sample(result["count"], result["seconds"], result["p50_us"], result["p99_us"])


def bidi_streams(tools, port, connections, streams, window, seconds):
    """Counts messages echoed over `connections` x `streams` streams, `window` outstanding on each."""
    return _json_sample([tools.stream_load, str(port), "/echo.v1.Echo/Bidi", str(connections),
                         str(streams), str(window), str(seconds)], seconds)


def tls_visits(tools, port, path, mode, version, clients, seconds):
    """Counts handshakes; `mode` is full or resumed, `version` 1.2 or 1.3."""
    return _json_sample([tools.tls_load, str(port), path, mode, version, str(clients),
                         str(seconds)], seconds)


_WRK_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7}


def _wrk_latency(out, percent):
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)$", out, re.MULTILINE)
    if found is None:
        raise BenchError(f"wrk: no {percent}% latency in: {out}")
    return float(found[1]) * _WRK_UNITS[found[2]]


def http1_get(port, path, connections, seconds):
    """wrk: keep-alive GETs, one outstanding on each connection."""
    out = _run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                f"http://127.0.0.1:{port}{path}"], seconds)
    found = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m),", out)
    trouble = re.search(r"Non-2xx.*|Socket errors.*", out)
    if found is None or trouble is not None:
        raise BenchError(f"wrk: {trouble[0] if trouble else out}")
    return Sample(int(found[1]), float(found[2]) * _WRK_UNITS[found[3]] / 1e6,
                  _wrk_latency(out, 50), _wrk_latency(out, 99))


def _h2load(arguments, url, reply_bytes, connections, streams, seconds, directory):
    latencies_path = os.path.join(directory, "h2load.log")
    if os.path.exists(latencies_path):
        os.unlink(latencies_path)
    out = _run(["h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{seconds}",
                f"--log-file={latencies_path}", *arguments, url], seconds)
    requests = re.search(r"requests: .* (\d+) done, (\d+) succeeded, (\d+) failed", out)
    elapsed = re.search(r"finished in ([\d.]+)(us|ms|s|m),", out)
    data = re.search(r"headers .*\((\d+)\) data", out) or re.search(r", [\d.]+\w+ \((\d+)\) data",
                                                                     out)
    if requests is None or elapsed is None or data is None:
        raise BenchError(f"h2load: not understood: {out}")
    done, succeeded, failed = map(int, requests.groups())
    # Requests cut by the end of the run may have left bytes of their answers behind.
    if succeeded == 0 or failed != 0 or int(data[1]) < succeeded * reply_bytes:
        raise BenchError(f"h2load: {done} done, {succeeded} succeeded, {failed} failed, "
                         f"{data[1]} bytes of data where each answer has {reply_bytes}")
    p50, p99 = _h2load_latencies(latencies_path)
    return Sample(succeeded, float(elapsed[1]) * _WRK_UNITS[elapsed[2]] / 1e6, p50, p99)


def _h2load_latencies(path):
    """h2load logs every request: start, status, duration in microseconds."""
    with open(path, encoding="ascii") as log:
        durations = sorted(int(line.rsplit("\t", 1)[1]) for line in log)
    os.unlink(path)
    return durations[len(durations) // 2], durations[len(durations) * 99 // 100]


def http2_get(port, path, connections, streams, seconds, directory):
    """h2load: GETs with prior knowledge, `streams` outstanding on each connection."""
    return _h2load([], f"http://127.0.0.1:{port}{path}", len(BODY), connections, streams, seconds,
                   directory)


def grpc_unary(port, connections, streams, seconds, directory, per_second=None):
    """h2load: unary calls of one small message, as fast as they go or at a fixed rate."""
    message = b"\0" + len(ECHO_REQUEST).to_bytes(4, "big") + ECHO_REQUEST
    body_path = os.path.join(directory, "unary.body")
    with open(body_path, "wb") as body:
        body.write(message)
    rate = [] if per_second is None else [f"--rps={per_second / connections:.0f}"]
    return _h2load(["-d", body_path, "-H", "content-type: application/grpc", "-H", "te: trailers",
                    *rate],
                   f"http://127.0.0.1:{port}/echo.v1.Echo/Unary", len(message), connections, streams,
                   seconds, directory)
