# SPDX-License-Identifier: Apache-2.0
"""packaging/man/meshhost.8 against the program: no command and no option is missing or made up."""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MESHHOST = pathlib.Path(os.environ["MESHHOST_BUILD"]) / "bin" / "meshhost"


def commands(*words):
    """Words of each command that does something, to its options, as --help tells them."""
    text = subprocess.run([MESHHOST, *words, "--help"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    body, _, list_of_commands = text.partition("\nSubcommands:\n")
    names = re.findall(r"^  (\w+)  ", list_of_commands.split("\n\n")[0], re.MULTILINE)
    found = {}
    for name in names:
        found.update(commands(*words, name))
    return found or {words: set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", body, re.MULTILINE))}


def shown():
    """The page as a reader sees it, one paragraph a line."""
    return subprocess.run(["man", "--local-file", ROOT / "packaging/man/meshhost.8"],
                          env={**os.environ, "MANWIDTH": "1000", "LC_ALL": "C"}, text=True,
                          stdout=subprocess.PIPE, check=True).stdout


def entries(page, section):
    """Tags of the section's list, each one line that is indented by seven columns."""
    text = re.search(rf"^{section}\n(.*?)(?=^\S)", page, re.DOTALL | re.MULTILINE).group(1)
    return re.findall(r"^ {7}(?! )(.*)$", text, re.MULTILINE)


class ManPage(unittest.TestCase):
    def test_each_command_is_there_with_its_options(self):
        told = {}
        for entry in entries(shown(), "COMMANDS"):
            words = re.match(r"(?:[a-z]+ ?)+", entry.split("--")[0]).group().split()
            told[tuple(words)] = set(re.findall(r"--[\w-]+", entry))
        asked = {words: options - {"--help"} for words, options in commands().items()}
        self.assertGreater(len(asked), 5)
        self.assertEqual(told, asked)

    def test_each_option_is_explained(self):
        told = set(re.findall(r"--[\w-]+", "\n".join(entries(shown(), "OPTIONS"))))
        self.assertEqual(told, set().union(*commands().values()))

    def test_groff_has_no_warnings(self):
        result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z",
                                 ROOT / "packaging/man/meshhost.8"], text=True,
                                stderr=subprocess.PIPE, check=True)
        self.assertEqual(result.stderr, "")


if __name__ == "__main__":
    unittest.main()
