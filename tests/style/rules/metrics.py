# SPDX-License-Identifier: Apache-2.0
"""Every metric that the host exposes is described in host/telemetry/METRICS.md, and none else.

A metric's name is a string literal in host/ that is written like one: a known prefix and, as
Prometheus asks, a unit or _total or _info at its end, or one of the gauges listed below.
"""

import re

from source_tree import Finding

PAGE = "host/telemetry/METRICS.md"
NAME = re.compile(r'\b((?:meshhost|http|rpc|process|websocket|tls|module)_[a-z0-9_]*'
                  r"(?:_total|_seconds|_bytes|_info|_ratio|_active_requests|_connections|_fds))\b")
_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def check(tree):
    if not tree.has(PAGE):
        yield Finding(PAGE, 1, "the page is missing")
        return
    documented = set(NAME.findall(tree.text(PAGE)))
    exposed = {}
    for path in tree.cpp("host"):
        for number, line in tree.lines(path):
            for literal in _LITERAL.findall(line):
                if NAME.fullmatch(literal):
                    exposed.setdefault(literal, (path, number))
    for name, (path, number) in sorted(exposed.items()):
        if name not in documented:
            yield Finding(path, number, f"{name} is not described in {PAGE}")
    for name in sorted(documented - set(exposed)):
        yield Finding(PAGE, 1, f"{name} is described, and no code exposes it")
