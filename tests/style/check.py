#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check.py RULE: one style rule over the whole tree; prints FILE:LINE: what is wrong.

Each rule is a module of rules/ with one function, check(tree), which yields findings. A rule is a
test of its own (ctest -R style), so that a failure names what was broken; the rules have tests,
too, in NAME_test.py: a checker that finds nothing proves nothing.
"""

import argparse
import pathlib
import sys

from rules import (clang_format, functions, headers, layering, lengths, listed, marks, metrics,
                   names, spdx)
from source_tree import SourceTree

RULES = {
    "format": clang_format,
    "functions": functions,
    "headers": headers,
    "layering": layering,
    "lengths": lengths,
    "listed": listed,
    "marks": marks,
    "metrics": metrics,
    "names": names,
    "spdx": spdx,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rule", choices=RULES)
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    options = parser.parse_args()
    tree = SourceTree.on_disk(options.root)
    if not tree.cpp():
        sys.exit(f"style: no sources under {options.root}")
    findings = list(RULES[options.rule].check(tree))
    print("\n".join(map(str, findings)))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
