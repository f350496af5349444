# SPDX-License-Identifier: Apache-2.0
"""README.md tells the truth: its module builds against the installed SDK and answers, its paths are.

The blocks of the section "A module in twenty lines" are taken as they stand. Only the path of the
module is replaced, since README's is relative to where a reader stands.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

from host_process import HostProcess  # noqa: E402
from settings import BUILD, MESHHOST  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", README, re.DOTALL).group(1)


def run(*command):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        raise AssertionError(f"{command} failed:\n{result.stdout}")
    return result.stdout


class Module(unittest.TestCase):
    def build(self, folder):
        """hello.so, from nothing but README's blocks and an installed SDK."""
        run("cmake", "--install", BUILD, "--component", "sdk", "--prefix", folder / "sdk")
        source = folder / "hello"
        source.mkdir()
        (source / "hello.cc").write_text(block("cpp"), encoding="utf-8")
        (source / "CMakeLists.txt").write_text(block("cmake"), encoding="utf-8")
        run("cmake", "-S", source, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={folder / 'sdk'}")
        run("cmake", "--build", folder / "build")
        return folder / "build/modules/hello.so"

    def test_the_module_in_twenty_lines_is_loaded_and_answers(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            module = self.build(folder)
            run(MESHHOST, "module", "check", module)
            table = block("toml").replace("build/modules/hello.so", str(module))
            host = HostProcess(folder / "host", HostProcess.base_config(folder / "host", table))
            host.start()
            try:
                self.assertEqual(run("curl", "-sS", "--fail", host.url("/hello/world")),
                                 "Hello, world!\n")
            finally:
                host.end()

    def test_it_has_twenty_lines(self):
        code = [line for line in block("cpp").splitlines() if line and not line.startswith("//")]
        self.assertLessEqual(len(code), 20)


class Paths(unittest.TestCase):
    def test_every_file_that_is_named_is_there(self):
        for page in ("README.md", "host/README.md", "tests/README.md"):
            text = (ROOT / page).read_text(encoding="utf-8")
            for path in re.findall(r"`((?:host|sdk|plugins|config|tests|packaging)/[\w./-]*)`", text):
                self.assertTrue((ROOT / path).exists(), f"{page} names {path}")


if __name__ == "__main__":
    unittest.main()
