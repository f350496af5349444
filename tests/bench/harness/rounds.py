# SPDX-License-Identifier: Apache-2.0
"""Interleaved rounds of two servers under the same load, and what they come to.

Both servers run all the time on the same core; the load goes to one after the other, and who goes
first changes each round, so that whatever else the machine does hits both alike. Operations per
CPU-second come from the server's own user and system time, so that a slow load generator or a
busy neighbour costs throughput but not the figure.
"""

import dataclasses
import statistics
import time

from . import processes

# A little more than the flush interval of the access logs.
_SETTLE_SECONDS = 1.2


@dataclasses.dataclass
class Measure:
    """One load run against one server."""
    per_cpu_second: float
    per_second: float
    p50_us: float
    p99_us: float
    others: float  # share of the server's core that went to anything but the server
    logged: float  # access log lines per operation: 1 when the log is complete


@dataclasses.dataclass
class Side:
    """All rounds of one server."""
    title: str
    measures: list

    def median(self, field):
        return statistics.median(getattr(measure, field) for measure in self.measures)

    def spread(self, field):
        values = [getattr(measure, field) for measure in self.measures]
        return min(values), max(values)


@dataclasses.dataclass
class Comparison:
    """The rounds of both sides; ratios are taken within a round, where conditions were alike."""
    ours: Side
    peer: Side

    def ratios(self):
        return [ours.per_cpu_second / peer.per_cpu_second
                for ours, peer in zip(self.ours.measures, self.peer.measures)]


def measure(server, load):
    """Runs `load(server)` once."""
    core = processes.cores()[0]
    cpu, busy, begin = (server.child.cpu_seconds(), processes.core_busy_seconds(core),
                        time.monotonic())
    sample = load(server)
    # Buffered work of the run (access log, closing of connections) belongs to it.
    time.sleep(_SETTLE_SECONDS)
    cpu = server.child.cpu_seconds() - cpu
    busy = processes.core_busy_seconds(core) - busy
    elapsed = time.monotonic() - begin
    logged = server.cut_access_log() / sample.count
    if cpu <= 0:
        raise processes.BenchError(f"{server.title} spent no CPU time on {sample.count} operations")
    return Measure(sample.count / cpu, sample.count / sample.seconds, sample.p50_us, sample.p99_us,
                   max(0.0, busy - cpu) / elapsed, logged)


def compare(ours, peer, load, rounds, progress):
    """`rounds` rounds of ours/peer, peer/ours, ours/peer ..."""
    results = {ours: [], peer: []}
    for number in range(rounds):
        order = (ours, peer) if number % 2 == 0 else (peer, ours)
        for server in order:
            result = measure(server, load)
            results[server].append(result)
            progress(f"  {server.title}: {result.per_cpu_second:,.0f} per CPU-second, "
                     f"{result.per_second:,.0f}/s, p99 {result.p99_us:,.0f} us")
    return Comparison(Side(ours.title, results[ours]), Side(peer.title, results[peer]))
