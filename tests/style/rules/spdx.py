# SPDX-License-Identifier: Apache-2.0
"""Each source says its licence on its first line, or on the second after a #! line."""

from source_tree import CPP_ENDINGS, Finding

LICENSE = "SPDX-License-Identifier: Apache-2.0"
ENDINGS = CPP_ENDINGS + (".py", ".sh", ".cmake", ".proto", "CMakeLists.txt")


def check(tree):
    for path in tree.paths:
        lines = tree.text(path).splitlines()
        script = bool(lines) and lines[0].startswith("#!")
        if (script or path.endswith(ENDINGS)) and not any(LICENSE in line for line in lines[:2]):
            yield Finding(path, 1, f"no {LICENSE}")
