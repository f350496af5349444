# SPDX-License-Identifier: Apache-2.0
"""Finds, and unless told otherwise builds, the programs that the benches run."""

import os
import shutil
import subprocess

from .processes import BenchError

_PROGRAMS = ("grpc_echo_server", "grpc_reply_check", "stream_load", "tls_load")
_MODULES = ("catalog", "echo", "interop")
_BUILD_SECONDS = 1800


class Tools:
    """Paths of everything that is run; `require` names what is missing before any bench starts."""

    def __init__(self, build_directory):
        self.build_directory = build_directory
        for name in (*_PROGRAMS, "meshhost", "builtin_echo"):
            setattr(self, name, os.path.join(build_directory, "bin", name))
        self.nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.modules = {name: os.path.join(build_directory, "modules", f"{name}.so")
                        for name in _MODULES}

    def require(self, paths):
        missing = [path for path in paths if not (os.path.exists(path) or shutil.which(path))]
        if missing:
            raise BenchError(f"missing: {', '.join(missing)}")


def build(source_directory, build_directory, targets):
    """A release build of `targets`; nothing but them is compiled."""
    configure = ["cmake", "-S", source_directory, "-B", build_directory, "-G", "Ninja",
                 "-DCMAKE_BUILD_TYPE=Release", "-DMESHHOST_BENCH=ON"]
    for argv in (configure, ["cmake", "--build", build_directory, "--target", *targets]):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_BUILD_SECONDS,
                              check=False)
        if done.returncode != 0:
            raise BenchError(f"{' '.join(argv)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
