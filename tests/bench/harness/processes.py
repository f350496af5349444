# SPDX-License-Identifier: Apache-2.0
"""Child processes of a bench: pinned to a core, measured through /proc, ended by pid.

A bench that leaves servers behind spoils the next one, so three things end a child: leaving the
`Processes` context (also by an exception, a signal or the time limit), the kernel when this process
dies (PR_SET_PDEATHSIG), and the time limit that every load carries.
"""

import ctypes
import os
import resource
import signal
import subprocess
import time

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_STOP_SECONDS = 5


class BenchError(Exception):
    """A server or a load did not do what the bench needs; the message says which and what."""


def cores():
    """(core of the servers, core of the load): the same one when there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[1 % len(usable)]


def raise_file_limit():
    """All the file descriptors that we may have: idle benches hold thousands of sockets."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _prepare_child(core):
    # SIGTERM, not SIGKILL: a master process must get the chance to end its workers.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.sched_setaffinity(0, {core})


def process_tree(pid):
    """The process and its descendants, parents first."""
    pids = [pid]
    for parent in pids:
        try:
            with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as children:
                pids += [int(child) for child in children.read().split()]
        except FileNotFoundError:
            continue
    return pids


class Child:
    """One server: its process and whatever workers it forked, taken together."""

    def __init__(self, argv, core, log_path):
        self.name = os.path.basename(argv[0])
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self._popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: _prepare_child(core))
        self.pid = self._popen.pid

    def alive(self):
        return self._popen.poll() is None

    def cpu_seconds(self):
        """User and system time of the whole tree, all threads."""
        ticks = 0
        for pid in process_tree(self.pid):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except FileNotFoundError:
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICKS_PER_SECOND

    def resident_bytes(self):
        """Resident memory of the tree, shared pages counted once (proportional set size)."""
        total = 0
        for pid in process_tree(self.pid):
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
                for line in rollup:
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        return total

    def last_words(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()[-2000:].strip()

    def stop(self):
        if self.alive():
            self._popen.terminate()
            try:
                self._popen.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                for pid in reversed(process_tree(self.pid)):
                    os.kill(pid, signal.SIGKILL)
        self._popen.wait()


class Processes:
    """Context that owns every child of a bench and ends them all when it is left."""

    def __init__(self):
        self._children = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for child in reversed(self._children):
            child.stop()
        self._children.clear()

    def start_server(self, argv, log_path):
        child = Child(argv, cores()[0], log_path)
        self._children.append(child)
        return child


def run_load(argv, seconds):
    """Runs a load generator to its end on the load's core; answers (exit code, stdout, stderr)."""
    core = cores()[1]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True,
                          preexec_fn=lambda: _prepare_child(core)) as load:
        try:
            out, err = load.communicate(timeout=seconds)
        except BaseException as error:
            load.kill()
            load.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise BenchError(f"{argv[0]}: not finished after {seconds} s") from error
            raise
    return load.returncode, out, err


def wait_until(condition, seconds, what, interval=0.001):
    """Polls `condition` until it holds; BenchError naming `what` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds} s")
        time.sleep(interval)


def core_busy_seconds(core):
    """CPU time that one core spent on anything, including what the hypervisor took away."""
    with open("/proc/stat", encoding="ascii") as stat:
        for line in stat:
            name, *fields = line.split()
            if name == f"cpu{core}":
                user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
                return (user + nice + system + irq + softirq + steal) / _TICKS_PER_SECOND
    return 0.0
