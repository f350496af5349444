# SPDX-License-Identifier: Apache-2.0
"""Writes what the benches found as Markdown: figures as they are, goals beside them."""

import platform
import re
import subprocess
import time


def _first_line(argv, pattern):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "?"
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "?"


def _cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        return next((line.split(":", 1)[1].strip() for line in info
                     if line.startswith("model name")), "?")


def machine_lines(tools, source_directory):
    """The environment, without names of hosts or paths."""
    commit = _first_line(["git", "-C", source_directory, "rev-parse", "--short", "HEAD"], r"(\w+)")
    return [
        f"- date: {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; commit {commit}",
        f"- machine: {_cpu_model()}, {platform.machine()}, kernel {platform.release()}",
        "- nginx " + _first_line([tools.nginx, "-v"], r"nginx/([\d.]+)")
        + "; gRPC C++ " + _first_line(["pkg-config", "--modversion", "grpc++"], r"([\d.]+)")
        + "; nghttp2 and h2load " + _first_line(["h2load", "--version"], r"nghttp2/([\d.]+)")
        + "; OpenSSL " + _first_line(["openssl", "version"], r"OpenSSL ([\d.]+)")
        + "; gcc " + _first_line(["g++", "-dumpfullversion"], r"([\d.]+)"),
    ]


def _number(value):
    return f"{value:,.0f}"


def _median_and_spread(side, field):
    low, high = side.spread(field)
    return f"{_number(side.median(field))} ({_number(low)}..{_number(high)})"


def _verdict(met):
    return "met" if met else "**missed**"


def _logged(side):
    """A server that keeps no access log has no share to show."""
    logged = side.median("logged")
    return f"{logged:.0%}" if logged else "-"


def versus_lines(row, comparison):
    """Three table rows: ours, peer, and their ratio with the verdict on the goal."""
    lines = []
    for side in (comparison.ours, comparison.peer):
        lines.append(f"| {row.title} | {side.title} | {_median_and_spread(side, 'per_cpu_second')} | "
                     f"{_number(side.median('per_second'))} | {_number(side.median('p50_us'))} | "
                     f"{_number(side.median('p99_us'))} | {side.median('others'):.0%} | {_logged(side)} | |")
    ratios = sorted(comparison.ratios())
    median = ratios[len(ratios) // 2] if len(ratios) % 2 else (
        ratios[len(ratios) // 2 - 1] + ratios[len(ratios) // 2]) / 2
    p99_ratio = comparison.ours.median("p99_us") / max(1.0, comparison.peer.median("p99_us"))
    verdict = f">= {row.goal:g}: {_verdict(median >= row.goal)}" if row.goal else ""
    if row.goal and row.p99_not_above:
        verdict += f"; p99 not above: {_verdict(p99_ratio <= 1.0)}"
    lines.append(f"| | **ratio** | **{median:.2f}** ({ratios[0]:.2f}..{ratios[-1]:.2f}) | | | "
                 f"{p99_ratio:.2f} | | | {verdict} |")
    return lines


VERSUS_HEADER = [
    "| bench | server | per CPU-second: median (min..max) | per second | p50 us | p99 us | others "
    "on core | logged | goal |",
    "|---|---|---|---|---|---|---|---|---|"]

IDLE_HEADER = ["| idle connections | server | KiB each | goal |", "|---|---|---|---|"]

START_HEADER = ["| server | start to first answer, ms: median (min..max) | idle memory, MiB | goal |",
                "|---|---|---|---|"]


def idle_line(row, count, size):
    goal = f"<= {row.goal_bytes >> 10} KiB: {_verdict(size <= row.goal_bytes)}" if row.goal_bytes else ""
    return f"| {_number(count)} {row.title} | {row.server.title} | {size / 1024:.1f} | {goal} |"


def start_line(row, milliseconds, sizes):
    ordered = sorted(milliseconds)
    median, size = ordered[len(ordered) // 2], sorted(sizes)[len(sizes) // 2]
    goal = ""
    if row.goal_bytes:
        goal = (f"<= {row.goal_milliseconds:g} ms: {_verdict(median <= row.goal_milliseconds)}; "
                f"<= {row.goal_bytes >> 20} MiB: {_verdict(size <= row.goal_bytes)}")
    return (f"| {row.server.title} | {median:.1f} ({ordered[0]:.1f}..{ordered[-1]:.1f}) | "
            f"{size / 1048576:.1f} | {goal} |")


RELOAD_HEADER = ["| reloads under load | calls per second | failed | ms each | p99 us steady | p99 us "
                 "with reloads | memory, KiB | goal |", "|---|---|---|---|---|---|---|---|"]


def reload_line(row, count, results):
    """A round with a failed request has no result, so that a line says 0."""
    def median(field):
        values = sorted(getattr(result, field) for result in results)
        return values[len(values) // 2]
    ratios = sorted(result.p99_us / result.steady_p99_us for result in results)
    ratio = ratios[len(ratios) // 2]
    growth = median("growth_bytes")
    goal = (f"0 failed: met; p99 <= {row.goal_p99_ratio:g} x: {_verdict(ratio <= row.goal_p99_ratio)}; "
            f"memory flat: {_verdict(growth <= row.goal_growth_bytes)}")
    return (f"| {len(results)} x {count}, {row.title} | {_number(median('per_second'))} | 0 | "
            f"{median('reload_ms'):.0f} | {_number(median('steady_p99_us'))} | "
            f"{_number(median('p99_us'))} (x {ratio:.2f}, {ratios[0]:.2f}..{ratios[-1]:.2f}) | "
            f"{growth / 1024:+,.0f} | {goal} |")
