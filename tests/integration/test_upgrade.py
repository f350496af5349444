# SPDX-License-Identifier: Apache-2.0
"""Module files replaced under a running host: state goes over, and a load that would kill the host
costs an error message."""
import json
import queue
import shutil
import signal
import threading

import pytest
from google.protobuf import descriptor_pb2

from host_process import HostProcess
from raw_http1 import Connection
from settings import BUILD, MODULES, PATIENCE
from stubs import insecure, reflection_pb2, reflection_pb2_grpc

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
    ("hang", "still not done after ")])
def test_load_that_would_kill_the_host_changes_nothing(start_host, tmp_path, fault, cause):
    echo = HostProcess.module_config("echo")
    host = start_host(HostProcess.base_config(tmp_path, echo))
    faulty = HostProcess.module_config("faulty", FAULTY, init_timeout=f"{int(500 * PATIENCE)}ms")
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


def test_state_that_cannot_be_loaded_changes_nothing(start_host, tmp_path):
    path = tmp_path / "stateful.so"
    install(BUILD / "unit_modules" / "state_v1.so", path)
    module = HostProcess.module_config("stateful", path)
    host = start_host(HostProcess.base_config(
        tmp_path, module + '[module.config]\nremember = "this"\n'))
    install(BUILD / "unit_modules" / "state_v1.so", path, b"2")
    record = reload(host, HostProcess.base_config(
        tmp_path, module + '[module.config]\nload = "fail"\n'))
    assert host.text_of(record).startswith("reload refused")
    assert 'module "stateful": state load: told to fail' in record["error"]
    assert json.loads(host.admin("/modules")[2])[0]["generation"] == 1
    assert host.stop() == 0
    assert host.wait_log("stopped")["clean"] is True


class Schema:
    """What reflection says of shop.proto, over one stream."""

    def __init__(self, channel):
        self._questions = queue.Queue()
        self._answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
            iter(self._questions.get, None))

    def methods(self):
        self._questions.put(reflection_pb2.ServerReflectionRequest(
            file_containing_symbol="shop.v1.Shop"))
        data, = next(self._answers).file_descriptor_response.file_descriptor_proto
        file = descriptor_pb2.FileDescriptorProto.FromString(data)
        return {service.name: [method.name for method in service.method]
                for service in file.service}

    def close(self):
        self._questions.put(None)


def test_two_versions_of_one_schema_live_at_once(start_host, tmp_path):
    """Both bring the package shop.v1, and disagree. A call of the old one is open over the swap."""
    path = tmp_path / "schema.so"
    install(BUILD / "unit_modules" / "schema_v1.so", path)
    host = start_host(HostProcess.base_config(
        tmp_path, HostProcess.module_config("schema", path) + "[module.config]\nserve = true\n",
        drain='delay = "0s"\ntimeout = "1min"'))
    with insecure(host) as channel:
        schema = Schema(channel)
        get = channel.unary_unary("/shop.v1.Shop/Get")
        assert schema.methods()["Shop"] == ["Get", "List", "Drop"]
        page = b"\x10\x07"  # field 2 is a number in both
        assert get(page) == page
        old = get.future(b"")
        host.wait_metric(lambda _: json.loads(host.admin("/modules")[2])[0]["holding"] == "1 call",
                         "meshhost_build_info")
        install(BUILD / "unit_modules" / "schema_v2.so", path)
        assert host.text_of(reload(host)) == "reloaded"
        assert schema.methods() == {"Shop": ["Get", "List", "New"]}
        assert get(page) == page
        assert not host.logged("module unloaded") and not old.done()
        old.cancel()
        assert host.wait_log("module unloaded")["generation"] == 1
        assert schema.methods() == {"Shop": ["Get", "List", "New"]}
        schema.close()
    assert host.stop() == 0


def samples(page):
    """Series to value; a series that stands there twice is an error."""
    found = {}
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        series, value = line.rsplit(" ", 1)
        assert series not in found, f"twice: {series}"
        found[series] = float(value)
    return found


def counts(series):
    """Those that an outcome makes (status, reason) begin again with a deployment."""
    return (series.split("{")[0].endswith(("_total", "_count", "_bucket")) and
            not any(label in series for label in ("status_code=", "reason=")))


def test_S17_counters_go_on_and_scrapes_do_not_break_over_upgrades(start_host, tmp_path):
    path = tmp_path / "echo.so"
    install(MODULES / "echo.so", path)
    host = start_host(HostProcess.base_config(tmp_path, HostProcess.module_config("echo", path)))
    done = threading.Event()
    pages = []

    def scrape():
        while not done.is_set():
            pages.append(host.admin("/metrics"))

    scraper = threading.Thread(target=scrape)
    with Connection(host.address()) as client:
        assert client.request("GET /echo").status == 200
        scraper.start()
        for round_ in range(10):
            install(MODULES / "echo.so", path, b"%d" % round_)
            assert host.text_of(reload(host)) == "reloaded"
            assert client.request("GET /echo").status == 200
        before = len(pages)
        host.wait_metric(lambda _: len(pages) > before + 1, "meshhost_build_info")
    done.set()
    scraper.join()
    assert len(pages) > 10 and {status for status, _, _ in pages} == {200}
    last = {}
    for _, _, page in pages:
        now = samples(page)
        for series in filter(counts, last):
            assert now[series] >= last[series], series
        last = now
    assert sum(value for series, value in last.items() if "_count{" in series and
               series.startswith("meshhost_listener_call_duration_seconds")) == 11
