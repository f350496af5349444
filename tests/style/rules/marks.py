# SPDX-License-Identifier: Apache-2.0
"""No marks of unfinished work: what is missing is an issue, not a comment."""

import re

from source_tree import Finding

_MARKS = re.compile(r"\b(?:" + "|".join(["TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"]) + r")\b")


def check(tree):
    for path in tree.paths:
        if path == "LICENSE":
            continue
        for number, line in tree.lines(path):
            mark = _MARKS.search(line)
            if mark:
                yield Finding(path, number, f"{mark.group()}: finish it or open an issue")
