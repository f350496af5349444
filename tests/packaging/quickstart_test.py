# SPDX-License-Identifier: Apache-2.0
"""packaging/quickstart with the tools around it replaced by recorders: what it calls, and when.

A copy of packaging/ in an empty folder, and a PATH whose first folder holds scripts that write
their arguments into one log. What the real tools do is tried by running quickstart itself.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
RECORD = '#!/bin/sh\necho "$(basename "$0") $*" >> "$RECORD_FILE"\n'
CTEST = RECORD + """case "$*" in
  *asan*) echo '50% tests passed, 1 tests failed out of 2'; exit 8 ;;
  *) echo '100% tests passed, 0 tests failed out of 2' ;;
esac
"""


class Quickstart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(PACKAGING, self.root / "packaging")
        self.record = self.root / "record"
        self.record.touch()
        self.tool("dpkg-query", "#!/bin/sh\nprintf installed\n")
        self.tool("apt-get", RECORD)
        self.tool("sudo", RECORD)
        self.tool("cmake", RECORD + 'case "$2" in release|asan) mkdir -p build/$2 ;; esac\n')
        self.tool("ctest", CTEST)
        self.tool("meshhost", RECORD, self.root / "build/release/bin")

    def tool(self, name, text, folder=None):
        folder = folder or self.root / "tools"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)

    def quickstart(self, *arguments, **environment):
        path = f"{self.root / 'tools'}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "RECORD_FILE": str(self.record), **environment}
        return subprocess.run([self.root / "packaging/quickstart", *arguments], env=environment,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)

    def called(self):
        return self.record.read_text(encoding="utf-8").splitlines()

    def test_run_ends_in_the_host(self):
        result = self.quickstart("run")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(self.called()[-1], "meshhost run --config config/dev.toml")
        self.assertTrue((self.root / "build/dev-ca/server.crt").exists())

    def test_run_prints_five_lines_to_try(self):
        lines = [line for line in self.quickstart("run").stdout.splitlines() if line[:2] == "  "]
        self.assertEqual(len(lines), 5, lines)

    def test_apt_is_not_called_when_nothing_is_missing(self):
        self.quickstart("run")
        self.assertFalse([call for call in self.called() if call.startswith(("apt-get", "sudo"))])

    def test_a_broken_build_never_starts_the_host(self):
        self.tool("cmake", "#!/bin/sh\nexit 1\n")
        self.assertNotEqual(self.quickstart("run").returncode, 0)
        self.assertEqual(self.called(), [])

    def test_test_runs_the_presets_asked_for_and_prints_the_closing_lines_last(self):
        result = self.quickstart("test", "--presets", "release")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual([call.split()[2] for call in self.called() if call.startswith("ctest")],
                         ["release"])
        self.assertIn("100% tests passed", result.stdout.splitlines()[-1])

    def test_one_failed_preset_fails_the_run_after_the_others(self):
        result = self.quickstart("test", MESHHOST_PRESETS="asan release")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("failed: asan", result.stdout.splitlines()[-1])
        self.assertEqual([call.split()[2] for call in self.called() if call.startswith("ctest")],
                         ["asan", "release"])

    def test_a_preset_that_does_not_build_is_not_tested(self):
        self.tool("cmake", "#!/bin/sh\n[ \"$1\" = --build ] && exit 1\nmkdir -p build/release\n")
        result = self.quickstart("test", "--presets", "release")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no test was run", result.stdout)
        self.assertEqual(self.called(), [])

    def test_an_unknown_command_is_a_usage_error(self):
        for arguments in ((), ("serve",), ("run", "now"), ("test", "--fast")):
            self.assertEqual(self.quickstart(*arguments).returncode, 64, arguments)


class PackageList(unittest.TestCase):
    def test_each_name_stands_once_and_sorted_in_its_group(self):
        seen, group = [], []
        for line in (PACKAGING / "debian-packages").read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                group = []
            elif line and not line.startswith("#"):
                group.append(line)
                seen.append(line)
                self.assertEqual(group, sorted(group))
        self.assertEqual(len(seen), len(set(seen)))
        self.assertNotIn("libupb-dev", seen)


if __name__ == "__main__":
    unittest.main()
