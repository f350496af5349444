# SPDX-License-Identifier: Apache-2.0
"""/openapi.json: held against the published schema, and against what the host really answers.

Debian ships the schema of OpenAPI 3.0 and none of 3.1. The document has nothing that only one of the
two knows, so it must pass that schema as soon as it says the other version; the JSON Schemas inside
are checked as 3.1 has them, by draft 2020-12.
"""
import json
import pathlib
import re

import jsonschema
import pytest

from host_process import HostProcess
from raw_http1 import Connection
from settings import TEST_MODULES

SCHEMA = pathlib.Path("/usr/share/openapi-specification/schemas/v3.0/schema.json")
VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def served(host):
    status, headers, body = host.admin("/openapi.json")
    assert status == 200 and headers["Content-Type"] == "application/json"
    return json.loads(body)


@pytest.fixture(scope="module")
def document(shared_host):
    return served(shared_host)


@pytest.fixture
def many_hosts(start_host, tmp_path):
    """Routes that OpenAPI can tell apart by their servers only."""
    named = TEST_MODULES / "named.so"
    return start_host(HostProcess.base_config(
        tmp_path,
        HostProcess.module_config("shop", named, hosts='["shop.example", "[::1]"]') +
        HostProcess.module_config("blog", named, hosts='["*.blog.example"]') +
        HostProcess.module_config("rest", named) + HostProcess.module_config("echo")))


def operations(document):
    """(path, verb, operation) of each."""
    return [(path, verb, item[verb]) for path, item in document["paths"].items()
            for verb in VERBS if verb in item]


def check(document):
    assert document["openapi"] == "3.1.0"
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(
        {**document, "openapi": "3.0.3"})
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    # What the specification says in words.
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    shapes = [re.sub(r"\{[^}]*\}", "{}", path) for path in document["paths"]]
    assert len(shapes) == len(set(shapes))
    for path, verb, operation in operations(document):
        parameters = [parameter["name"] for parameter in operation.get("parameters", [])]
        assert parameters == re.findall(r"\{([^}]*)\}", path), path
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
        assert ("requestBody" in operation) == (verb in ("post", "put", "patch"))


def test_S36_the_document_is_openapi(document):
    check(document)
    assert document["info"]["title"] == "meshhost" and document["info"]["version"]


def test_S36_the_schema_would_find_a_mistake(document):
    """The check itself: what it judges is not empty, and not everything passes."""
    broken = json.loads(json.dumps(document))
    del next(iter(broken["paths"].values()))["get"]["responses"]
    with pytest.raises(jsonschema.ValidationError):
        check(broken)


def test_S36_every_rest_route_is_in_it_and_nothing_else(shared_host, document):
    modules = json.loads(shared_host.admin("/modules")[2])
    registered = {(module["name"], *endpoint.split(" ", 1)) for module in modules
                  for endpoint in module["endpoints"] if " " in endpoint}
    listed = {(tag, verb.upper(), path) for path, verb, operation in operations(document)
              for tag in operation["tags"]}
    assert listed == {route for route in registered if route[1] != "WS"}
    assert ("catalog", "PATCH", "/v1/items/{id}") in listed


def test_S36_each_get_without_parameters_answers(shared_host, document):
    paths = {path: operation["tags"] for path, verb, operation in operations(document)
             if verb == "get" and "{" not in path}
    assert ["catalog"] in paths.values()
    with Connection(shared_host.address()) as client:
        for path in paths:
            assert client.request(f"GET {path}").status not in (404, 405), path


def test_S36_each_operation_is_routed_for_its_verb(shared_host, document):
    """405 would say that the host has no such route; 404 may be the module's own answer."""
    with Connection(shared_host.address()) as client:
        for path, verb, _ in operations(document):
            target = re.sub(r"\{[^}]*\}", "1", path)
            answer = client.request(f"{verb.upper()} {target}", "Content-Length: 0")
            assert answer.status != 405, path
            if answer.status == 404:
                assert json.loads(answer.body)["code"] != "ROUTE_NOT_FOUND", path


def test_S36_errors_are_as_the_document_says(shared_host, document):
    problem = document["components"]["schemas"]["Problem"]
    validator = jsonschema.Draft202012Validator(problem)
    with Connection(shared_host.address()) as client:
        for line in ("GET /nowhere", "DELETE /echo", "GET /v1/items/none", "GET /v1/items/%zz"):
            answer = client.request(line)
            assert answer.status >= 400
            assert answer.headers["content-type"] == "application/problem+json"
            validator.validate(json.loads(answer.body))


def test_S36_hosts_of_modules_are_servers(many_hosts):
    document = served(many_hosts)
    check(document)
    name = document["paths"]["/name"]["get"]
    assert name["tags"] == ["shop", "blog", "rest"]
    assert [server["url"] for server in name["servers"]] == \
        ["//shop.example", "//[::1]", "//{name}.blog.example", "/"]
    assert "servers" not in document["paths"]["/echo"]["get"]


def test_S36_the_document_is_read_only(shared_host):
    with Connection(shared_host.address("admin")) as client:
        client.send("POST /openapi.json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        assert client.read().status == 405
