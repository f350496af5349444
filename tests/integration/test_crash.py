# SPDX-License-Identifier: Apache-2.0
"""A module that kills the process: it is named, and the next start does not run into it again."""
import json
import shutil
import subprocess

import pytest

from host_process import STOP_SECONDS, HostProcess, meshhost
from raw_http1 import Connection
from settings import BUILD, MESHHOST, PATIENCE

FAULTY = BUILD / "unit_modules" / "faulty.so"
FAULTY_2 = BUILD / "unit_modules" / "faulty2.so"  # version 2.0.0 of it


class Site:
    """One installation: its configuration, module file and state outlive the runs of the host."""

    def __init__(self, folder, start_host):
        self.folder, self.start_host = folder, start_host
        self.module = folder / "faulty.so"
        self.state = folder / "state"
        self.install(FAULTY)

    def install(self, file):
        shutil.copy(file, self.folder / "new.so")
        (self.folder / "new.so").rename(self.module)

    def config(self, window="10min"):
        config = HostProcess.base_config(self.folder, HostProcess.module_config("echo") +
                                         HostProcess.module_config("faulty", self.module))
        return config.replace("[host]", f'[host]\nstate_directory = "{self.state}"\n'
                              f'quarantine_window = "{window}"')

    def start(self):
        return self.start_host(self.config())

    def run_until_good(self):
        """Runs a host until both modules have lived through a short window."""
        host = self.start_host(self.config(window="1s"))
        host.wait_metric(lambda _: len(host.logged("module file is good")) == 2,
                         "meshhost_build_info")
        assert host.stop() == 0

    def crash(self, fault, name):
        """Runs a host into this fault; returns what it said on stderr."""
        host = HostProcess(self.folder / name, self.config())
        host.start()
        with Connection(host.address()) as client:
            client.send(f"GET /faulty/{fault} HTTP/1.1\r\nHost: t\r\n\r\n")
            assert host.wait() != 0
        return (host.folder / "stderr").read_text()


@pytest.fixture
def site(tmp_path, start_host):
    return Site(tmp_path, start_host)


@pytest.mark.parametrize("fault, signal", [("segv", "SIGSEGV"), ("abort", "SIGABRT")])
def test_crash_is_attributed_and_not_repeated(site, fault, signal):
    stderr = site.crash(fault, "first")
    assert (f'killed by {signal} in module "faulty", generation 1, '
            'method "GET /faulty/{fault}"') in stderr
    second = site.start()
    assert second.wait_log("a module crashed the host")["signal"] == signal
    left_out = second.wait_log("module file is in quarantine: the module is left out")
    assert left_out["path"] == str(site.module)
    with Connection(second.address()) as client:
        assert client.request("GET /echo").status == 200
        assert client.request("GET /faulty/none").status == 404
    assert second.metric("meshhost_module_quarantined", module="faulty") == 1
    assert second.metric("meshhost_module_quarantined", module="echo") == 0
    assert second.stop() == 0
    # What the log says to remove lifts it.
    (site.folder / left_out["remove_to_try_again"]).unlink()
    third = site.start()
    with Connection(third.address()) as client:
        assert client.request("GET /faulty/none").status == 204


def test_last_good_copy_serves_in_place_of_a_file_that_crashes(site):
    site.run_until_good()
    site.install(FAULTY_2)
    assert 'in module "faulty"' in site.crash("segv", "crash")
    second = site.start()
    second.wait_log("module file is in quarantine: the last good copy is used")
    assert second.metric("meshhost_module_info", module="faulty", version="1.0.0") == 1
    with Connection(second.address()) as client:
        assert client.request("GET /faulty/none").status == 204
    assert second.stop() == 0


def test_crash_of_a_file_that_was_good_is_no_quarantine(site):
    site.run_until_good()
    site.crash("segv", "crash")
    second = site.start()
    assert second.wait_log("a module crashed the host")["module"] == "faulty"
    with Connection(second.address()) as client:
        assert client.request("GET /faulty/none").status == 204


def test_check_does_not_touch_the_state(site):
    config = site.folder / "meshhost.toml"
    config.write_text(site.config())
    assert meshhost("check", "--config", config).returncode == 0
    assert not site.state.exists()


def preflight(folder, modules):
    """Runs the hidden subcommand as the host does; returns its reports."""
    plan = {"run_directory": str(folder / "copies"), "modules": modules}
    lines = folder / "lines"
    with open(lines, "wb") as output:
        subprocess.run(["bash", "-c", f'exec 3>&1 1>&2; exec "{MESHHOST}" module preflight'],
                       input=json.dumps(plan).encode(), stdout=output,
                       timeout=STOP_SECONDS * PATIENCE)
    return [json.loads(line) for line in lines.read_text().splitlines()]


def test_preflight_reports_each_step(tmp_path):
    settings = {"sha256": "", "pool_threads": 1, "pool_queue": 1, "max_in_flight": 0,
                "allowed_libraries": [], "hosts": [], "init_timeout_ns": 10**10,
                "stop_timeout_ns": 10**10, "callback_warn_ns": 10**9, "create": True,
                "name": "faulty", "path": str(FAULTY)}
    reports = preflight(tmp_path, [dict(settings, config="{}")])
    assert [(each["preflight"], each["text"]) for each in reports] == [
        ("step", "load"), ("step", "create"), ("step", "destroy"), ("done", "")]
    reports = preflight(tmp_path, [dict(settings, config='{"create": "segv"}')])
    assert [each["text"] for each in reports] == ["load", "create"]
    assert "preflight" not in meshhost("module", "--help").stdout
