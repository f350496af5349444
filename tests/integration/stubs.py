# SPDX-License-Identifier: Apache-2.0
"""gRPC stubs of Python, generated when the tests start; nothing of them is in the tree.

The protos of grpc.testing, grpc.health and grpc.reflection live below `grpc`, which is also the
name of the library: its search path is extended, so both are found.
"""
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import grpc
from google.protobuf import any_pb2  # noqa: F401  (a dependency of error.proto)

from settings import ROOT

GRPC_PROTOS = pathlib.Path("/usr/share/grpc-proto")
SOURCES = {
    ROOT / "plugins/echo/proto": ["echo/v1/echo.proto"],
    ROOT / "plugins/catalog/proto": ["catalog/v1/catalog.proto"],
    ROOT / "tests/abi/modules/proto": ["probe/v1/probe.proto", "sample/v1/sample.proto"],
    ROOT / "tests/integration/proto": ["google/rpc/error.proto"],
    GRPC_PROTOS: ["grpc/testing/test.proto", "grpc/testing/messages.proto",
                  "grpc/testing/empty.proto", "grpc/health/v1/health.proto",
                  "grpc/reflection/v1/reflection.proto",
                  "grpc/reflection/v1alpha/reflection.proto"],
}


def _generate():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="meshhost-stubs-"))
    command = ["protoc", f"--python_out={folder}", f"--grpc_python_out={folder}",
               f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}"]
    command += [f"-I{path}" for path in SOURCES]
    command += [file for files in SOURCES.values() for file in files]
    subprocess.run(command, check=True)
    return folder


_FOLDER = _generate()
sys.path.insert(0, str(_FOLDER))
grpc.__path__.append(str(_FOLDER / "grpc"))
# `google` is another shared name; only this one module of it is ours.
_google = importlib.import_module("google")
_google.__path__.append(str(_FOLDER / "google"))

from catalog.v1 import catalog_pb2, catalog_pb2_grpc  # noqa: E402
from echo.v1 import echo_pb2, echo_pb2_grpc  # noqa: E402
from google.rpc import error_pb2  # noqa: E402
from grpc.health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from grpc.reflection.v1 import reflection_pb2, reflection_pb2_grpc  # noqa: E402
from grpc.reflection.v1alpha import reflection_pb2 as alpha_pb2  # noqa: E402
from grpc.reflection.v1alpha import reflection_pb2_grpc as alpha_pb2_grpc  # noqa: E402
from grpc.testing import empty_pb2, messages_pb2, test_pb2_grpc  # noqa: E402
from probe.v1 import probe_pb2, probe_pb2_grpc  # noqa: E402
from sample.v1 import sample_pb2, sample_pb2_grpc  # noqa: E402

shutil.rmtree(_FOLDER)

ECHO = echo_pb2.EchoRequest


def insecure(host, listener="plain"):
    """A channel of its own connection; use with `with`."""
    return grpc.insecure_channel(host.target(listener),
                                 options=[("grpc.use_local_subchannel_pool", 1)])


def error_reason(error):
    """The stable reason code of a refusal by the host; None when there is none."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        status = error_pb2.Status.FromString(value)
        assert status.code == error.code().value[0]
        info = error_pb2.ErrorInfo()
        assert status.details[0].Unpack(info)
        assert info.domain == "meshhost"
        return info.reason
    return None
