# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the integration tests: a real host process on ports that the kernel picks.

Tests use clients that others wrote (curl, grpcio, nghttp, Chromium, raw sockets). The host says in
its log where it listens ("listening", with listener and address) and when it is ready.
"""
import subprocess

import pytest

from host_process import HostProcess
from settings import DEV_CA_SCRIPT


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """A development authority with server and client certificates."""
    folder = tmp_path_factory.mktemp("pki")
    subprocess.run([str(DEV_CA_SCRIPT), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture
def start_host(tmp_path):
    """start_host(toml_text, ...) runs a host until the test ends; see HostProcess."""
    started = []

    def start(config, wait_ready=True, **options):
        host = HostProcess(tmp_path / f"host{len(started)}", config, **options)
        started.append(host)
        host.start(wait_ready)
        return host

    yield start
    for host in started:
        host.end()


@pytest.fixture(scope="module")
def shared_host(tmp_path_factory, pki):
    """One host with every sample module, plaintext, TLS and unix listeners, for tests that only
    send requests."""
    folder = tmp_path_factory.mktemp("shared")
    host = HostProcess(folder, HostProcess.sample_config(pki, folder))
    host.start()
    yield host
    host.end()


@pytest.fixture(scope="module")
def probe_host(tmp_path_factory):
    """One host with the modules echo and probe, for tests that read probe's metrics."""
    folder = tmp_path_factory.mktemp("probe")
    host = HostProcess(folder, HostProcess.probe_config(folder))
    host.start()
    yield host
    host.end()
