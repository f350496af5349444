# SPDX-License-Identifier: Apache-2.0
"""grpc.health.v1 and grpc.reflection (v1 and v1alpha) by their generated stubs."""
import queue
import threading

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from host_process import HostProcess
from raw_http2 import Http2
from settings import PATIENCE, TEST_MODULES
from stubs import (alpha_pb2, alpha_pb2_grpc, health_pb2, health_pb2_grpc, insecure,
                   probe_pb2, probe_pb2_grpc, reflection_pb2, reflection_pb2_grpc)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
SERVICES = {"echo.v1.Echo", "catalog.v1.Catalog", "grpc.testing.TestService"}


@pytest.fixture
def channel(shared_host):
    with insecure(shared_host) as channel:
        yield channel


@pytest.mark.parametrize("service", ["", *sorted(SERVICES)])
def test_S27_check(channel, service):
    stub = health_pb2_grpc.HealthStub(channel)
    assert stub.Check(health_pb2.HealthCheckRequest(service=service)).status == SERVING


def test_S27_check_of_an_unknown_service_is_not_found(channel):
    with pytest.raises(grpc.RpcError) as failed:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="no.such"))
    assert failed.value.code() == grpc.StatusCode.NOT_FOUND


def test_S27_list_names_every_service(shared_host, channel):
    """List is newer than the stubs of Debian: HealthListResponse is map<string, Response> in 1."""
    with Http2(shared_host.address()) as client:
        stream = client.finish(client.grpc("/grpc.health.v1.Health/List", messages=[b""]))
    assert stream.trailer("grpc-status") == "0"
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="list.proto", package="l", syntax="proto3")
    response = file.message_type.add(name="R")
    response.field.add(name="status", number=1, type=5, label=1)
    entry = file.message_type.add(name="Entry")
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=11, type_name=".l.R", label=1)
    whole = file.message_type.add(name="List")
    whole.field.add(name="statuses", number=1, type=11, type_name=".l.Entry", label=3)
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    listed = factory.GetPrototype(pool.FindMessageTypeByName("l.List")).FromString(
        stream.messages()[0][1])
    statuses = {entry.key: entry.value.status for entry in listed.statuses}
    assert SERVICES <= set(statuses) and statuses[""] == SERVING
    assert all(status == SERVING for status in statuses.values())


class Watch:
    """A Watch call whose answers are collected as they come."""

    def __init__(self, channel, service):
        self.call = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service=service))
        self.answers = queue.Queue()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        try:
            for answer in self.call:
                self.answers.put(answer.status)
        except grpc.RpcError as error:
            self.answers.put(error.code())

    def next(self):
        return self.answers.get(timeout=10 * PATIENCE)


def test_S27_watch_begins_with_what_is_and_ends_by_cancel(channel):
    watch = Watch(channel, "echo.v1.Echo")
    assert watch.next() == SERVING
    unknown = Watch(channel, "no.such")
    assert unknown.next() == SERVICE_UNKNOWN
    watch.call.cancel()
    unknown.call.cancel()
    assert watch.next() == grpc.StatusCode.CANCELLED


def test_S27_health_flips_at_drain(start_host, tmp_path):
    """In the delay before the drain calls are still served, but health says no."""
    host = start_host(HostProcess.probe_config(tmp_path, drain='delay = "1s"'))
    with insecure(host) as channel:
        watches = [Watch(channel, ""), Watch(channel, "echo.v1.Echo")]
        assert [watch.next() for watch in watches] == [SERVING, SERVING]
        assert host.admin("/readyz")[0] == 200
        host.signal()
        assert [watch.next() for watch in watches] == [NOT_SERVING, NOT_SERVING]
        stub = health_pb2_grpc.HealthStub(channel)
        assert stub.Check(health_pb2.HealthCheckRequest()).status == NOT_SERVING
        assert probe_pb2_grpc.ProbeStub(channel).Caller(probe_pb2.Request()) is not None
        assert host.admin("/readyz")[0] == 503
        assert host.admin("/livez")[0] == 200
    assert host.wait() == 0


def test_S27_health_can_be_turned_off(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, "[grpc]\nhealth = false\n"))
    with insecure(host) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_S27_health_is_exempt_from_the_limit_of_calls(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, "[limits]\nmax_in_flight = 1\n", workers=1))
    with insecure(host) as channel:
        waiting = probe_pb2_grpc.ProbeStub(channel).Wait.future(probe_pb2.Request())
        host.wait_metric(lambda value: value == 1, "probe_waiting")
        stub = health_pb2_grpc.HealthStub(channel)
        assert stub.Check(health_pb2.HealthCheckRequest()).status == SERVING
        waiting.cancel()


def test_S40_admin_health(shared_host):
    for path in ("/livez", "/readyz"):
        status, _, body = shared_host.admin(path)
        assert (status, body) == (200, "ok\n")
    status, headers, body = shared_host.admin("/health")
    assert status == 200 and '"status":"healthy"' in body.replace(" ", "")
    assert {"echo", "catalog", "interop"} <= {
        part.split('"')[0] for part in body.split("module/")[1:]}


REFLECTIONS = {"v1": (reflection_pb2, reflection_pb2_grpc),
               "v1alpha": (alpha_pb2, alpha_pb2_grpc)}


@pytest.fixture(params=REFLECTIONS)
def reflect(request, channel):
    """reflect(question=...) -> the answer, over one stream that stays open."""
    messages, stubs = REFLECTIONS[request.param]
    questions = queue.Queue()
    answers = stubs.ServerReflectionStub(channel).ServerReflectionInfo(iter(questions.get, None))

    def ask(**question):
        questions.put(messages.ServerReflectionRequest(host="test", **question))
        answer = next(answers)
        for name, value in question.items():
            assert getattr(answer.original_request, name) == value
        return answer

    yield ask
    questions.put(None)
    assert list(answers) == []


def test_S28_list_of_services(reflect):
    names = [service.name for service in reflect(list_services="*").list_services_response.service]
    assert len(names) == len(set(names))
    assert SERVICES | {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                       "grpc.reflection.v1alpha.ServerReflection"} <= set(names)


def files_of(answer):
    assert answer.HasField("file_descriptor_response"), answer.error_response
    return [descriptor_pb2.FileDescriptorProto.FromString(data)
            for data in answer.file_descriptor_response.file_descriptor_proto]


@pytest.mark.parametrize("symbol, file", [
    ("echo.v1.Echo", "echo/v1/echo.proto"), ("echo.v1.Echo.Unary", "echo/v1/echo.proto"),
    ("catalog.v1.Change", "catalog/v1/catalog.proto"),
    ("catalog.v1.Change.Kind", "catalog/v1/catalog.proto"),
    ("catalog.v1.Item.price_cents", "catalog/v1/catalog.proto"),
    ("grpc.testing.SimpleRequest", "grpc/testing/messages.proto"),
    ("grpc.health.v1.Health", "grpc/health/v1/health.proto")])
def test_S28_file_of_a_symbol(reflect, symbol, file):
    assert file in [found.name for found in files_of(reflect(file_containing_symbol=symbol))]


def test_S28_file_by_name_and_unknown_ones(reflect):
    assert files_of(reflect(file_by_filename="echo/v1/echo.proto"))[0].package == "echo.v1"
    for question in ({"file_by_filename": "no/such.proto"}, {"file_containing_symbol": "no.Such"}):
        assert reflect(**question).error_response.error_code == 5  # NOT_FOUND


def test_S28_descriptors_are_enough_to_make_a_call(reflect, channel):
    pool = descriptor_pool.DescriptorPool()
    waiting, done = ["grpc.testing.TestService"], set()
    files = {file.name: file for file in files_of(reflect(file_containing_symbol=waiting[0]))}

    def add(name):
        if name in done:
            return
        done.add(name)
        if name not in files:
            files.update((file.name, file) for file in files_of(reflect(file_by_filename=name)))
        for dependency in files[name].dependency:
            add(dependency)
        pool.Add(files[name])

    for name in list(files):
        add(name)
    method = pool.FindServiceByName("grpc.testing.TestService").methods_by_name["UnaryCall"]
    factory = message_factory.MessageFactory(pool)
    request = factory.GetPrototype(method.input_type)(response_size=100)
    answer = channel.unary_unary(
        "/grpc.testing.TestService/UnaryCall",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=factory.GetPrototype(method.output_type).FromString)(request)
    assert len(answer.payload.body) == 100


def test_S28_reflection_can_be_turned_off(start_host, tmp_path):
    host = start_host(HostProcess.probe_config(tmp_path, "[grpc]\nreflection = false\n"))
    with insecure(host) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            list(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
                iter([reflection_pb2.ServerReflectionRequest(list_services="*")])))
    assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_S28_modules_of_other_toolchains_are_reflected(start_host, tmp_path):
    """Several modules bring the same sample.proto; each service is found."""
    names = ["c11_gcc", "cxx20_clang", "protobuf_lite"]
    host = start_host(HostProcess.base_config(tmp_path, "".join(
        HostProcess.module_config(name, TEST_MODULES / f"{name}.so") for name in names)))
    with insecure(host) as channel:
        answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([
            reflection_pb2.ServerReflectionRequest(list_services="*"),
            reflection_pb2.ServerReflectionRequest(
                file_containing_symbol="sample.v1.ProtobufLite")]))
        services = {service.name for service in next(answers).list_services_response.service}
        assert {"sample.v1.C11Gcc", "sample.v1.Cxx20Clang", "sample.v1.ProtobufLite"} <= services
        assert files_of(next(answers))[0].name == "sample/v1/sample.proto"
