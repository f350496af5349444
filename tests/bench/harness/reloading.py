# SPDX-License-Identifier: Apache-2.0
"""Reloads under load: half of what the server can do is put on it, once in peace and once while its
configuration is reloaded again and again with the echo module replaced by another file each time."""

import dataclasses
import json
import os
import shutil
import statistics
import threading
import time
import urllib.request

from . import loads
from .processes import BenchError
from .servers import Host

CONNECTIONS, STREAMS = 10, 10
_PROBE_SECONDS = 1
_SHARE_OF_CAPACITY = 0.5
# A reload every so often, so that the load's duration can be told beforehand.
_PERIOD_SECONDS = 0.25
_FIRST_RELOADS = 10  # what they allocate for good is not a leak
_ANSWER_SECONDS = 30


class ReloadedHost(Host):
    """A host with an echo module of its own, which is replaced as an operator would."""

    def __init__(self, tools, directory, certificate):
        self.module = os.path.join(directory, "reloaded_echo.so")
        shutil.copy(tools.modules["echo"], self.module)
        super().__init__(tools, directory, certificate)

    def _module_table(self, name):
        return f'[[module]]\nname = "{name}"\npath = "{self.module}"\n'

    def reload(self):
        """Returns once the upgraded module serves; a refusal is an exception."""
        part = self.module + ".part"
        with open(self.module, "rb") as old, open(part, "wb") as new:
            new.write(old.read() + b"\0")
        os.replace(part, self.module)
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['admin']}/reload", b"{}",
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:
            if "upgraded" not in answer.read().decode():
                raise BenchError("a reload upgraded nothing")


class _Reloads(threading.Thread):
    """Reloads beside the load; `seconds` has how long each took."""

    def __init__(self, server, count):
        super().__init__(daemon=True)
        self._server, self._count = server, count
        self.seconds, self.error, self.resident = [], None, []

    def run(self):
        try:
            begin = time.monotonic()
            for i in range(self._count):
                time.sleep(max(0.0, begin + i * _PERIOD_SECONDS - time.monotonic()))
                at = time.monotonic()
                self._server.reload()
                self.seconds.append(time.monotonic() - at)
                if i + 1 in (min(_FIRST_RELOADS, self._count), self._count):
                    self.resident.append(self._server.child.resident_bytes())
        except (OSError, BenchError, json.JSONDecodeError) as error:
            self.error = error


@dataclasses.dataclass
class Reloaded:
    """One round: latencies in peace and under reloads, and what the reloads took and left."""
    per_second: float
    steady_p99_us: float
    p99_us: float
    reload_ms: float
    growth_bytes: int


def _load(run, server, rate, seconds):
    return loads.grpc_unary(server.ports["grpc"], CONNECTIONS, STREAMS, seconds, run.directory,
                            per_second=rate)


def reload_under_load(run, server, count):
    """One round; BenchError when any request or reload fails, or the reloads outlast the load."""
    capacity = loads.grpc_unary(server.ports["grpc"], CONNECTIONS, STREAMS, _PROBE_SECONDS,
                                run.directory)
    rate = _SHARE_OF_CAPACITY * capacity.count / capacity.seconds
    seconds = int(count * _PERIOD_SECONDS) + 2
    steady = _load(run, server, rate, run.seconds)
    reloads = _Reloads(server, count)
    reloads.start()
    sample = _load(run, server, rate, seconds)
    beside_load = len(reloads.seconds)
    reloads.join(_ANSWER_SECONDS)
    if reloads.error is not None:
        raise BenchError(f"{server.title}: reload {beside_load + 1}: {reloads.error}")
    if beside_load < count:
        raise BenchError(f"{server.title}: {beside_load} of {count} reloads were done under load")
    return Reloaded(sample.count / sample.seconds, steady.p99_us, sample.p99_us,
                    statistics.median(reloads.seconds) * 1000,
                    reloads.resident[-1] - reloads.resident[0])
