# SPDX-License-Identifier: Apache-2.0
"""A host whose binary the test replaces while it runs."""
import ctypes
import os
import pathlib
import select
import shutil
import signal
import subprocess
import time
import urllib.error

from settings import MESHHOST, PATIENCE

PR_SET_CHILD_SUBREAPER = 36


def children_of(pid):
    children = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            children += (task / "children").read_text().split()
        except FileNotFoundError:
            pass  # the thread has ended
    return [int(child) for child in children]


class Successor:
    """A process that the host has started, with what HostProcess uses of Popen. When the host has
    ended, it is a child of the test, which therefore is a subreaper (prctl(2))."""

    def __init__(self, pid, stdout):
        self.pid, self.stdout = pid, stdout
        self.returncode = None
        self._fd = os.pidfd_open(pid)

    def poll(self):
        if self.returncode is None and select.select([self._fd], [], [], 0)[0]:
            self.wait(0)
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is not None:
            return self.returncode
        if not select.select([self._fd], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        _, status = os.waitpid(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            signal.pidfd_send_signal(self._fd, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Upgrades:
    """`host` always is the process that serves; `old` are those before it."""

    def __init__(self, start_host, folder, config, **options):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.binary = folder / "meshhost"
        shutil.copy(MESHHOST, self.binary)
        self.host = start_host(config, binary=self.binary, **options)
        self.old = []

    @property
    def pid(self):
        return self.host.process.pid

    def install(self, content=None):
        """Another file in the place of the binary: a copy of it, or this text."""
        part = self.binary.with_suffix(".part")
        if content is None:
            shutil.copy(MESHHOST, part)
        else:
            part.write_text(content)
            part.chmod(0o755)
        os.replace(part, self.binary)

    def configure(self, text):
        part = self.host.config.with_suffix(".part")
        part.write_text(text)
        os.replace(part, self.host.config)

    def post(self, path, document=None):
        """(status, document) of the admin API. Right after an upgrade the server of the old process
        may have got the connection, which it closes, or say that it stops: then another is asked."""
        while True:
            try:
                status, answer = self.host.post(path, document)
                if status != 503 or not self.old:
                    return status, answer
            except (ConnectionError, urllib.error.URLError):
                assert self.old

    def follow(self, pid):
        """`pid` serves from now on."""
        self.old.append(self.host.process)
        self.host.process = Successor(pid, self.host.process.stdout)

    def upgrade(self):
        """By the admin API; returns the new process id."""
        status, answer = self.post("/upgrade")
        assert status == 200, (answer, self.host.describe())
        self.follow(answer["pid"])
        return answer["pid"]

    def end_of_old(self):
        """The exit codes of all processes that were replaced, when they have ended."""
        codes = [process.wait(40 * PATIENCE) for process in self.old]
        self.old = []
        return codes

    def children(self):
        """Of the host, by what the kernel says."""
        return children_of(self.pid)

    def end(self):
        """Of a test that fails: what it has not followed."""
        followed = [process.pid for process in (*self.old, self.host.process)]
        for pid in children_of(os.getpid()):
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            if pid not in followed and command.startswith(bytes(self.binary)):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def wait_child(self):
        deadline = time.monotonic() + 20 * PATIENCE
        while not self.children():
            assert time.monotonic() < deadline, self.host.describe()
        return self.children()[0]
