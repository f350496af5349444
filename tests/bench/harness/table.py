# SPDX-License-Identifier: Apache-2.0
"""The table of benches: what is compared with what, under which load, and the goal.

Goals are the project's (tests/bench/README.md lists them with the load shapes). A ratio is ours over
the peer's, operations per CPU-second of the server.
"""

import dataclasses
from collections.abc import Callable

from . import loads
from .reloading import ReloadedHost
from .servers import BuiltinEcho, GrpcPeer, GrpcTlsPeer, Host, Nginx


@dataclasses.dataclass(frozen=True)
class Versus:
    """Two servers, one load. `load(run, server)` answers a Sample; `run` is a run.Run."""
    name: str
    title: str
    unit: str
    ours: type
    peer: type
    load: Callable
    goal: float
    p99_not_above: bool = False
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Idle:
    """Memory of idle connections. The peer is for comparison; the goal is ours alone."""
    name: str
    title: str
    server: type
    port: str
    protocol: str
    tls: bool
    goal_bytes: int = 0
    path: str = ""


@dataclasses.dataclass(frozen=True)
class Start:
    """Start to ready and idle memory."""
    name: str
    title: str
    server: type
    goal_milliseconds: float = 0
    goal_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class Reload:
    """Reloads under load, the module upgraded each time: none may fail a request."""
    name: str
    title: str
    server: type
    count: int
    goal_p99_ratio: float
    goal_growth_bytes: int


class HostWithThreeModules(Host):
    """What `packaging/quickstart run` starts."""

    title = "meshhost, three modules"
    modules = ("catalog", "echo", "interop")


def _unary(connections, streams):
    return lambda run, server: loads.grpc_unary(
        server.ports["grpc"], connections, streams, run.seconds, run.directory)


def _bidi(connections, streams, window):
    return lambda run, server: loads.bidi_streams(
        run.tools, server.ports["grpc"], connections, streams, window, run.seconds)


def _http1(connections, path=None):
    def load(run, server):
        target = path if path and isinstance(server, Nginx) else server.rest_path
        return loads.http1_get(server.ports["http1"], target, connections, run.seconds)
    return load


def _http2(connections, streams):
    return lambda run, server: loads.http2_get(
        server.ports["http2"], server.rest_path, connections, streams, run.seconds, run.directory)


def _tls(mode, version, clients):
    return lambda run, server: loads.tls_visits(
        run.tools, server.ports["https"], server.rest_path, mode, version, clients, run.seconds)


VERSUS = (
    Versus("grpc-unary", "gRPC unary, 10 connections x 10 calls", "calls", Host, GrpcPeer,
           _unary(10, 10), 4.0, p99_not_above=True),
    Versus("grpc-unary-deep", "gRPC unary, 10 connections x 100 calls", "calls", Host, GrpcPeer,
           _unary(10, 100), 4.0, p99_not_above=True),
    Versus("grpc-bidi", "gRPC bidi, 4 connections x 16 streams x 8 messages", "messages", Host,
           GrpcPeer, _bidi(4, 16, 8), 4.0),
    Versus("abi-unary", "gRPC unary through the ABI, 10 x 10", "calls", Host, BuiltinEcho,
           _unary(10, 10), 0.95, note="peer: the same handler compiled in"),
    Versus("abi-bidi", "gRPC bidi through the ABI, 4 x 16 x 8", "messages", Host, BuiltinEcho,
           _bidi(4, 16, 8), 0.95, note="peer: the same handler compiled in"),
    Versus("rest-http1", "REST GET 13 B over HTTP/1.1, 64 connections", "requests", Host, Nginx,
           _http1(64), 1.0,
           note="nginx `return 200` answers before its limit_req phase: it does less than we do"),
    Versus("rest-http1-limited", "the same, limit_req in force", "requests", Host, Nginx,
           _http1(64, "/file"), 1.0, note="nginx serves the 13 bytes from an open file"),
    Versus("rest-http2", "REST GET 13 B over HTTP/2, 10 connections x 10", "requests", Host, Nginx,
           _http2(10, 10), 1.0),
    Versus("tls13-full", "TLS 1.3 full handshake and one GET", "handshakes", Host, Nginx,
           _tls("full", "1.3", 32), 1.0),
    Versus("tls13-resumed", "TLS 1.3 resumed handshake and one GET", "handshakes", Host, Nginx,
           _tls("resumed", "1.3", 32), 1.0),
    Versus("tls12-full", "TLS 1.2 full handshake and one GET", "handshakes", Host, Nginx,
           _tls("full", "1.2", 32), 1.0),
    Versus("tls12-resumed", "TLS 1.2 resumed handshake and one GET", "handshakes", Host, Nginx,
           _tls("resumed", "1.2", 32), 1.0),
)

IDLE = (
    Idle("idle-http1", "HTTP/1.1", Host, "http1", "http1", False, 8 << 10),
    Idle("idle-http1", "HTTP/1.1", Nginx, "http1", "http1", False),
    Idle("idle-http2", "HTTP/2 GET", Host, "http2", "http2", False, 8 << 10),
    Idle("idle-http2", "HTTP/2 GET", Nginx, "http2", "http2", False),
    Idle("idle-grpc", "gRPC", Host, "grpc", "grpc", False, 8 << 10, "/echo.v1.Echo/Unary"),
    Idle("idle-grpc", "gRPC", GrpcPeer, "grpc", "grpc", False, 0, "/echo.v1.Echo/Unary"),
    Idle("idle-http1-tls", "HTTP/1.1, TLS", Host, "https", "http1", True, 25 << 10),
    Idle("idle-http1-tls", "HTTP/1.1, TLS", Nginx, "https", "http1", True),
    Idle("idle-http2-tls", "HTTP/2 GET, TLS", Host, "https2", "http2", True, 25 << 10),
    Idle("idle-http2-tls", "HTTP/2 GET, TLS", Nginx, "https2", "http2", True),
    Idle("idle-grpc-tls", "gRPC, TLS", Host, "grpc_tls", "grpc", True, 25 << 10,
         "/echo.v1.Echo/Unary"),
    Idle("idle-grpc-tls", "gRPC, TLS", GrpcTlsPeer, "grpc_tls", "grpc", True, 0,
         "/echo.v1.Echo/Unary"),
)

START = (
    Start("start", "three modules", HostWithThreeModules, 100, 40 << 20),
    Start("start", "", Nginx),
)

RELOAD = (
    Reload("reload", "module upgraded under 50 % load", ReloadedHost, 100, 2.0, 1 << 20),
)

NAMES = tuple(dict.fromkeys(row.name for row in (*VERSUS, *IDLE, *START, *RELOAD)))
