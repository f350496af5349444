# SPDX-License-Identifier: Apache-2.0
"""Reloads: what a change does not touch does not notice."""
import json
import os
import pathlib
import shutil
import signal
import threading
import time

import grpc
import pytest

from host_process import HostProcess, meshhost
from load import Load, LongStreams
from raw_http1 import Connection
from raw_http2 import Http2
from raw_websocket import RawWebSocket
from settings import MODULES, PATIENCE, TEST_MODULES
from stubs import (ECHO, echo_pb2_grpc, health_pb2, health_pb2_grpc, insecure, probe_pb2,
                   probe_pb2_grpc, reflection_pb2, reflection_pb2_grpc)

SANITIZED = PATIENCE > 1
ROUNDS = 10 if SANITIZED else 100
QUICK = '[reload]\nstream_grace = "100ms"\n'


class Reloads:
    """A host whose files the test changes."""

    def __init__(self, start_host, folder, extra=QUICK, **base):
        self.folder = folder
        self.echo = folder / "echo.so"
        shutil.copy(MODULES / "echo.so", self.echo)
        self.modules = (HostProcess.module_config("echo", self.echo) +
                        HostProcess.module_config("probe", TEST_MODULES / "probe.so"))
        base.setdefault("drain", 'delay = "0s"\ntimeout = "1s"')
        self.text = HostProcess.base_config(folder, self.modules + extra, **base)
        self.host = start_host(self.text)
        self.generation = 1

    def write(self, text):
        part = self.folder / "next.toml"
        part.write_text(text)
        os.replace(part, self.host.config)

    def upgrade(self, path=None, size=1):
        """Another file in its place: the same code with `size` bytes more."""
        path = path or self.echo
        part = path.with_suffix(".part")
        part.write_bytes(path.read_bytes() + b"\0" * size)
        part.chmod(0o755)
        os.replace(part, path)

    def wait(self, text, **fields):
        deadline = time.monotonic() + 20 * PATIENCE
        with self.host._changed:
            while True:
                for record in self.host.logs:
                    if record.get("msg") == text and all(
                            record.get(name) == value for name, value in fields.items()):
                        return record
                left = deadline - time.monotonic()
                assert left > 0, f"no {text!r} with {fields}; host says:\n{self.host.describe()}"
                self.host._changed.wait(left)

    def reload(self):
        """By SIGHUP; returns once it serves."""
        self.host.signal(signal.SIGHUP)
        self.generation += 1
        return self.wait("reloaded", generation=self.generation)

    def post(self, path, document=None):
        """(status, document) of the admin API."""
        return self.host.post(path, document)


@pytest.fixture
def start(start_host, tmp_path):
    return lambda *arguments, **base: Reloads(start_host, tmp_path, *arguments, **base)


class Footprint:
    """What a process holds that must not grow."""

    def __init__(self, pid):
        proc = pathlib.Path("/proc", str(pid))
        self.maps = len((proc / "maps").read_text().splitlines())
        self.threads = len(list((proc / "task").iterdir()))
        self.descriptors = len(list((proc / "fd").iterdir()))
        resident, = [line for line in (proc / "status").read_text().splitlines()
                     if line.startswith("VmRSS:")]
        self.resident = int(resident.split()[1]) * 1024

    def __repr__(self):
        return str(vars(self))


def steady(seconds=1.5):
    """A time in which nothing changes: (begin, end)."""
    begin = time.monotonic()
    threading.Event().wait(seconds)
    return begin, time.monotonic()


def test_S74_upgrades_under_load_hurt_nothing(start):
    reloads = start()
    host = reloads.host
    long = LongStreams(host)
    with Load(host) as load:
        for _ in range(5):  # warm: pools, arenas, series
            reloads.upgrade()
            reloads.reload()
        before = steady()
        changing_from = time.monotonic()
        footprint = Footprint(host.process.pid)
        for _ in range(ROUNDS):
            reloads.upgrade()
            reloads.reload()
            reloads.wait("module unloaded", generation=reloads.generation - 1)
            long.check()
        changing = (changing_from, time.monotonic())
        after = Footprint(host.process.pid)
        behind = steady()
    assert load.failures == []
    assert min(load.calls.values()) > ROUNDS
    long.check()
    long.close()
    assert not host.logged("module retained")
    assert host.metric("meshhost_modules_retained") == 0
    assert host.metric("meshhost_config_generation") == ROUNDS + 6
    for name in ("threads", "descriptors") if SANITIZED else ("maps", "threads", "descriptors"):
        assert abs(getattr(after, name) - getattr(footprint, name)) <= 12, (footprint, after)
    if not SANITIZED:
        assert after.resident < footprint.resident + (8 << 20), (footprint, after)
        for kind in ("unary", "rest"):
            usual = max(load.p99(kind, *before), load.p99(kind, *behind))
            # Client and host share the machine's processors; below 20 ms that is all one sees.
            assert load.p99(kind, *changing) <= max(2 * usual, 0.02), (kind, usual)


def test_S74_what_did_not_change_is_the_same(start):
    """Instances, limits and metrics go on over reloads that change something else."""
    reloads = start()
    host = reloads.host
    with insecure(host) as channel:
        echo_pb2_grpc.EchoStub(channel).Unary(ECHO(count=1))
        reloads.write(reloads.text + "[limits]\nmax_connections = 1000\n")
        reloads.reload()
        echo_pb2_grpc.EchoStub(channel).Unary(ECHO(count=1))
    modules = json.loads(host.admin("/modules")[2])
    assert [module["generation"] for module in modules] == [1, 1]
    assert host.metric("rpc_server_call_duration_seconds_count",
                       rpc_method="echo.v1.Echo/Unary") == 2
    assert not host.logged("module unloaded")


def test_S74_a_call_finishes_on_the_code_that_it_began_with(start):
    reloads = start(drain='delay = "0s"\ntimeout = "20s"')
    probe = reloads.folder / "probe.so"
    shutil.copy(TEST_MODULES / "probe.so", probe)
    reloads.write(reloads.text.replace(str(TEST_MODULES / "probe.so"), str(probe)))
    with insecure(reloads.host) as channel:
        reloads.reload()  # the same file at another path: nothing is loaded
        assert json.loads(reloads.host.admin("/modules")[2])[1]["generation"] == 1
        call = probe_pb2_grpc.ProbeStub(channel).Block.future(probe_pb2.Request(milliseconds=1500))
        reloads.host.wait_metric(lambda value: value == 1, "rpc_server_active_calls",
                                 rpc_method="probe.v1.Probe/Block")
        reloads.upgrade(probe)
        reloads.reload()
        assert not call.done()
        call.result(20 * PATIENCE)
    reloads.wait("module unloaded", module="probe", generation=1)


def test_S74_long_streams_of_an_upgraded_module_are_told_to_go(start):
    reloads = start()
    host = reloads.host
    with RawWebSocket(host.address(), "/echo") as socket, insecure(host) as channel:
        assert socket.accepted()
        hold = threading.Event()

        def requests():
            yield ECHO(count=1)
            hold.wait(30 * PATIENCE)

        answers = echo_pb2_grpc.EchoStub(channel).Bidi(requests())
        next(answers)
        reloads.upgrade()
        reloads.reload()
        assert socket.until_close() == 1012
        with pytest.raises(grpc.RpcError) as failed:
            next(answers)
        assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
        hold.set()
        reloads.wait("module unloaded", module="echo", generation=1)


def test_S74_the_drain_timeout_ends_what_does_not_go(start):
    """Probe's Wait answers to a cancelled call only, and is none of those that are told."""
    reloads = start()
    with insecure(reloads.host) as channel:
        call = probe_pb2_grpc.ProbeStub(channel).Wait.future(probe_pb2.Request())
        reloads.host.wait_metric(lambda value: value == 1, "probe_waiting")
        text = reloads.text.replace(HostProcess.module_config(
            "probe", TEST_MODULES / "probe.so"), "")
        reloads.write(text)
        reloads.reload()
        with pytest.raises(grpc.RpcError) as failed:
            call.result(20 * PATIENCE)
        assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.RpcError) as failed:
            probe_pb2_grpc.ProbeStub(channel).Sleep(probe_pb2.Request())
        assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED
    reloads.wait("module unloaded", module="probe")


def test_S74_health_and_reflection_follow_without_losing_their_streams(start):
    reloads = start()
    with insecure(reloads.host) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="probe.v1.Probe"))
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        asked = threading.Semaphore(0)

        def requests():
            while True:
                asked.acquire()
                yield reflection_pb2.ServerReflectionRequest(list_services="*")

        answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(requests())

        def services():
            asked.release()
            return {service.name for service in next(answers).list_services_response.service}

        assert "probe.v1.Probe" in services()
        probe = HostProcess.module_config("probe", TEST_MODULES / "probe.so")
        reloads.write(reloads.text.replace(probe, ""))
        reloads.reload()
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        assert "probe.v1.Probe" not in services() and "echo.v1.Echo" in services()
        reloads.write(reloads.text)
        reloads.reload()
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        assert "probe.v1.Probe" in services()


def test_S74_listeners_come_go_and_stay(start):
    reloads = start()
    host = reloads.host
    second = '[[listener]]\nname = "second"\naddress = "127.0.0.1:0"\n'
    with Connection(host.address()) as kept:
        assert kept.request("GET /echo").status == 200
        reloads.write(reloads.text + second)
        reloads.reload()
        with Connection(host.address("second")) as dropped, Http2(host.address("second")) as http2:
            assert dropped.request("GET /echo").status == 200
            assert http2.get("/echo").data
            reloads.write(reloads.text)
            reloads.reload()
            assert dropped.rest() == b""
            assert http2.until_closed().error_code == 0
        with pytest.raises(ConnectionRefusedError):
            Connection(host.address("second"))
        assert kept.request("GET /echo").status == 200


def test_S74_rights_of_a_unix_socket_change_and_its_connections_stay(start, tmp_path):
    path = tmp_path / "sock"
    table = '[[listener]]\nname = "unix"\naddress = "unix:{}"\nunix_mode = "{}"\n'
    reloads = start(QUICK + table.format(path, "0660"))
    with Connection(str(path)) as client:
        assert path.stat().st_mode & 0o777 == 0o660
        reloads.write(reloads.text.replace("0660", "0600"))
        reloads.reload()
        assert path.stat().st_mode & 0o777 == 0o600
        assert client.request("GET /echo").status == 200


def test_S74_limits_of_what_runs_change(start):
    reloads = start()
    with insecure(reloads.host) as channel:
        stub = echo_pb2_grpc.EchoStub(channel)
        stub.Unary(ECHO(payload=b"x" * 5000))
        reloads.write(reloads.text + '[limits]\ngrpc_message_in = "1KiB"\n')
        reloads.reload()
        with pytest.raises(grpc.RpcError) as failed:
            stub.Unary(ECHO(payload=b"x" * 5000))
        assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert json.loads(reloads.host.admin("/modules")[2])[0]["generation"] == 1


def test_S74_too_many_live_generations_are_refused(start):
    reloads = start('[reload]\nmax_generations = 2\nstream_grace = "1h"\n')
    with RawWebSocket(reloads.host.address(), "/echo") as socket:
        assert socket.accepted()
        reloads.upgrade()
        reloads.reload()
        reloads.upgrade()
        status, answer = reloads.post("/reload")
        assert status == 422
        assert 'module "echo" would be live 3 times, reload.max_generations is 2' in answer["error"]
        socket.frame(1, b"still here")
        assert socket.read_frame()[3] == b"still here"
    reloads.wait("module unloaded", module="echo", generation=1)
    assert reloads.post("/reload")[0] == 200


def test_S78_plan_says_what_a_reload_would_disturb(start):
    reloads = start()
    host = reloads.host
    with RawWebSocket(host.address(), "/echo") as socket:
        assert socket.accepted()
        reloads.upgrade()
        reloads.write(reloads.text + '[limits]\nhttp_body = "2MiB"\n'
                      '[[listener]]\nname = "second"\naddress = "127.0.0.1:0"\n')
        status, plan = reloads.post("/plan")
        assert status == 200
        assert {"key": "limits.http_body", "before": '"1MiB"', "after": '"2MiB"'} in plan["config"]
        actions = {listener["name"]: listener["action"] for listener in plan["listeners"]}
        assert actions == {"plain": "kept", "second": "added"}
        echo, probe = plan["modules"]
        assert (echo["action"], echo["streams"]) == ("upgraded", 1)
        assert probe["action"] == "limits"  # its bodies may be larger
        # Nothing has happened.
        assert host.metric("meshhost_config_generation") == 1
        socket.frame(1, b"hello")
        assert socket.read_frame()[3] == b"hello"


def test_S78_planning_leaves_no_trace(start, tmp_path):
    reloads = start(host=f'state_directory = "{tmp_path}/state"')
    host = reloads.host
    quarantine = lambda: sorted(str(file.relative_to(tmp_path / "state")) + ":" +
                                str(file.stat().st_mtime_ns)
                                for file in (tmp_path / "state").rglob("*"))
    reloads.upgrade()
    reloads.write(reloads.text + '[[listener]]\nname = "second"\naddress = "127.0.0.1:0"\n')
    before = quarantine()
    assert before
    for _ in range(2):
        status, plan = reloads.post("/plan")
        assert (status, plan["from"], plan["to"]) == (200, 1, 2)
    assert quarantine() == before
    assert not [line for line in host.admin("/metrics")[2].splitlines()
                if 'listener="second"' in line]
    reloads.reload()  # to generation 2
    assert quarantine() != before


def test_S78_subcommands_plan_and_reload(start):
    reloads = start()
    host = reloads.host
    # The file that the operator edits names the admin address.
    port = host.port("admin")
    text = reloads.text.replace('address = "127.0.0.1:0"', f'address = "127.0.0.1:{port}"', 1)
    other = reloads.folder / "operator.toml"
    other.write_text(text)
    reloads.upgrade()
    plan = meshhost("plan", "--config", other)
    assert plan.returncode == 0, plan.stderr
    assert "echo" in plan.stdout and "upgraded" in plan.stdout
    done = meshhost("reload", "--config", other)
    assert done.returncode == 0 and "upgraded" in done.stdout, done.stderr
    reloads.write(reloads.text + "[limits]\nhttp_boddy = 1\n")
    refused = meshhost("reload", "--config", other)
    assert refused.returncode == 1
    assert 'did you mean "http_body"?' in refused.stderr
    nothing = meshhost("confirm", "--config", other)
    assert nothing.returncode == 1 and "no reload waits for confirmation" in nothing.stderr
    host.stop()
    gone = meshhost("plan", "--config", other)
    assert gone.returncode == 1 and "admin server at 127.0.0.1" in gone.stderr


def test_S78_reload_that_nobody_confirms_is_rolled_back(start):
    reloads = start()
    host = reloads.host
    with RawWebSocket(host.address(), "/echo") as socket:
        assert socket.accepted()
        reloads.upgrade()
        reloads.write(reloads.text + '[limits]\ngrpc_message_in = "1KiB"\n')
        assert reloads.post("/reload", {"confirm": f"{int(2 * PATIENCE)}s"})[0] == 200
        with insecure(host) as channel:
            with pytest.raises(grpc.RpcError):
                echo_pb2_grpc.EchoStub(channel).Unary(ECHO(payload=b"x" * 5000))
            assert reloads.post("/reload")[0] == 422  # one at a time
            assert reloads.wait("reload rolled back")["why"] == "nobody confirmed it in time"
            host.wait_metric(lambda value: value == 1, "meshhost_config_generation")
            echo_pb2_grpc.EchoStub(channel).Unary(ECHO(payload=b"x" * 5000))
        # The instance from before never stopped serving.
        socket.frame(1, b"hello")
        assert socket.read_frame()[3] == b"hello"
        reloads.wait("module unloaded", module="echo", generation=2)
    assert host.metric("meshhost_config_reloads_total", result="rolled_back") == 1


def test_S78_confirmed_reload_stays(start):
    reloads = start()
    reloads.upgrade()
    assert reloads.post("/reload", {"confirm": "1h"})[0] == 200
    assert not reloads.host.logged("module unloaded")
    assert reloads.post("/reload/confirm") == (200, {"generation": 2})
    reloads.wait("module unloaded", module="echo", generation=1)
    assert reloads.post("/reload/rollback")[0] == 409


def test_S78_reload_that_does_worse_is_rolled_back(start):
    """The new settings have every call fail: time-outs are the server's fault."""
    reloads = start()
    host = reloads.host
    with insecure(host) as channel:
        stub = probe_pb2_grpc.ProbeStub(channel)
        for _ in range(50):
            stub.Sleep(probe_pb2.Request(milliseconds=20))
        reloads.write(reloads.text + '[timeouts]\nrequest = "5ms"\n')
        assert reloads.post("/reload", {"confirm": "1h"})[0] == 200
        failed = 0
        while not host.logged("reload rolled back"):
            try:
                stub.Sleep(probe_pb2.Request(milliseconds=20))
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
                failed += 1
        assert failed >= 20
        why = reloads.wait("reload rolled back")["why"]
        assert why.startswith("server errors went from 0.0 % to ")
        host.wait_metric(lambda value: value == 1, "meshhost_config_generation")
        stub.Sleep(probe_pb2.Request(milliseconds=20))


def test_S78_signals_during_a_reload_collapse(start):
    reloads = start()
    for _ in range(50):
        reloads.host.signal(signal.SIGHUP)
    reloads.wait("reloaded", generation=2)
    assert reloads.post("/reload")[0] == 200
    assert reloads.host.stop() == 0


def test_S84_stop_during_an_unconfirmed_reload(start):
    reloads = start()
    reloads.upgrade()
    assert reloads.post("/reload", {"confirm": "1h"})[0] == 200
    assert reloads.host.stop() == 0
    assert reloads.host.wait_log("stopped")["clean"] is True
