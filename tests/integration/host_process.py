# SPDX-License-Identifier: Apache-2.0
"""A host process under test."""
import fcntl
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

from settings import MESHHOST, MODULES, PATIENCE, TEST_MODULES

START_SECONDS = 20
STOP_SECONDS = 40


def toml(value):
    if isinstance(value, (bool, int)):
        return str(value).lower()
    return value if value.startswith("[") else json.dumps(value)


def meshhost(*arguments, seconds=30, **options):
    """Runs a subcommand to its end; stdout and stderr are text."""
    return subprocess.run([str(MESHHOST), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=seconds * PATIENCE, **options)


class HostProcess:
    """Runs `meshhost run` with a configuration in a folder of its own.

    host.address("name")   (ip, port) of a listener, or a path for unix sockets
    host.admin(path)       (status, headers, body) from the admin server
    host.logs              list of log records (dicts) so far
    host.wait_log(text)    the first record whose text contains it, from now or before
    host.stop()            SIGTERM and wait; returns the exit code
    """

    def __init__(self, folder, config, env=None, arguments=(), sockets=(), launcher=(),
                 binary=MESHHOST):
        """`sockets`: (name, socket) pairs, passed as a service manager passes them. `launcher`: what
        the command line of the host is the argument of."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "meshhost.toml"
        self.config.write_text(config)
        self.env = env
        self.arguments = list(arguments)
        self.sockets = list(sockets)
        self.launcher = list(launcher)
        self.binary = binary
        self.process = None
        self.logs = []
        self._changed = threading.Condition()
        self._ended = False

    @staticmethod
    def base_config(folder, extra="", workers=2, drain='delay = "0s"', plain="", host=""):
        """Plaintext listener "plain", admin, run directory; JSON log on stdout. `drain`, `plain`
        and `host` are further keys of those tables."""
        return f"""
[host]
workers = {workers}
run_directory = "{folder}/run"
{host}
[admin]
address = "127.0.0.1:0"
[drain]
{drain}
[log]
output = "stdout"
format = "json"
[[listener]]
name = "plain"
address = "127.0.0.1:0"
{plain}
{extra}
"""

    @staticmethod
    def module_config(name, path=None, **keys):
        """A [[module]] table; values that begin like an array are TOML already."""
        lines = [f'[[module]]\nname = "{name}"', f'path = "{path or MODULES / (name + ".so")}"']
        lines += [f"{key} = {toml(value)}" for key, value in keys.items()]
        return "\n".join(lines) + "\n"

    @classmethod
    def probe_config(cls, folder, extra="", **base):
        """Modules echo and probe on the plaintext listener."""
        modules = cls.module_config("echo") + cls.module_config("probe", TEST_MODULES / "probe.so")
        return cls.base_config(folder, modules + extra, **base)

    @classmethod
    def sample_config(cls, pki, folder):
        """Everything that the samples need, as config/dev.toml has it but on free ports."""
        tls = f"""
[listener.tls]
certificate = "{pki}/server.crt"
key = "{pki}/server.key"
client_ca = "{pki}/ca.crt"
client_auth = "request"
"""
        listeners = f"""
[[listener]]
name = "tls"
address = "127.0.0.1:0"
{tls}
[[listener]]
name = "ipv6"
address = "[::1]:0"
[[listener]]
name = "unix"
address = "unix:{folder}/sock"
"""
        modules = (cls.module_config("echo") +
                   cls.module_config("interop") +
                   cls.module_config("catalog", allowed_libraries='["libsqlite3.so.0"]') +
                   '[module.config]\ndatabase = ":memory:"\n')
        return cls.base_config(folder, listeners + modules)

    def start(self, wait_ready=True):
        (self.folder / "run").mkdir(exist_ok=True)
        env = dict(os.environ, **(self.env or {}))
        command = [*self.launcher, str(self.binary), "run", "--config", str(self.config),
                   *self.arguments]
        options = {}
        if self.sockets:
            # The shell knows its own process id, which it keeps when it becomes the host.
            command = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command]
            env.update(LISTEN_FDS=str(len(self.sockets)),
                       LISTEN_FDNAMES=":".join(name for name, _ in self.sockets))
            options = {"close_fds": False, "preexec_fn": self._place_sockets}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=open(self.folder / "stderr", "wb"), env=env,
            cwd=self.folder, **options)
        threading.Thread(target=self._read_logs, daemon=True).start()
        if wait_ready:
            self.wait_log("ready", START_SECONDS)

    def _place_sockets(self):
        """In the child: the sockets become descriptors 3, 4, ... (SD_LISTEN_FDS_START)."""
        copies = [fcntl.fcntl(passed, fcntl.F_DUPFD_CLOEXEC, 100) for _, passed in self.sockets]
        for i, copy in enumerate(copies):
            os.dup2(copy, 3 + i)

    def _read_logs(self):
        for line in self.process.stdout:
            try:
                record = json.loads(line)
            except ValueError:
                record = {"raw": line.decode("utf-8", "replace").rstrip()}
            with self._changed:
                self.logs.append(record)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @staticmethod
    def text_of(record):
        return record.get("msg") or record.get("message") or record.get("text") or ""

    def wait_log(self, text, seconds=10):
        deadline = time.monotonic() + seconds * PATIENCE
        with self._changed:
            while True:
                for record in self.logs:
                    if text in self.text_of(record):
                        return record
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    raise AssertionError(f"no log record {text!r}; host says:\n{self.describe()}")
                self._changed.wait(left)

    def describe(self):
        tail = "\n".join(json.dumps(record) for record in self.logs[-30:])
        return f"{tail}\nstderr:\n{(self.folder / 'stderr').read_text(errors='replace')[-4000:]}"

    def address(self, listener="plain"):
        for record in list(self.logs):
            if self.text_of(record) == "listening" and record.get("listener") == listener:
                address = record["address"]
                if address.startswith("unix:"):
                    return address[5:]
                host, port = address.rsplit(":", 1)
                return host.strip("[]"), int(port)
        raise AssertionError(f"listener {listener!r} does not listen:\n{self.describe()}")

    def port(self, listener="plain"):
        return self.address(listener)[1]

    def target(self, listener="plain"):
        """For gRPC clients: host:port."""
        host, port = self.address(listener)
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def url(self, path="", listener="plain", scheme="http"):
        return f"{scheme}://{self.target(listener)}{path}"

    def admin(self, path, headers=None):
        request = urllib.request.Request(self.url(path, "admin"), headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10 * PATIENCE) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()

    def post(self, path, document=None):
        """(status, document) of an operation of the admin API."""
        request = urllib.request.Request(
            self.url(path, "admin"), json.dumps(document or {}).encode(),
            {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60 * PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def metric(self, name, **labels):
        """The sum of all series of a metric whose labels include these."""
        _, _, body = self.admin("/metrics")
        total = 0.0
        found = False
        for line in body.splitlines():
            if not line.startswith(name) or line[len(name)] not in "{ ":
                continue
            if all(f'{key}="{value}"' in line for key, value in labels.items()):
                total += float(line.rsplit(" ", 1)[1])
                found = True
        return total if found else None

    def wait_metric(self, predicate, name, seconds=10, **labels):
        """Polls until predicate(value) holds; for effects that have no event to wait for."""
        deadline = time.monotonic() + seconds * PATIENCE
        while True:
            value = self.metric(name, **labels)
            if predicate(value):
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"{name}{labels} is {value}:\n{self.describe()}")
            time.sleep(0.02)

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def logged(self, text):
        return [record for record in list(self.logs) if text in self.text_of(record)]

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        return self.process.wait(seconds * PATIENCE)

    def stop(self):
        """Graceful stop; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def end(self):
        """Ends the process whatever state it is in; a crash or a sanitizer report is a failure."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the host did not stop:\n{self.describe()}")
        stderr = (self.folder / "stderr").read_text(errors="replace")
        assert "Sanitizer" not in stderr, stderr[-8000:]
        assert self.process.returncode >= 0, f"signal {-self.process.returncode}:\n{stderr[-4000:]}"
