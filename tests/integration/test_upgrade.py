# SPDX-License-Identifier: Apache-2.0
"""Module files replaced under a running host: state goes over, and a load that would kill the host
costs an error message."""
import json
import shutil
import signal

import pytest

from host_process import HostProcess
from raw_http1 import Connection
from settings import BUILD, MODULES, PATIENCE

FAULTY = BUILD / "unit_modules" / "faulty.so"


def install(source, path, version=b""):
    """A new file in the old one's place; `version` is appended, so that it is another one."""
    new = path.with_suffix(".new")
    new.write_bytes(source.read_bytes() + version)
    shutil.copymode(source, new)
    new.rename(path)


def reload(host, config=None):
    """Asks for a reload; returns the record that says what became of it."""
    before = len(host.logs)
    if config is not None:
        host.config.write_text(config)
    host.signal(signal.SIGHUP)
    outcomes = ("reloaded", "reload refused")
    host.wait_metric(lambda _: any(host.text_of(record).startswith(outcomes)
                                   for record in host.logs[before:]), "meshhost_build_info")
    return next(record for record in host.logs[before:]
                if host.text_of(record).startswith(outcomes))


def test_state_goes_over_to_the_next_generation(start_host, tmp_path):
    path = tmp_path / "todo.so"
    install(MODULES / "todo.so", path)
    host = start_host(HostProcess.base_config(tmp_path, HostProcess.module_config("todo", path)))
    with Connection(host.address()) as client:
        assert client.request("POST /todos", "Content-Length: 17",
                              body=b'{"title": "milk"}').status == 201
        for round_ in range(3):
            install(MODULES / "todo.so", path, b"%d" % round_)
            assert host.text_of(reload(host)) == "reloaded"
            notes = json.loads(client.request("GET /todos").body)
            assert [note["title"] for note in notes] == ["milk"]
    handed = host.logged("state handed over")
    assert [record["records"] for record in handed] == [1, 1, 1]
    assert host.stop() == 0
    assert host.wait_log("stopped")["clean"] is True


@pytest.mark.parametrize("fault, cause", [
    ("abort", "killed by SIGABRT"), ("segv", "SIGSEGV" if PATIENCE == 1 else "SEGV"),
    ("exit", "exited with code 7"), ("fail", "told to fail"),
    ("hang", "still not done after 500ms")])
def test_load_that_would_kill_the_host_changes_nothing(start_host, tmp_path, fault, cause):
    echo = HostProcess.module_config("echo")
    host = start_host(HostProcess.base_config(tmp_path, echo))
    faulty = HostProcess.module_config("faulty", FAULTY, init_timeout="500ms")
    record = reload(host, HostProcess.base_config(
        tmp_path, echo + faulty + f'[module.config]\ncreate = "{fault}"\n'))
    said = json.dumps(record)
    assert f"{host.config}:" in record["error"]
    assert host.text_of(record).startswith("reload refused"), said
    assert cause in said and 'module \\"faulty\\": create' in said
    with Connection(host.address()) as client:
        assert client.request("GET /echo").status == 200
        assert client.request("GET /faulty/none").status == 404
    assert host.stop() == 0
    assert list((tmp_path / "run").iterdir()) == []
