# SPDX-License-Identifier: Apache-2.0
"""`[reload] watch`: what an operator writes is taken without being told to."""
import os
import shutil
import ssl

import pytest

from authority import Authority
from raw_http1 import Connection
from test_reload import Reloads
from test_rotation import Pair, context

WATCH = '[reload]\nwatch = true\nstream_grace = "100ms"\n'


@pytest.fixture
def start(start_host, tmp_path):
    return lambda extra=WATCH: Reloads(start_host, tmp_path, extra)


def test_S78_configuration_and_modules_are_reloaded_when_they_change(start):
    reloads = start()
    host = reloads.host
    with Connection(host.address()) as client:
        assert client.request("GET /echo").status == 200
        reloads.upgrade()
        reloads.wait("module unloaded", module="echo", generation=1)
        assert str(reloads.echo) in reloads.wait("files have changed")["files"]
        reloads.write(reloads.text + "[limits]\nhttp_boddy = 1\n")
        refused = reloads.wait("reload refused: the configuration from before serves on")
        assert 'did you mean "http_body"?' in refused["error"]
        reloads.write(reloads.text + '[limits]\nhttp_body = "10B"\n')
        reloads.wait("reloaded", generation=3)
        assert client.request("POST /echo", "Content-Length: 11").status == 413
    # What changes once is reloaded once.
    assert host.metric("meshhost_config_reloads_total", result="ok") == 2
    assert host.metric("meshhost_config_reloads_total", result="failed") == 1


def test_S75_certificates_are_reloaded_when_they_change(start, tmp_path):
    root = Authority(tmp_path)
    for name in ("first", "second"):
        root.issue(name)
    root.issue("client", usage="clientAuth")
    pair = Pair(tmp_path, root)
    shutil.copy(root.certificate, tmp_path / "clients.crt")
    reloads = start(WATCH + pair.listener())
    host = reloads.host

    def served():
        tls = context(root, ssl.TLSVersion.TLSv1_3)
        with Connection(host.address("tls")) as client:
            client.socket = tls.wrap_socket(client.socket, server_hostname="localhost")
            return client.socket.getpeercert()["serialNumber"]

    before = served()
    pair.use("second")
    reloads.wait("reloaded", generation=2)
    assert served() != before


def test_S78_watching_is_turned_on_and_off_by_a_reload(start):
    reloads = start("")
    host = reloads.host
    reloads.write(reloads.text + WATCH)
    reloads.reload()
    reloads.upgrade()
    reloads.wait("reloaded", generation=3)
    reloads.write(reloads.text)
    reloads.wait("reloaded", generation=4)
    reloads.upgrade()
    # A signal is what reloads now; the file that changed before it was not taken up.
    reloads.generation = 4
    reloads.reload()
    assert host.metric("meshhost_config_reloads_total", result="ok") == 4


def test_S78_a_reload_that_was_asked_for_is_not_repeated(start):
    reloads = start()
    reloads.upgrade()
    assert reloads.post("/reload")[0] == 200
    os.utime(reloads.host.config)
    reloads.wait("reloaded", generation=3)
    assert [record["files"] for record in reloads.host.logs
            if record.get("msg") == "files have changed"] == [str(reloads.host.config)]
