# SPDX-License-Identifier: Apache-2.0
"""Every metric that the host exposes is described in host/telemetry/METRICS.md, and none else.

A metric's name is a string literal in host/ that is one word with one of the prefixes below. The
series that a histogram is made of (_bucket, _sum, _count) belong to the histogram's name.
"""

import re

from source_tree import Finding

PAGE = "host/telemetry/METRICS.md"
NAME = re.compile(r"\b(?:meshhost|http_server|http_client|rpc_server|rpc_client|websocket_server|"
                  r"process)_[a-z0-9_]+\b")
_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def check(tree):
    if not tree.has(PAGE):
        yield Finding(PAGE, 1, "the page is missing")
        return
    documented = set(NAME.findall(tree.text(PAGE)))
    series = {name + part for name in documented for part in ("_bucket", "_sum", "_count")}
    exposed = {}
    for path in tree.cpp("host"):
        for number, line in tree.lines(path):
            for literal in _LITERAL.findall(line):
                if NAME.fullmatch(literal):
                    exposed.setdefault(literal, (path, number))
    for name, (path, number) in sorted(exposed.items()):
        if name not in documented:
            yield Finding(path, number, f"{name} is not described in {PAGE}")
    for name in sorted(documented - set(exposed) - series):
        yield Finding(PAGE, 1, f"{name} is described, and no code exposes it")
