# SPDX-License-Identifier: Apache-2.0
"""The end of the notification socket (sd_notify(3)) that the service manager has."""
import array
import queue
import socket
import struct
import threading
import time

from settings import PATIENCE


class NotifySocket:
    """Use `environment` for the host; next(), until() and waiting() give what it says, each message
    as a dict with its descriptors under "fds" and its sender under "pid". A thread reads at once, as a service manager does:
    the kernel keeps few datagrams, and who sends one more waits."""

    def __init__(self, folder, **more):
        path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(path)
        self._messages = queue.Queue()
        self.environment = {"NOTIFY_SOCKET": path, **more}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            data, ancillary, _, _ = self._socket.recvmsg(8192, socket.CMSG_SPACE(1024))
            message = dict(line.split("=", 1) for line in data.decode().split("\n") if line)
            fds = array.array("i")
            pid = 0
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.frombytes(content[:len(content) - len(content) % fds.itemsize])
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    pid, _, _ = struct.unpack("iII", content)
            self._messages.put({**message, "fds": list(fds), "pid": pid})

    def next(self, seconds=20):
        """None after so many seconds."""
        try:
            return self._messages.get(timeout=seconds * PATIENCE)
        except queue.Empty:
            return None

    def until(self, key, seconds=20):
        """The first message that has the key; those before it are dropped."""
        deadline = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < deadline:
            message = self.next(seconds)
            if message is not None and key in message:
                return message
        raise AssertionError(f"no {key} within {seconds} s")

    def waiting(self):
        """All messages that came so far."""
        messages = []
        while not self._messages.empty():
            messages.append(self._messages.get())
        return messages
