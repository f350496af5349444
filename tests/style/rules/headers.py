# SPDX-License-Identifier: Apache-2.0
"""A header compiles on its own, and is included once.

A header with a source of the same name is proven by that source, which includes it before anything
else, so that for those the order is all there is to check. The others are compiled alone.
"""

import concurrent.futures
import os
import subprocess

from source_tree import Finding

COMPILER = ["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", "-w", "-DBOOST_ASIO_NO_DEPRECATED",
            "-DBOOST_ASIO_SEPARATE_COMPILATION", "-DBOOST_DLL_USE_STD_FS"]
FOLDERS = ("host", "sdk")


def check(tree):
    alone = []
    for path in tree.cpp(*FOLDERS):
        if path.endswith(".h"):
            if "#pragma once" not in tree.text(path) and "#ifndef" not in tree.text(path):
                yield Finding(path, 1, "no #pragma once")
            if not tree.has(source_of(path)):
                alone.append(path)
        elif tree.has(path[:path.rindex(".")] + ".h"):
            yield from _own_header_first(tree, path)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for findings in pool.map(lambda path: _compiled(tree.root, path), alone):
            yield from findings


def source_of(header):
    return header[:-len(".h")] + ".cc"


def _own_header_first(tree, path):
    own = path[:path.rindex(".")] + ".h"
    for number, line in tree.lines(path):
        if line.startswith("#include"):
            if f'"{own}"' not in line:
                yield Finding(path, number, f'the first include must be "{own}"')
            return
    yield Finding(path, 1, f'"{own}" is not included')


def _compiled(root, path):
    command = COMPILER + ["-I", str(root), "-I", str(root / "sdk/include"), str(root / path)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    if result.returncode != 0:
        lines = [line for line in result.stdout.splitlines() if " error: " in line]
        yield Finding(path, 1, "does not compile alone: " + (lines or [result.stdout])[0])
