# SPDX-License-Identifier: Apache-2.0
"""A header has at most 300 lines, a source at most 600."""

from source_tree import Finding

HEADER_LINES = 300
SOURCE_LINES = 600


def check(tree):
    for path in tree.cpp() + [path for path in tree.paths if path.endswith(".py")]:
        limit = HEADER_LINES if path.endswith(".h") else SOURCE_LINES
        length = len(tree.text(path).splitlines())
        if length > limit:
            yield Finding(path, limit + 1, f"{length} lines; the limit is {limit}")
