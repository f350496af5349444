# SPDX-License-Identifier: Apache-2.0
"""A function has at most 70 lines, from its signature to its closing brace."""

from cpp_outline import functions
from source_tree import Finding

FUNCTION_LINES = 70


def check(tree):
    for path in tree.cpp():
        for function in functions(tree.text(path)):
            if function.length > FUNCTION_LINES:
                yield Finding(path, function.first_line, f"{function.name} has {function.length} "
                              f"lines; the limit is {FUNCTION_LINES}")
