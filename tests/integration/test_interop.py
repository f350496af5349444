# SPDX-License-Identifier: Apache-2.0
"""The cases of the gRPC interoperability tests, by a client on gRPC C++ (interop_client.cc)."""
import subprocess

import pytest

from host_process import HostProcess
from settings import BUILD, PATIENCE

CLIENT = BUILD / "bin" / "integration" / "interop_client"


@pytest.mark.parametrize("compression", ["identity", "gzip"])
def test_S02_interop_cases_of_the_cpp_client(start_host, tmp_path, compression):
    """Twice: whether answers are compressed is the host's configuration."""
    host = start_host(HostProcess.base_config(
        tmp_path, f'[grpc]\ncompression = "{compression}"\n' +
        HostProcess.module_config("interop")))
    result = subprocess.run([str(CLIENT), host.target()], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stdout
    assert "[  PASSED  ] 19 tests" in result.stdout, result.stdout


def test_S02_interop_cases_over_http1_capable_port(shared_host):
    """The same port also serves REST and WebSocket: the preface decides."""
    result = subprocess.run([str(CLIENT), shared_host.target()], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=60 * PATIENCE)
    assert result.returncode == 0, result.stdout
