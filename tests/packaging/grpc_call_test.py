# SPDX-License-Identifier: Apache-2.0
"""packaging/grpc_call against a real host: listing, the call kinds, TLS, and what errors look like."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

from host_process import HostProcess  # noqa: E402
from settings import DEV_CA_SCRIPT  # noqa: E402

GRPC_CALL = ROOT / "packaging/grpc_call"
HELLO = '{"payload": "aGVsbG8="}'


class GrpcCall(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        subprocess.run([DEV_CA_SCRIPT, cls.folder], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        cls.host = HostProcess(cls.folder / "host",
                               HostProcess.sample_config(cls.folder, cls.folder / "host"))
        cls.addClassCleanup(cls.host.end)
        cls.host.start()

    def call(self, *arguments, listener="plain"):
        return subprocess.run([GRPC_CALL, self.host.target(listener), *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def answers(self, *arguments, **options):
        result = self.call(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_without_a_method_it_lists_the_services(self):
        services = self.call().stdout.split()
        self.assertIn("echo.v1.Echo", services)
        self.assertIn("catalog.v1.Catalog", services)

    def test_a_unary_call(self):
        self.assertEqual(self.answers("echo.v1.Echo/Unary", HELLO), [{"payload": "aGVsbG8="}])

    def test_a_server_stream_prints_each_message(self):
        request = '{"payload": "aGVsbG8=", "count": 3}'
        self.assertEqual(len(self.answers("echo.v1.Echo/ServerStream", request)), 3)

    def test_a_client_stream_sends_each_argument(self):
        answers = self.answers("echo.v1.Echo/ClientStream", HELLO, HELLO)
        self.assertEqual(answers, [{"payload": "aGVsbG8=", "count": "2"}])

    def test_tls_with_a_client_certificate(self):
        target = self.host.target("tls").replace("127.0.0.1", "localhost")
        result = subprocess.run(
            [GRPC_CALL, target, "echo.v1.Echo/Unary", HELLO,
             "--cacert", self.folder / "ca.crt", "--cert", self.folder / "client.crt",
             "--key", self.folder / "client.key"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(result.stdout, '{"payload": "aGVsbG8="}\n', result.stderr)

    def test_errors_name_the_status_and_fail(self):
        for arguments, text in ((("echo.v1.Echo/Nothing",), "no method"),
                                (("no.such.Service/Call",), "no.such.Service"),
                                (("echo.v1.Echo/Unary", "{"), "JSON"),
                                (("echo.v1.Echo/Unary", '{"unknown": 1}'), "unknown")):
            result = self.call(*arguments)
            self.assertNotEqual(result.returncode, 0, arguments)
            self.assertIn(text, result.stderr)
            self.assertNotIn("Traceback", result.stderr)


if __name__ == "__main__":
    unittest.main()
