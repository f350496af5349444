# SPDX-License-Identifier: Apache-2.0
"""Certificates with exactly the fault that a test needs, made with the openssl command."""
import datetime
import pathlib
import subprocess


class Authority:
    """A certificate authority in `folder`; certificates are NAME.crt with NAME.key. With `parent`,
    another authority in the same folder, it is one below that."""

    def __init__(self, folder, name="ca", parent=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        signer = ("-CA", f"{parent.name}.crt", "-CAkey", f"{parent.name}.key") if parent else ()
        self._openssl("req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                      "-subj", f"/CN={name} of a test", "-days", "30", *signer,
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

    def revoke(self, *names, next_update=30):
        """Returns NAME.crl, with these certificates of this authority (or below it) on it.
        `next_update`: days from now; below 0, the list has expired."""
        lines = []
        for name in names:
            serial = subprocess.run(
                ["openssl", "x509", "-in", f"{name}.crt", "-noout", "-serial"], cwd=self.folder,
                check=True, stdout=subprocess.PIPE, text=True).stdout.split("=")[1].strip()
            lines.append(f"R\t400101000000Z\t200101000000Z\t{serial}\tunknown\t/CN={name}\n")
        (self.folder / f"{self.name}.index").write_text("".join(lines))
        (self.folder / f"{self.name}.crlnumber").write_text("01\n")
        (self.folder / f"{self.name}.cnf").write_text(
            "[ca]\ndefault_ca=c\n[c]\ndefault_md=sha256\ncrl_extensions=e\n"
            f"database={self.name}.index\ncrlnumber={self.name}.crlnumber\n"
            "[e]\nauthorityKeyIdentifier=keyid\n")
        now = datetime.datetime.now(datetime.timezone.utc)
        dates = [(now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
                 for days in (-30, next_update)]
        self._openssl("ca", "-gencrl", "-config", f"{self.name}.cnf", "-cert", f"{self.name}.crt",
                      "-keyfile", f"{self.name}.key", "-out", f"{self.name}.crl",
                      "-crl_lastupdate", dates[0], "-crl_nextupdate", dates[1])
        return self.folder / f"{self.name}.crl"
