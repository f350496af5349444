# SPDX-License-Identifier: Apache-2.0
"""The command line: checking a configuration, exit codes, version."""
import json
import re
import time

import pytest

from host_process import HostProcess, meshhost
from settings import MODULES, PATIENCE, ROOT


def write(tmp_path, text):
    path = tmp_path / "test.toml"
    path.write_text(text)
    return path


def test_check_of_a_good_file(tmp_path):
    path = write(tmp_path, HostProcess.probe_config(tmp_path))
    result = meshhost("check", "--config", path)
    assert result.returncode == 0 and "ok" in result.stdout and result.stderr == ""


def test_check_as_json_prints_what_is_in_effect(tmp_path):
    path = write(tmp_path, HostProcess.probe_config(tmp_path))
    result = meshhost("check", "--json", "--config", path)
    effective = json.loads(result.stdout)
    assert result.returncode == 0 and effective["host"]["workers"] == 2
    assert "4MiB" in json.dumps(effective) or "4194304" in json.dumps(effective)


BAD = """[host]
workers = "two"
strange = 1

[limits]
max_conections = 5
http_body = "1 parsec"
backlog = 0

[[listener]]
name = "a"
address = "127.0.0.1"

[[listener]]
name = "a"
address = "127.0.0.1:0"
protocols = ["http1", "gopher"]
"""


def test_check_names_every_error_with_its_place(tmp_path):
    path = write(tmp_path, BAD)
    result = meshhost("check", "--config", path)
    assert result.returncode == 78 and result.stdout == ""
    lines = result.stderr.splitlines()
    errors = [line for line in lines if re.match(rf"{re.escape(str(path))}:\d+:\d+: error: ", line)]
    places = {tuple(map(int, error[len(str(path)) + 1:].split(":")[:2])) for error in errors}
    assert {line for line, _ in places} >= {2, 3, 6, 7, 8, 12, 17}
    assert any(line in (14, 15) for line, _ in places)  # the second "a"
    assert all(column >= 1 for _, column in places)
    text = result.stderr
    assert "max_connections" in text  # the nearest key
    assert "gopher" in text and "1 parsec" in text


def test_check_as_json_lists_the_errors(tmp_path):
    result = meshhost("check", "--json", "--config", write(tmp_path, BAD))
    report = json.loads(result.stdout)
    assert result.returncode == 78 and report["ok"] is False and len(report["errors"]) >= 7
    assert {"file", "line", "column", "message"} <= set(report["errors"][0])


def test_check_of_a_syntax_error(tmp_path):
    path = write(tmp_path, '[host]\nname = "unclosed\n')
    result = meshhost("check", "--config", path)
    assert result.returncode == 78 and f"{path}:2:" in result.stderr


def test_check_of_a_file_that_is_not_there(tmp_path):
    result = meshhost("check", "--config", tmp_path / "none.toml")
    assert result.returncode == 78 and "none.toml" in result.stderr


@pytest.mark.parametrize("replaced, by, named", [
    (str(MODULES / "echo.so"), "/nowhere/echo.so", "/nowhere/echo.so"),
    ('delay = "0s"', 'delay = "-1s"', "-1s"),
])
def test_check_and_run_say_the_same(tmp_path, replaced, by, named):
    path = write(tmp_path, HostProcess.probe_config(tmp_path).replace(replaced, by))
    results = [meshhost(command, "--config", path) for command in ("check", "run")]
    assert [result.returncode for result in results] == [78, 78]
    assert results[0].stderr == results[1].stderr and named in results[0].stderr
    assert f"{path}:" in results[0].stderr


def test_run_refuses_before_it_listens_or_logs(tmp_path):
    result = meshhost("run", "--config", write(tmp_path, BAD))
    assert result.returncode == 78 and "listening" not in result.stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run"], ["check", "--config"],
                                       ["run", "--config", "x", "--strange"], ["module"],
                                       ["module", "check"]])
def test_wrong_usage_is_64(arguments):
    result = meshhost(*arguments)
    assert result.returncode == 64 and result.stdout + result.stderr != ""


def test_help_and_version():
    result = meshhost("--help")
    assert result.returncode == 0
    assert all(word in result.stdout for word in ("run", "check", "module", "version"))
    result = meshhost("version")
    assert result.returncode == 0
    assert re.match(r"meshhost \d+\.\d+\.\d+ \(.*\), module ABI 1\.\d+\n$", result.stdout)


def test_shipped_files_are_read():
    """Their modules and certificates need not be there, but no key or value may be wrong."""
    for name in ("dev.toml", "reference.toml"):
        result = meshhost("check", "--config", ROOT / "config" / name)
        wrong = [line for line in result.stderr.splitlines()
                 if "unknown" in line or "expected" in line]
        assert wrong == []


def test_pid_file(start_host, tmp_path):
    pid_file = tmp_path / "pid"
    host = start_host(HostProcess.probe_config(tmp_path).replace(
        "[host]\n", f'[host]\npid_file = "{pid_file}"\n'))
    deadline = time.monotonic() + 10 * PATIENCE
    while not (pid_file.exists() and pid_file.read_text()):
        assert time.monotonic() < deadline
    assert int(pid_file.read_text()) == host.process.pid
    assert host.stop() == 0
    assert not pid_file.exists()
