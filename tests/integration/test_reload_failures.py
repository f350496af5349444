# SPDX-License-Identifier: Apache-2.0
"""Each step of a reload broken on purpose: what serves goes on, and the error names the cause."""
import json
import os
import shutil
import signal
import socket
import subprocess

import pytest

from host_process import HostProcess
from raw_http1 import Connection
from settings import MODULES, TEST_MODULES
from test_reload import Reloads

LISTENER = '[[listener]]\nname = "second"\naddress = "{}"\n'


@pytest.fixture
def reloads(start_host, tmp_path):
    return Reloads(start_host, tmp_path)


def refused(reloads, *parts):
    """A reload fails with all of `parts` in its error; the old generation serves."""
    status, answer = reloads.post("/reload")
    assert status == 422, answer
    for part in parts:
        assert part in answer["error"], answer["error"]
    assert reloads.host.metric("meshhost_config_generation") == 1
    assert reloads.host.metric("meshhost_config_reloads_total", result="failed") == 1
    record = reloads.wait("reload refused: the configuration from before serves on")
    assert record["error"] == answer["error"]
    modules = json.loads(reloads.host.admin("/modules")[2])
    assert [(one["name"], one["generation"]) for one in modules] == [("echo", 1), ("probe", 1)]
    with Connection(reloads.host.address()) as client:
        assert client.request("GET /echo").status == 200
    # And the next one goes through.
    reloads.write(reloads.text)
    assert reloads.post("/reload")[0] == 200


def at(reloads, text, line_of):
    """FILE:LINE of the first line that has `line_of`."""
    lines = text.splitlines()
    number = next(i for i, line in enumerate(lines, 1) if line_of in line)
    return f"{reloads.host.config}:{number}:"


def test_S74_parse(reloads):
    text = reloads.text + "this is no TOML\n"
    reloads.write(text)
    refused(reloads, at(reloads, text, "this is no TOML"))


def test_S74_validate(reloads):
    text = reloads.text + '[limits]\nhttp_body = "much"\n'
    reloads.write(text)
    refused(reloads, at(reloads, text, "http_body"), "limits.http_body", "much")


def test_S74_cold_key(reloads):
    text = reloads.text.replace("workers = 2", "workers = 3")
    reloads.write(text)
    refused(reloads, at(reloads, text, "workers"), "host.workers takes a restart: it is 2",
            "the file has 3")


def test_S74_file_is_gone(reloads):
    os.unlink(reloads.host.config)
    refused(reloads, str(reloads.host.config))


def test_S74_module_file_is_no_module(reloads):
    text = reloads.text
    reloads.echo.write_bytes(b"no shared object")
    status = reloads.post("/reload")
    assert status[0] == 422 and "echo.so" in status[1]["error"], status
    shutil.copy(MODULES / "echo.so", reloads.echo)
    assert reloads.post("/reload")[0] == 200
    assert at(reloads, text, "[[module]]") in status[1]["error"]


@pytest.mark.parametrize("misfit, cause", [
    ("misfit_major", "major"), ("misfit_create", "create fails on purpose"),
    ("misfit_start", "start"), ("misfit_service", "echo.v1.Echo"), ("misfit_route", "/echo")])
def test_S74_module(reloads, misfit, cause):
    """ELF note, create, start, and the conflicts of registration."""
    text = reloads.text + HostProcess.module_config(
        "misfit", TEST_MODULES / (misfit + ".so"))
    reloads.write(text)
    refused(reloads, "misfit", cause)
    copies = list((reloads.folder / "run").rglob("*misfit*"))
    assert copies == []


def test_S74_override_of_nothing(reloads):
    text = reloads.text + '[[module.method]]\nmatch = "GET /nothing"\ntimeout = "1s"\n'
    reloads.write(text)
    refused(reloads, at(reloads, text, "[[module.method]]"), "GET /nothing")


def test_S74_bind(reloads):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = reloads.text + LISTENER.format(f"127.0.0.1:{taken.getsockname()[1]}")
        reloads.write(text)
        refused(reloads, "second", str(taken.getsockname()[1]))


def test_S75_certificate_that_does_not_match_its_key_is_refused_and_retried(
        start_host, tmp_path, pki):
    """cert first, key later, as tools write them: the host finds the pair by itself."""
    for name in ("server.crt", "server.key"):
        shutil.copy(pki / name, tmp_path / name)
    tls = (LISTENER.format("127.0.0.1:0") +
           f'[listener.tls]\ncertificate = "{tmp_path}/server.crt"\nkey = "{tmp_path}/server.key"\n')
    reloads = Reloads(start_host, tmp_path, tls)
    before = (tmp_path / "server.key").read_bytes()
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-out", tmp_path / "server.key"],
                   check=True, capture_output=True)
    reloads.host.signal(signal.SIGHUP)
    record = reloads.wait("reload refused: the configuration from before serves on")
    assert "server.key" in record["error"] and "server.crt" in record["error"]
    (tmp_path / "server.key").write_bytes(before)
    reloads.wait("reloaded")
    assert reloads.host.metric("meshhost_config_reloads_total", result="ok") == 1
