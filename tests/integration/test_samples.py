# SPDX-License-Identifier: Apache-2.0
"""What a newcomer is told to try: each line that packaging/quickstart prints, against
config/dev.toml with nothing changed but ports and folders."""
import re
import shlex
import subprocess

import pytest
import requests

from host_process import HostProcess
from settings import MODULES, PATIENCE, ROOT

PORTS = {"8080": "plaintext", "8443": "tls", "9901": "admin"}


@pytest.fixture(scope="module")
def dev_host(tmp_path_factory, pki):
    folder = tmp_path_factory.mktemp("dev")
    text = (ROOT / "config" / "dev.toml").read_text()
    for port in PORTS:
        assert f"127.0.0.1:{port}" in text
        text = text.replace(f"127.0.0.1:{port}", "127.0.0.1:0")
    text = text.replace("../build/run", f"{folder}/run").replace("../build/dev-ca", str(pki))
    text = text.replace("../build/release/modules", str(MODULES))
    text = text.replace('format = "text"', 'format = "json"')  # this is how the test reads ports
    host = HostProcess(folder, text)
    host.start()
    yield host
    host.end()


def printed_lines():
    script = (ROOT / "packaging" / "quickstart").read_text()
    text = script.split("print_what_to_try() {")[1].split("END\n")[1]
    lines = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    assert len(lines) == 5
    return lines


def command(line, host, pki):
    """The line with the ports of this host and the folder of its certificates."""
    for port, listener in PORTS.items():
        line = re.sub(rf"(127\.0\.0\.1|localhost):{port}\b", rf"\1:{host.port(listener)}", line)
    line = line.replace("$kAuthority", str(pki))
    assert "$" not in line
    return shlex.split(line)


def run(line, host, pki, stdin=None):
    result = subprocess.run(command(line, host, pki), input=stdin, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stderr
    return result.stdout


def line_with(*words):
    (line,) = [line for line in printed_lines() if all(word in line for word in words)]
    return line


def test_S60_curl_lists_the_items(dev_host, pki):
    output = run(line_with("curl -i", "/v1/items"), dev_host, pki)
    assert output.startswith("HTTP/1.1 200 OK") and output.endswith('{"items":[]}')


def test_S02_grpc_call_answers(dev_host, pki):
    output = run(line_with("grpc_call"), dev_host, pki)
    assert output == '{"payload": "aGVsbG8=", "count": "1"}\n'


def test_S28_grpc_call_lists_services(dev_host):
    result = subprocess.run([ROOT / "packaging" / "grpc_call", dev_host.target("plaintext")],
                            stdout=subprocess.PIPE, check=True, text=True)
    assert {"catalog.v1.Catalog", "echo.v1.Echo", "grpc.testing.TestService"} <= set(
        result.stdout.split())


def test_S06_websocket_client_echoes(dev_host, pki):
    """The client prints what comes back with "< " in front; it ends with its input."""
    process = subprocess.Popen(command(line_with("websockets"), dev_host, pki), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write("hello from a test\n")
    process.stdin.flush()
    output = ""
    while "< hello from a test" not in output:
        line = process.stdout.readline()
        assert line, output
        output += line
    process.stdin.close()
    assert process.wait(30 * PATIENCE) == 0


def test_S09_curl_with_the_client_certificate(dev_host, pki):
    line = line_with("--cert ", "https://")
    assert '{"items":' in run(line, dev_host, pki)
    # In dev the certificate is optional, but a wrong one is not accepted.
    assert '{"items":' in run(re.sub(r"--cert \S+ --key \S+", "", line), dev_host, pki)


def test_S17_metrics_are_printed(dev_host, pki):
    output = run(line_with("/metrics"), dev_host, pki)
    assert "# TYPE meshhost_build_info gauge" in output


CRUD_SAMPLE = ROOT / "sdk" / "example" / "todo" / "todo.cc"


def test_S60_crud_sample_is_below_150_lines_and_works(start_host, tmp_path):
    assert len(CRUD_SAMPLE.read_text().splitlines()) < 150
    host = start_host(HostProcess.base_config(tmp_path, HostProcess.module_config("todo")))
    with requests.Session() as session:
        session.trust_env = False
        url = host.url("/todos")
        made = session.post(url, json={"title": "write a module"})
        assert made.status_code == 201, made.text
        path = made.headers["Location"]
        assert session.get(host.url(path)).json()["title"] == "write a module"
        assert session.put(host.url(path), json={"title": "test it", "done": True}).ok
        assert session.get(host.url(path)).json()["done"] is True
        assert session.delete(host.url(path)).status_code == 204
        assert session.get(host.url(path)).status_code == 404
