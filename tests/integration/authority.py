# SPDX-License-Identifier: Apache-2.0
"""Certificates with exactly the fault that a test needs, made with the openssl command."""
import pathlib
import subprocess


class Authority:
    """A certificate authority in `folder`; certificates are NAME.crt with NAME.key."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._openssl("req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                      "-subj", f"/CN={name} of a test", "-days", "30",
                      "-addext", "basicConstraints=critical,CA:TRUE",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    @property
    def certificate(self):
        return self.folder / f"{self.name}.crt"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def issue(self, name, usage="serverAuth", san="DNS:localhost,IP:127.0.0.1", days=30, rsa=False):
        """Returns (certificate, key) paths. days < 0: expired."""
        key = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self._openssl("req", "-new", "-nodes", "-newkey", *key, "-keyout", f"{name}.key",
                      "-out", f"{name}.csr", "-subj", f"/O=tests/CN={name}")
        (self.folder / f"{name}.ext").write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
            f"extendedKeyUsage={usage}\nsubjectAltName={san}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt", "-CAkey",
                      f"{self.name}.key", "-CAcreateserial", "-days", str(days), "-out",
                      f"{name}.crt", "-extfile", f"{name}.ext")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"
