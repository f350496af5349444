# SPDX-License-Identifier: Apache-2.0
"""packaging/systemd: what systemd itself says of the units, and whether the host fits into them."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["MESHHOST_BUILD"])
UNITS = ROOT / "packaging" / "systemd"
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from host_process import HostProcess  # noqa: E402  pylint: disable=wrong-import-position
from raw_http1 import Connection  # noqa: E402  pylint: disable=wrong-import-position

# Tenths, as --threshold= takes it.
HIGHEST_EXPOSURE = 15
# Asked for all the same, with EPERM as an answer that is as good: LimitNOFILE= has done it already.
REFUSED_WITHOUT_HARM = {"prlimit64"}
# SQLite gives its files to the owner of the database, but only as root, which the service is not.
MADE_AS_ROOT_ONLY = {"fchown"} if os.geteuid() == 0 else set()


def run(*command, **options):
    return subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)


def settings(unit):
    """Section to key to list of values; systemd lets keys repeat, configparser does not."""
    found = {}
    section = None
    for line in (UNITS / unit).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            section.setdefault(key, []).append(value)
    return found


def system_calls(words):
    """What a list like "@system-service read" stands for."""
    groups = {}
    for line in run("systemd-analyze", "syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            group = groups.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            group.append(line.strip())
    names, left = set(), list(words)
    while left:
        word = left.pop()
        if word.startswith("@"):
            left += groups[word]
        else:
            names.add(word)
    return names


class Service(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_systemd_finds_no_fault_in_the_units(self):
        for name in ("meshhost.service", "meshhost.socket"):
            text = (UNITS / name).read_text(encoding="utf-8")
            (self.folder / name).write_text(
                text.replace("/usr/bin/meshhost", str(BUILD / "bin" / "meshhost")),
                encoding="utf-8")
            result = run("systemd-analyze", "verify", "--man=no", self.folder / name)
            self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_exposure_is_low(self):
        result = run("systemd-analyze", "security", "--offline=true",
                     f"--threshold={HIGHEST_EXPOSURE}", UNITS / "meshhost.service")
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_one_unit_fits_systemd_252_and_a_drop_in_fits_later_ones(self):
        service = settings("meshhost.service")["Service"]
        self.assertEqual(service["Type"], ["notify"])
        self.assertEqual(service["ExecReload"], ["/bin/kill -HUP $MAINPID"])
        later = settings("meshhost-reload.conf")["Service"]
        self.assertEqual((later["Type"], later["ExecReload"]), (["notify-reload"], [""]))

    def test_errors_that_a_restart_does_not_cure_end_the_service(self):
        service = settings("meshhost.service")["Service"]
        bad = self.folder / "bad.toml"
        bad.write_text("[host]\nworkrs = 1\n", encoding="utf-8")
        host = BUILD / "bin" / "meshhost"
        codes = {run(host, "run", "--config", bad).returncode, run(host, "run").returncode}
        self.assertEqual(codes, set(map(int, service["RestartPreventExitStatus"][0].split())))

    def test_host_makes_no_system_call_that_the_unit_forbids(self):
        allow, deny = (text.split() for text in
                       settings("meshhost.service")["Service"]["SystemCallFilter"])
        self.assertTrue(deny[0].startswith("~"))
        allowed = system_calls(allow) - system_calls([deny[0][1:], *deny[1:]])
        trace = self.folder / "trace"
        modules = (HostProcess.module_config("echo") +
                   HostProcess.module_config("catalog", allowed_libraries='["libsqlite3.so.0"]') +
                   f'[module.config]\ndatabase = "{self.folder}/catalog.db"\n')
        host = HostProcess(self.folder / "host", HostProcess.base_config(self.folder, modules),
                           launcher=["strace", "--follow-forks", "--summary-only",
                                     f"--output={trace}"])
        host.start()
        try:
            for path in ("/echo", "/v1/items"):
                with Connection(host.address()) as client:
                    self.assertEqual(client.request(f"GET {path}").status, 200)
            self.assertEqual(host.admin("/metrics")[0], 200)
            children = pathlib.Path(f"/proc/{host.process.pid}/task/{host.process.pid}/children")
            os.kill(int(children.read_text(encoding="utf-8").split()[0]), 15)
            self.assertEqual(host.wait(), 0)
        finally:
            host.end()
        # "% time  seconds  usecs/call  calls  [errors]  syscall"
        made = set(re.findall(r"^\s+[\d.]+\s.*\s(\w+)$", trace.read_text(encoding="utf-8"),
                              re.MULTILINE)) - {"total", "execve"}
        self.assertIn("accept4", made)
        self.assertEqual(made - allowed - REFUSED_WITHOUT_HARM - MADE_AS_ROOT_ONLY,
                         set())

    def test_socket_unit_passes_the_name_that_the_configuration_uses(self):
        names = settings("meshhost.socket")["Socket"]["FileDescriptorName"]
        self.assertEqual(names, ["public"])


class Accounts(unittest.TestCase):
    def test_user_and_folders_are_made_by_systemd(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "etc").mkdir()
            shutil.copy("/etc/passwd", root / "etc")
            shutil.copy("/etc/group", root / "etc")
            result = run("systemd-sysusers", f"--root={root}", UNITS / "meshhost.sysusers")
            self.assertEqual(result.returncode, 0, result.stdout)
            user = [line for line in (root / "etc/passwd").read_text().splitlines()
                    if line.startswith("meshhost:")]
            self.assertEqual(len(user), 1)
            self.assertTrue(user[0].endswith(":/var/lib/meshhost:/usr/sbin/nologin"), user)


if __name__ == "__main__":
    unittest.main()
