# SPDX-License-Identifier: Apache-2.0
"""packaging/dev_ca: what it writes is a working authority, and good files are left alone."""

import pathlib
import stat
import subprocess
import tempfile
import unittest

DEV_CA = pathlib.Path(__file__).resolve().parents[2] / "packaging/dev_ca"
FILES = [f"{name}.{kind}" for name in ("ca", "server", "client") for kind in ("crt", "key")]


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


class DevCa(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "ca"
        self.make()

    def make(self):
        subprocess.run([DEV_CA, self.folder], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return {name: (self.folder / name).read_bytes() for name in FILES}

    def text(self, name):
        return openssl("x509", "-in", str(self.folder / f"{name}.crt"), "-noout", "-text")

    def expire(self, name):
        """Puts a certificate of the same key in its place that has a day left."""
        openssl("req", "-x509", "-new", "-key", str(self.folder / f"{name}.key"), "-days", "1",
                "-subj", f"/CN={name}", "-out", str(self.folder / f"{name}.crt"))

    def test_keys_are_readable_by_their_owner_only(self):
        for name in ("ca", "server", "client"):
            mode = stat.S_IMODE((self.folder / f"{name}.key").stat().st_mode)
            self.assertEqual(mode, 0o600, name)

    def test_each_certificate_is_good_for_its_use_and_no_other(self):
        ca = str(self.folder / "ca.crt")
        for name, purpose, other in (("server", "sslserver", "sslclient"),
                                     ("client", "sslclient", "sslserver")):
            crt = str(self.folder / f"{name}.crt")
            openssl("verify", "-x509_strict", "-CAfile", ca, "-purpose", purpose, crt)
            with self.assertRaises(subprocess.CalledProcessError):
                openssl("verify", "-CAfile", ca, "-purpose", other, crt)

    def test_the_names_are_those_of_this_machine_and_a_spiffe_id(self):
        self.assertIn("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
                      self.text("server"))
        self.assertIn("URI:spiffe://dev.meshhost/client", self.text("client"))

    def test_a_second_run_changes_nothing(self):
        before = {name: (self.folder / name).read_bytes() for name in FILES}
        self.assertEqual(self.make(), before)

    def test_a_certificate_near_its_end_is_made_anew(self):
        self.expire("server")
        before = {name: (self.folder / name).read_bytes() for name in FILES}
        after = self.make()
        changed = [name for name in FILES if before[name] != after[name]]
        self.assertEqual(changed, ["server.crt", "server.key"])

    def test_a_new_authority_makes_new_certificates(self):
        self.expire("ca")
        before = {name: (self.folder / name).read_bytes() for name in FILES}
        after = self.make()
        self.assertEqual([name for name in FILES if before[name] == after[name]], [])


if __name__ == "__main__":
    unittest.main()
