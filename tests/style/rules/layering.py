# SPDX-License-Identifier: Apache-2.0
"""Arrows go down only: who may include whom, and who may link whom.

host/ folders include lower layers and themselves, never a sibling; any of them may use the module
ABI headers, whose frozen value types lie below everything. A plugin sees the SDK and itself, the
SDK sees itself. The libraries that a host folder's CMakeLists.txt names obey the same order.
"""

import re

from source_tree import Finding

LAYERS = {
    "base": 0,
    "call": 1, "config": 1,
    "net": 2, "security": 2, "telemetry": 2,
    "http": 3, "grpc": 3, "filter": 3, "module": 3, "upstream": 3, "admin": 3,
    "runtime": 4,
}
OURS = ("host", "sdk", "plugins", "tests", "meshhost", "packaging")
_INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')
_LINKED = re.compile(r"\bmeshhost(?:::|_)(\w+)")


def check(tree):
    for path in tree.cpp("host", "sdk", "plugins"):
        for number, line in tree.lines(path):
            include = _INCLUDE.match(line)
            if include and _is_ours(include.group(1)):
                refusal = _refusal(path, include.group(1))
                if refusal:
                    yield Finding(path, number, f'includes "{include.group(1)}": {refusal}')
    for path in tree.paths:
        if re.fullmatch(r"host/\w+/CMakeLists\.txt", path):
            yield from _links(tree, path)


def _is_ours(included):
    """Code that protoc generated belongs to the folder that generates it, wherever it lies."""
    return included.split("/")[0] in OURS and not included.endswith(".pb.h")


def _refusal(path, included):
    """Why a file may not include this header of ours; None when it may."""
    top = path.split("/")[0]
    if top == "host":
        return _host_refusal(path, included)
    if top == "sdk":
        return None if included.startswith("meshhost/") else "the SDK includes nothing of ours"
    own = "/".join(path.split("/")[:2]) + "/"
    if included.startswith(("meshhost/", own)):
        return None
    return "a plugin sees the SDK and its own folder only"


def _host_refusal(path, included):
    if re.match(r"(sdk/include/)?meshhost/abi[/.]", included):
        return None
    parts = included.split("/")
    if parts[0] != "host" or len(parts) < 3:
        return "host/ includes host/ and the module ABI only"
    folder = path.split("/")[1]
    if "/" not in path[len("host/"):]:
        return "sources live in the folder of their layer"
    return _order_refusal(folder, parts[1])


def _order_refusal(user, used):
    if user == used:
        return None
    for folder in (user, used):
        if folder not in LAYERS:
            return f"host/{folder} has no place in the layers"
    if LAYERS[user] > LAYERS[used]:
        return None
    kind = "a sibling" if LAYERS[user] == LAYERS[used] else "above it"
    return f"{used} (layer {LAYERS[used]}) is {kind} for {user} (layer {LAYERS[user]})"


def _links(tree, path):
    folder = path.split("/")[1]
    for number, line in tree.lines(path):
        for used in _LINKED.findall(line.split("#")[0]):
            refusal = used in LAYERS and _order_refusal(folder, used)
            if refusal:
                yield Finding(path, number, f"links meshhost::{used}: {refusal}")
