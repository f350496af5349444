# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared. Each class starts one on free loopback ports in a directory of its
own, and waits until it answers. Settings that cost something are equal on both sides: one worker,
access log to a file through a 64 KiB buffer, keep-alive without a request limit, one key.
"""

import http.client
import os
import shutil
import socket
import ssl
import subprocess

from . import processes
from .loads import BODY
from .processes import BenchError

_HERE = os.path.dirname(os.path.abspath(__file__))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _template(name, values):
    with open(os.path.join(_HERE, "..", "templates", name), encoding="utf-8") as file:
        text = file.read()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


def make_certificate(directory):
    """A P-256 key and a certificate for localhost, used by every server of the run."""
    certificate, key = (os.path.join(directory, name) for name in ("server.crt", "server.key"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=30)
    return certificate, key


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def check_get(port, path, tls):
    """One GET by a client that is no load generator; BenchError unless it is our 13 bytes."""
    if tls:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=5, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or body != BODY:
        raise BenchError(f"GET {path}: {answer.status} {body!r}")


class Server:
    """What all servers have: a directory, a process, ports by purpose, logs to cut between runs.

    ports: "grpc" (plaintext h2 with the echo service), "grpc_tls", "http1", "http2", "https".
    """

    title = ""
    rest_path = "/"
    ready_seconds = 10

    def __init__(self, tools, directory, certificate):
        self.tools = tools
        self.directory = os.path.join(directory, type(self).__name__)
        self.certificate, self.key = certificate
        self.ports = {}
        self.child = None
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def argv(self):
        raise NotImplementedError

    def spawn(self, group):
        self.child = group.start_server(self.argv(), self.path("output.log"))

    def start(self, group):
        self.spawn(group)
        for purpose, port in self.ports.items():
            try:
                processes.wait_until(lambda: not self.child.alive() or accepts(port),
                                     self.ready_seconds, f"{self.title}: {purpose} port")
            except BenchError as error:
                raise BenchError(f"{error}: {self.child.last_words()}") from error
            if not self.child.alive():
                raise BenchError(f"{self.title} ended: {self.child.last_words()}")
        return self

    def cut_access_log(self):
        """Empties the access log, and answers how many lines it had."""
        access_log = self.path("access.log")
        if not os.path.exists(access_log):
            return 0
        with open(access_log, "rb") as file:
            lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
        os.truncate(access_log, 0)
        return lines


class GrpcPeer(Server):
    """The bare gRPC C++ server."""

    title = "gRPC C++ 1.51 async generic"

    def __init__(self, tools, directory, certificate):
        super().__init__(tools, directory, certificate)
        self.ports = {"grpc": free_port()}

    def argv(self):
        return [self.tools.grpc_echo_server, str(self.ports["grpc"])]


class GrpcTlsPeer(Server):
    """The same behind TLS."""

    title = "gRPC C++ 1.51 async generic, TLS"

    def __init__(self, tools, directory, certificate):
        super().__init__(tools, directory, certificate)
        self.ports = {"grpc_tls": free_port()}

    def argv(self):
        return [self.tools.grpc_echo_server, str(self.ports["grpc_tls"]), self.certificate, self.key]


class Nginx(Server):
    """nginx with one worker; `return 200`, or a small file behind limit_req at /file."""

    title = "nginx"

    def __init__(self, tools, directory, certificate):
        super().__init__(tools, directory, certificate)
        self.ports = {name: free_port() for name in ("http1", "http2", "https", "https2")}
        with open(self.path("file"), "wb") as file:
            file.write(BODY)
        with open(self.path("nginx.conf"), "w", encoding="utf-8") as config:
            config.write(_template("nginx.conf", {
                "DIRECTORY": self.directory, "USER": "user root;" if os.geteuid() == 0 else "",
                "BODY": BODY.decode(), "CERTIFICATE": self.certificate, "KEY": self.key,
                **{name.upper(): port for name, port in self.ports.items()}}))

    def argv(self):
        return [self.tools.nginx, "-p", self.directory, "-e", self.path("error.log"), "-c",
                self.path("nginx.conf")]


class Host(Server):
    """meshhost with the echo module and its default chain, access log included."""

    title = "meshhost"
    template = "meshhost.toml"
    rest_path = "/echo"
    modules = ("echo",)

    def __init__(self, tools, directory, certificate):
        super().__init__(tools, directory, certificate)
        plain, tls = free_port(), free_port()
        self.ports = {"grpc": plain, "http1": plain, "http2": plain,
                      "https": tls, "https2": tls, "grpc_tls": tls, "admin": free_port()}
        os.makedirs(self.path("run"), exist_ok=True)
        with open(self.path("meshhost.toml"), "w", encoding="utf-8") as config:
            config.write(_template(self.template, {
                "DIRECTORY": self.directory, "PLAIN": plain, "TLS": tls,
                "ADMIN": self.ports["admin"], "CERTIFICATE": self.certificate, "KEY": self.key,
                "MODULES": "\n".join(self._module_table(name) for name in self.modules)}))

    def _module_table(self, name):
        # As config/dev.toml has it: catalog keeps its rows in a database of its own.
        own = f'''allowed_libraries = ["libsqlite3.so.0"]
[module.config]
database = "{self.path("catalog.db")}"
''' if name == "catalog" else ""
        return f'[[module]]\nname = "{name}"\npath = "{self.tools.modules[name]}"\n{own}'

    def argv(self):
        return [self.tools.meshhost, "run", "--config", self.path("meshhost.toml")]


class BuiltinEcho(Host):
    """The host's own libraries with the echo handler compiled in: no module, no ABI."""

    title = "meshhost, echo compiled in"
    modules = ()

    def __init__(self, tools, directory, certificate):
        super().__init__(tools, directory, certificate)
        del self.ports["admin"]  # it has no admin server

    def argv(self):
        return [self.tools.builtin_echo, self.path("meshhost.toml")]
