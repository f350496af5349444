# SPDX-License-Identifier: Apache-2.0
"""What stays of a private key in the memory of a host. Not for builds with sanitizers: their
allocators keep freed blocks of every library as they were."""
import base64
import pathlib
import re
import subprocess

import pytest

from authority import Authority
from host_process import HostProcess
from test_certificates import get, tls_listener


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("keys"))


def private_numbers(key):
    """The private number of a key, big-endian."""
    shown = subprocess.run(["openssl", "pkey", "-in", str(key), "-noout", "-text"],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    number = re.search(r"(?:priv|privateExponent):\s*\n((?:    .*\n)+)", shown)[1]
    return bytes.fromhex(re.sub(r"[^0-9a-f]", "", number)).lstrip(b"\0")


@pytest.mark.parametrize("kind", ["ec", "rsa", "ec-traditional", "rsa-traditional"])
def test_S79_no_copy_of_a_key_file_stays_in_memory(tmp_path, root, kind):
    """Looks for the file's text and for the number as the file encodes it, in all memory of the
    host. The number as OpenSSL keeps it has to be there: so the search can find something."""
    certificate, key = root.issue(kind, rsa=kind.startswith("rsa"))
    if kind.endswith("traditional"):
        text = subprocess.run(["openssl", "pkey", "-traditional", "-in", str(key)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        key.write_text(text)
        assert f"BEGIN {kind[:-12].upper()} PRIVATE KEY" in key.read_text()
    number = private_numbers(key)
    text = [line for line in key.read_text().splitlines() if "-----" not in line]
    assert number[:20] in base64.b64decode("".join(text))
    host = HostProcess(tmp_path, HostProcess.probe_config(tmp_path, tls_listener(root, "a", kind)))
    host.start()
    try:
        assert get(host, root, "a").status == 200
        memory = writable_memory(host.process.pid)
    finally:
        host.end()
    assert number[::-1][:24] in memory
    assert number[:24] not in memory
    for line in text:
        assert len(line) < 24 or line[:24].encode() not in memory


def writable_memory(pid):
    pieces = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            area, rights = line.split()[:2]
            begin, end = (int(part, 16) for part in area.split("-"))
            if not rights.startswith("rw") or end - begin > 1 << 30:
                continue  # shadow memory of sanitizers
            try:
                memory.seek(begin)
                pieces.append(memory.read(end - begin))
            except OSError:
                continue  # guard pages
    return b"\n".join(pieces)
