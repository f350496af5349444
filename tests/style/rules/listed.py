# SPDX-License-Identifier: Apache-2.0
"""Every source is named in a CMakeLists.txt of its folder or of one above: no file lies unused."""

import posixpath
import re

from source_tree import Finding


def check(tree):
    for path in tree.paths:
        if path.endswith((".cc", ".c")) and not _is_listed(tree, path):
            yield Finding(path, 1, "no CMakeLists.txt names this source")


def _is_listed(tree, path):
    folder = posixpath.dirname(path)
    while True:
        lists = posixpath.join(folder, "CMakeLists.txt")
        if tree.has(lists) and _names(tree.text(lists), posixpath.relpath(path, folder or ".")):
            return True
        if not folder:
            return False
        folder = posixpath.dirname(folder)


def _names(text, source):
    text = re.sub(r"#[^\n]*", "", text)
    if re.search(rf"(?<![\w.\-]){re.escape(source)}(?![\w.])", text):
        return True
    # meshhost_unit_test(NAME ...) compiles NAME_test.cc, meshhost_fuzz(NAME ...) NAME_fuzz.cc.
    test = re.fullmatch(r"(\w+)_(test|fuzz)\.cc", source)
    return bool(test and re.search(rf"meshhost_(\w+_)?{test[2]}\(\s*{test[1]}\b", text))
