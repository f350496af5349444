# SPDX-License-Identifier: Apache-2.0
"""No grab bags: what cannot be named has not been thought through."""

import re

from cpp_outline import without_literals
from source_tree import Finding

BANNED_FILES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers",
                "impl", "types"}
BANNED_TYPES = BANNED_FILES - {"types"}
_TYPE = re.compile(r"^\s*(?:class|struct|union|namespace)\s+(?:[A-Z_]+\s+)?(\w+)", re.MULTILINE)


def check(tree):
    for path in tree.paths:
        banned = BANNED_FILES.intersection(re.split(r"[/._\-]", path.lower()))
        for word in sorted(banned):
            yield Finding(path, 1, f'"{word}" in a file or folder name')
    for path in tree.cpp():
        code = without_literals(tree.text(path))
        for match in _TYPE.finditer(code):
            for word in sorted(BANNED_TYPES.intersection(_words(match.group(1)))):
                line = code.count("\n", 0, match.start(1)) + 1
                yield Finding(path, line, f'"{word}" in the name {match.group(1)}')


def _words(name):
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
