# SPDX-License-Identifier: Apache-2.0
"""Certificates, keys, authorities and revocation lists replaced under a storm of handshakes."""
import os
import signal
import shutil
import ssl
import threading

import pytest

from authority import Authority
from raw_http1 import Connection
from settings import PATIENCE
from test_reload import Reloads

ROTATIONS = 5 if PATIENCE > 1 else 20


class Pair:
    """The files that a host serves with, each replaced by a rename."""

    def __init__(self, folder, root):
        self.folder, self.root = folder, root
        self.use("first")

    def put(self, source, name):
        part = self.folder / (name + ".part")
        shutil.copy(source, part)
        part.chmod(0o600)
        os.replace(part, self.folder / name)

    def use(self, name):
        for ending in ("crt", "key"):
            self.put(self.root.folder / f"{name}.{ending}", f"server.{ending}")

    def listener(self):
        return (f'[[listener]]\nname = "tls"\naddress = "127.0.0.1:0"\n[listener.tls]\n'
                f'certificate = "{self.folder}/server.crt"\nkey = "{self.folder}/server.key"\n'
                f'client_auth = "require"\nclient_ca = "{self.folder}/clients.crt"\n')


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = Authority(tmp_path_factory.mktemp("rotation"))
    for name in ("first", "second"):
        root.issue(name)
    root.issue("client", usage="clientAuth")
    root.next = Authority(root.folder, "next")
    root.next.issue("newcomer", usage="clientAuth")
    return root


def context(root, version, client="client"):
    tls = ssl.create_default_context(cafile=root.certificate)
    tls.minimum_version = tls.maximum_version = version
    tls.load_cert_chain(root.folder / f"{client}.crt", root.folder / f"{client}.key")
    return tls


class Storm:
    """Handshakes, full and resumed, one after another on each thread; all must end in an answer."""

    def __init__(self, host, root):
        self.host, self.root = host, root
        self.failures, self.handshakes, self.resumed = [], 0, 0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
        self._threads = [threading.Thread(target=self._run, args=(version, resume), daemon=True)
                         for version in versions for resume in (False, True)]

    def _run(self, version, resume):
        tls = context(self.root, version)
        session = None
        try:
            while not self._stop.is_set():
                with Connection(self.host.address("tls")) as client:
                    client.socket = tls.wrap_socket(client.socket, session=session,
                                                    server_hostname="localhost")
                    assert client.request("GET /echo").status == 200
                    with self._lock:
                        self.handshakes += 1
                        self.resumed += client.socket.session_reused
                    session = client.socket.session if resume else None
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(f"{version}, resume {resume}: {error!r}")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *ignored):
        self._stop.set()
        for thread in self._threads:
            thread.join(30 * PATIENCE)


def test_S75_rotation_under_a_storm_of_handshakes_fails_none(start_host, tmp_path, root):
    pair = Pair(tmp_path, root)
    both = tmp_path / "both.crt"
    both.write_text(root.certificate.read_text() + root.next.certificate.read_text())
    pair.put(root.certificate, "clients.crt")
    reloads = Reloads(start_host, tmp_path, pair.listener())
    with Storm(reloads.host, root) as storm:
        for i in range(ROTATIONS):
            pair.use("second" if i % 2 == 0 else "first")
            pair.put(both if i % 2 == 0 else root.certificate, "clients.crt")
            reloads.reload()
            before = storm.handshakes
            while storm.handshakes < before + 8 and not storm.failures:
                threading.Event().wait(0.01)
    assert storm.failures == []
    assert storm.handshakes > 8 * ROTATIONS and storm.resumed > ROTATIONS
    assert reloads.host.metric("meshhost_config_reloads_total", result="failed") == 0


def test_S75_half_a_pair_is_refused_and_the_rest_awaited(start_host, tmp_path, root):
    pair = Pair(tmp_path, root)
    pair.put(root.certificate, "clients.crt")
    reloads = Reloads(start_host, tmp_path, pair.listener())
    with Storm(reloads.host, root) as storm:
        pair.put(root.folder / "second.crt", "server.crt")
        reloads.host.signal(signal.SIGHUP)
        record = reloads.wait("reload refused: the configuration from before serves on")
        assert "server.crt" in record["error"] and "server.key" in record["error"]
        pair.put(root.folder / "second.key", "server.key")
        reloads.wait("reloaded")  # by itself
    assert storm.failures == []
    assert reloads.wait("certificate changed", listener="tls")


def test_S75_a_new_authority_is_trusted_and_an_old_one_no_longer(start_host, tmp_path, root):
    pair = Pair(tmp_path, root)
    pair.put(root.certificate, "clients.crt")
    reloads = Reloads(start_host, tmp_path, pair.listener())

    def serves(client):
        try:
            with Connection(reloads.host.address("tls"), server_name="localhost",
                            context=context(root, ssl.TLSVersion.TLSv1_3, client)) as connection:
                return connection.request("GET /echo").status == 200
        except (ssl.SSLError, ConnectionError, EOFError):
            return False

    assert serves("client") and not serves("newcomer")
    both = tmp_path / "both.crt"
    both.write_text(root.certificate.read_text() + root.next.certificate.read_text())
    pair.put(both, "clients.crt")
    reloads.reload()
    assert serves("client") and serves("newcomer")
    pair.put(root.next.certificate, "clients.crt")
    reloads.reload()
    assert not serves("client") and serves("newcomer")


def test_S75_connections_outlive_the_certificate_that_they_began_with(start_host, tmp_path, root):
    pair = Pair(tmp_path, root)
    pair.put(root.certificate, "clients.crt")
    reloads = Reloads(start_host, tmp_path, pair.listener())
    with Connection(reloads.host.address("tls"), server_name="localhost",
                    context=context(root, ssl.TLSVersion.TLSv1_3)) as connection:
        assert connection.request("GET /echo").status == 200
        pair.use("second")
        reloads.reload()
        assert connection.request("GET /echo").status == 200
    reloads.wait("certificate changed", listener="tls")
