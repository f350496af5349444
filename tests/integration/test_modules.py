# SPDX-License-Identifier: Apache-2.0
"""Loading modules: any toolchain, none that is unfit, and no two that claim the same."""
import json
import shutil
import time

import grpc
import pytest

from host_process import HostProcess, meshhost
from raw_http1 import Connection
from settings import MODULES, PATIENCE, TEST_MODULES
from stubs import insecure, sample_pb2, sample_pb2_grpc

TOOLCHAINS = {"c99_gcc": "C99Gcc", "c99_clang": "C99Clang", "c11_gcc": "C11Gcc",
              "cxx17_old_string": "Cxx17OldString", "cxx17_clang": "Cxx17Clang",
              "cxx20_clang": "Cxx20Clang", "cxx20_bare": "Cxx20Bare", "rust": "Rust",
              "protobuf_c": "ProtobufC", "protobuf_lite": "ProtobufLite"}
BUILT = [name for name in TOOLCHAINS if (TEST_MODULES / f"{name}.so").exists()]


def test_S03_modules_of_all_toolchains_live_together(start_host, tmp_path):
    """All embed the same sample.proto: with protobuf LITE (twice, one static), protobuf-c, or none."""
    assert {"c11_gcc", "protobuf_lite", "cxx20_clang", "protobuf_c"} <= set(BUILT)
    libraries = {"protobuf_c": {"allowed_libraries": '["libprotobuf-c.so.1"]'}}
    host = start_host(HostProcess.base_config(tmp_path, "".join(
        HostProcess.module_config(name, TEST_MODULES / f"{name}.so", **libraries.get(name, {}))
        for name in BUILT)))
    with insecure(host) as channel, Connection(host.address()) as client:
        for name in BUILT:
            stub = getattr(sample_pb2_grpc, TOOLCHAINS[name] + "Stub")(channel)
            answer = stub.Name(sample_pb2.Message(text="x", number=42))
            assert (answer.text, answer.number) == (name, 42)
            assert client.request(f"GET /sample/{name}").body == name.encode()
    assert host.stop() == 0
    assert host.wait_log("stopped")["clean"] is True  # each one was unmapped


def run_refused(start_host, config):
    host = start_host(config, wait_ready=False)
    assert host.wait() == 78
    assert not host.logged("ready") and not host.logged("listening")
    return (host.folder / "stderr").read_text(), host


@pytest.mark.parametrize("misfit, what", [("misfit_service", 'service "echo.v1.Echo"'),
                                          ("misfit_route", 'route "GET /echo"')])
def test_S04_second_owner_is_refused_and_both_are_named(start_host, tmp_path, misfit, what):
    stderr, host = run_refused(start_host, HostProcess.base_config(
        tmp_path, HostProcess.module_config("echo") +
        HostProcess.module_config("intruder", TEST_MODULES / f"{misfit}.so")))
    assert what in stderr and '"intruder"' in stderr and '"echo"' in stderr
    assert f"{host.config}:" in stderr


UNFIT = {
    "misfit_no_note": "note", "misfit_major": "ABI", "misfit_minor": "ABI",
    "misfit_interface": "mh.teleport/1", "misfit_export": "misfit_second_symbol",
}


@pytest.mark.parametrize("misfit", UNFIT)
def test_S04_unfit_module_is_refused_without_running_it(start_host, tmp_path, misfit):
    """Its constructor would leave a file behind; the note and the symbols decide before."""
    witness = TEST_MODULES / f"{misfit}.ran"
    witness.unlink(missing_ok=True)
    stderr, _ = run_refused(start_host, HostProcess.base_config(
        tmp_path, HostProcess.module_config("unfit", TEST_MODULES / f"{misfit}.so")))
    assert UNFIT[misfit] in stderr and "misfit" in stderr
    assert not witness.exists()


def test_S04_module_that_fails_to_start_says_why(start_host, tmp_path):
    stderr, _ = run_refused(start_host, HostProcess.base_config(
        tmp_path, HostProcess.module_config("unfit", TEST_MODULES / "misfit_create.so")))
    assert "create fails on purpose" in stderr


def test_S04_file_that_is_no_shared_object_is_refused(start_host, tmp_path):
    for content in (b"", b"not an object", b"\x7fELF", (MODULES / "echo.so").read_bytes()[:5000]):
        path = tmp_path / "broken.so"
        path.write_bytes(content)
        result = meshhost("module", "check", path)
        assert result.returncode == 1 and "broken.so" in result.stdout
    stderr, _ = run_refused(start_host, HostProcess.base_config(
        tmp_path, HostProcess.module_config("broken", path)))
    assert "broken.so" in stderr


def test_S04_pinned_file_must_have_its_hash(start_host, tmp_path):
    stderr, _ = run_refused(start_host, HostProcess.base_config(
        tmp_path, HostProcess.module_config("echo", sha256="0" * 64)))
    assert "sha256" in stderr.lower() or "SHA-256" in stderr


def test_S04_library_that_was_not_allowed_is_refused(start_host, tmp_path):
    stderr, _ = run_refused(start_host, HostProcess.base_config(
        tmp_path, HostProcess.module_config("catalog")))
    assert "libsqlite3" in stderr and "allowed_libraries" in stderr


@pytest.mark.parametrize("name", ["echo", "interop"])
def test_S04_module_check_of_a_good_one(name):
    result = meshhost("module", "check", MODULES / f"{name}.so")
    assert result.returncode == 0 and name in result.stdout
    result = meshhost("module", "check", "--json", MODULES / f"{name}.so")
    assert result.returncode == 0 and json.loads(result.stdout)


@pytest.mark.parametrize("misfit", UNFIT)
def test_S04_module_check_of_an_unfit_one(misfit):
    result = meshhost("module", "check", TEST_MODULES / f"{misfit}.so")
    assert result.returncode == 1 and UNFIT[misfit] in result.stdout
    json.loads(meshhost("module", "check", "--json", TEST_MODULES / f"{misfit}.so").stdout)


def test_S04_module_diff(tmp_path):
    same = meshhost("module", "diff", MODULES / "echo.so", MODULES / "echo.so")
    assert same.returncode == 0
    broken = meshhost("module", "diff", MODULES / "echo.so", TEST_MODULES / "probe.so")
    assert broken.returncode == 1 and "echo.v1.Echo" in broken.stdout
    report = meshhost("module", "diff", "--json", MODULES / "echo.so", TEST_MODULES / "probe.so")
    assert "echo.v1.Echo" in json.dumps(json.loads(report.stdout))
    missing = meshhost("module", "diff", MODULES / "echo.so", tmp_path / "none.so")
    assert missing.returncode != 0 and "none.so" in missing.stdout + missing.stderr


def test_S04_private_copy_is_served_when_the_file_is_overwritten(start_host, tmp_path):
    """Copying over a mapped file would crash the process; the host runs its own copy."""
    path = tmp_path / "echo.so"
    shutil.copy(MODULES / "echo.so", path)
    host = start_host(HostProcess.base_config(tmp_path, HostProcess.module_config("echo", path)))
    path.write_bytes(b"\0" * 100000)
    with Connection(host.address()) as client:
        assert client.request("GET /echo").body == b"Hello, World!"
    assert host.stop() == 0
    assert list((tmp_path / "run").iterdir()) == []  # the copy is gone again


def test_S36_conflict_of_route_shapes_is_refused(start_host, tmp_path):
    """The same module twice: its first claim is already taken."""
    stderr, _ = run_refused(start_host, HostProcess.base_config(
        tmp_path, HostProcess.module_config("one", MODULES / "echo.so") +
        HostProcess.module_config("two", MODULES / "echo.so")))
    assert '"one"' in stderr and '"two"' in stderr


@pytest.mark.parametrize("second", ['["b.example", "*.a.example"]', '["*.A.example"]'])
def test_S36_conflict_on_one_host_is_refused(start_host, tmp_path, second):
    """The hosts of two copies overlap in one; test_routes.py has those that do not."""
    named = TEST_MODULES / "named.so"
    stderr, _ = run_refused(start_host, HostProcess.base_config(
        tmp_path, HostProcess.module_config("one", named, hosts='["a.example", "*.a.example"]') +
        HostProcess.module_config("two", named, hosts=second)))
    assert '"one"' in stderr and '"two"' in stderr and '"*.a.example"' in stderr


def test_S25_pool_that_is_full_refuses_and_recovers(start_host, tmp_path):
    host = start_host(HostProcess.base_config(tmp_path, HostProcess.module_config(
        "probe", TEST_MODULES / "probe.so", pool_threads=1, pool_queue=1)))
    clients = [Connection(host.address()) for _ in range(6)]
    for client in clients:
        client.send("GET /probe/block?ms=500 HTTP/1.1\r\nHost: t\r\n\r\n")
    statuses = sorted(client.read().status for client in clients)
    assert statuses[0] == 200 and statuses[-1] == 503 and set(statuses) == {200, 503}
    assert 1 <= statuses.count(200) <= 3
    for client in clients:
        client.close()
    with Connection(host.address()) as client:
        assert client.request("GET /probe/block?ms=1").body == b"blocked"
    assert host.metric("meshhost_refusals_total", reason="MODULE_QUEUE_FULL") == \
        statuses.count(503)


def p99(client, path, count=500):
    """Seconds, of `count` requests one after another."""
    taken = []
    for _ in range(count):
        begin = time.monotonic()
        assert client.request(f"GET {path}").status == 200
        taken.append(time.monotonic() - begin)
    return sorted(taken)[count * 99 // 100]


def test_S25_module_that_blocks_hurts_only_itself(start_host, tmp_path):
    """On one worker: every pool thread of one module sleeps, and its queue is full."""
    host = start_host(HostProcess.base_config(
        tmp_path, HostProcess.module_config("echo") + HostProcess.module_config(
            "probe", TEST_MODULES / "probe.so", pool_threads=2, pool_queue=4), workers=1))
    blocked = [Connection(host.address()) for _ in range(6)]
    with Connection(host.address()) as client:
        usual = p99(client, "/echo")
        for one in blocked:
            one.send("GET /probe/block?ms=1000 HTTP/1.1\r\nHost: t\r\n\r\n")
        # Below 20 ms one sees the processors that client and host share.
        assert p99(client, "/echo") <= max(2 * usual, 0.02 * PATIENCE)
    assert {one.read().status for one in blocked} <= {200, 503}
    for one in blocked:
        one.close()


def test_S25_bounded_calls_of_one_module(start_host, tmp_path):
    host = start_host(HostProcess.base_config(tmp_path, HostProcess.module_config(
        "probe", TEST_MODULES / "probe.so", max_in_flight=2), workers=1))
    clients = [Connection(host.address()) for _ in range(2)]
    for client in clients:
        client.send("GET /probe/wait HTTP/1.1\r\nHost: t\r\n\r\n")
    host.wait_metric(lambda value: value == 2, "probe_waiting")
    with Connection(host.address()) as client:
        answer = client.request("GET /probe/sleep?ms=1")
        assert answer.status == 503 and answer.headers["retry-after"] == "1"
        assert json.loads(answer.body)["code"] == "IN_FLIGHT_LIMIT"
    for client in clients:
        client.close()


def test_S03_module_gets_its_settings(start_host, tmp_path):
    config = HostProcess.module_config("probe", TEST_MODULES / "probe.so") + "[module.config]\n"
    stderr, _ = run_refused(start_host, HostProcess.base_config(
        tmp_path, config + 'start_delay = "soon"\n'))
    assert "start_delay" in stderr
    stderr, _ = run_refused(start_host, HostProcess.base_config(tmp_path, config + "strange = 1\n"))
    assert "strange" in stderr


def test_S04_admin_lists_modules(shared_host):
    modules = {module["name"]: module for module in json.loads(shared_host.admin("/modules")[2])}
    assert set(modules) == {"echo", "interop", "catalog"}
    assert any("echo.v1.Echo/Unary" in endpoint for endpoint in modules["echo"]["endpoints"])


def test_S04_disabled_module_is_not_loaded(start_host, tmp_path):
    host = start_host(HostProcess.base_config(
        tmp_path, HostProcess.module_config("echo") +
        HostProcess.module_config("probe", TEST_MODULES / "probe.so", enabled=False)))
    with insecure(host) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            channel.unary_unary("/probe.v1.Probe/Caller")(b"")
    assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED
