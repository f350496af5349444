# SPDX-License-Identifier: Apache-2.0
"""clang-format has nothing to change."""

import re
import subprocess

from source_tree import Finding

_WARNING = re.compile(r"^(.+?):(\d+):\d+: (?:error|warning): (.*)$")


def check(tree):
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *tree.cpp()],
                            cwd=tree.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    findings = [_WARNING.match(line) for line in result.stdout.splitlines()]
    for match in filter(None, findings):
        yield Finding(match.group(1), int(match.group(2)), match.group(3))
    if result.returncode != 0 and not any(findings):
        yield Finding(".clang-format", 1, f"clang-format failed: {result.stdout[:500]}")
