# SPDX-License-Identifier: Apache-2.0
"""What a host makes of certificates, authorities and revocation lists: which clients it serves,
which files it refuses, what operators see."""
import json
import pathlib
import re
import ssl
import subprocess

import pytest

from authority import Authority
from host_process import HostProcess, meshhost
from raw_http1 import Connection
from settings import PATIENCE

DAY = 86400


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two authorities of clients, "ca" with "middle" below it and "next", and clients of each."""
    root = Authority(tmp_path_factory.mktemp("authorities"))
    root.issue("server")
    root.middle = Authority(root.folder, "middle", root)
    root.next = Authority(root.folder, "next")
    root.issue("good", usage="clientAuth")
    root.issue("revoked", usage="clientAuth")
    for name in ("below", "below-revoked"):
        root.middle.issue(name, usage="clientAuth")
        chain = root.folder / f"{name}.crt"
        chain.write_text(chain.read_text() + root.middle.certificate.read_text())
    root.next.issue("newcomer", usage="clientAuth")
    root.revoke("revoked")
    root.middle.revoke("below-revoked")
    root.next.revoke(next_update=10)
    return root


def files(root, *names):
    return [f"{root.folder}/{name}" for name in names]


def tls_listener(root, name, certificate="server", **keys):
    lines = [f'[[listener]]\nname = "{name}"\naddress = "127.0.0.1:0"\n[listener.tls]',
             f'certificate = "{root.folder}/{certificate}.crt"',
             f'key = "{root.folder}/{certificate}.key"']
    lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


def required(root, name, ca, **keys):
    return tls_listener(root, name, client_auth="require", client_ca=ca, **keys)


def get(host, root, listener, client=None, version=None):
    tls = ssl.create_default_context(cafile=root.certificate)
    if client:
        tls.load_cert_chain(root.folder / f"{client}.crt", root.folder / f"{client}.key")
    if version:
        tls.minimum_version = tls.maximum_version = version
    with Connection(host.address(listener), context=tls, server_name="localhost") as connection:
        return connection.request("GET /echo")


def check_refused(host, root, listener, client, reason, detail):
    """In both versions, and counted and logged with its reason."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        host.wait_metric(lambda value: value == 0, "meshhost_connections_active")
        before = host.metric("meshhost_tls_handshake_failures_total", reason=reason)
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            get(host, root, listener, client, version)
        host.wait_metric(lambda value: value == before + 1,
                         "meshhost_tls_handshake_failures_total", reason=reason)
    record = host.logged("TLS handshake failed")[-1]
    assert record["reason"] == reason and detail in record["detail"]


@pytest.fixture(scope="module")
def host(tmp_path_factory, root):
    folder = tmp_path_factory.mktemp("host")
    overlap = files(root, "ca.crt", "middle.crt", "next.crt")
    expired = root.folder / "expired.crl"
    root.revoke("revoked", next_update=-1).rename(expired)
    root.revoke("revoked")
    listeners = (
        required(root, "lists", overlap, client_crl=files(root, "ca.crl", "middle.crl", "next.crl")) +
        required(root, "leaf", files(root, "ca.crt")[0], client_crl=files(root, "middle.crl"),
                 client_crl_check="leaf") +
        required(root, "expired", files(root, "ca.crt")[0], client_crl=[str(expired)],
                 client_crl_expired="accept") +
        required(root, "overlap", files(root, "ca.crt", "next.crt")) +
        required(root, "middle", files(root, "middle.crt")))
    host = HostProcess(folder, HostProcess.probe_config(folder, listeners))
    host.start()
    yield host
    host.end()


@pytest.mark.parametrize("client", ["good", "below", "newcomer"])
def test_S45_clients_that_nobody_revoked_are_served(host, root, client):
    assert get(host, root, "lists", client).status == 200


@pytest.mark.parametrize("client", ["revoked", "below-revoked"])
def test_S45_revoked_clients_are_refused(host, root, client):
    check_refused(host, root, "lists", client, "revoked", "certificate revoked")


def test_S45_leaf_check_needs_the_list_of_the_clients_issuer_alone(host, root):
    assert get(host, root, "leaf", "below").status == 200
    check_refused(host, root, "leaf", "below-revoked", "revoked", "certificate revoked")
    check_refused(host, root, "leaf", "good", "no_crl", "unable to get certificate CRL")


def test_S45_an_expired_list_goes_on_if_that_is_accepted(host, root):
    assert get(host, root, "expired", "good").status == 200
    check_refused(host, root, "expired", "revoked", "revoked", "certificate revoked")
    warnings = [record["warning"] for record in host.logged("certificates")
                if record["listener"] == "expired"]
    assert len(warnings) == 1 and "has expired and is still used" in warnings[0], warnings


def test_S75_clients_of_both_authorities_are_served_while_they_overlap(host, root):
    for client in ("good", "newcomer", "below"):
        assert get(host, root, "overlap", client).status == 200


def test_S75_an_authority_below_another_may_be_trusted_alone(host, root):
    assert get(host, root, "middle", "below").status == 200
    check_refused(host, root, "middle", "good", "untrusted", "certificate verify failed")


def test_S75_curl_sees_the_chain_that_the_file_has(tmp_path, root):
    """A server certificate below "middle": a client that knows only "ca" follows the chain sent."""
    root.middle.issue("chained")
    leaf = root.folder / "chained.crt"
    whole = root.folder / "whole.crt"
    whole.write_text(leaf.read_text() + root.middle.certificate.read_text())
    (root.folder / "whole.key").write_text((root.folder / "chained.key").read_text())
    (root.folder / "whole.key").chmod(0o600)
    host = HostProcess(tmp_path, HostProcess.probe_config(
        tmp_path, tls_listener(root, "whole", "whole") + tls_listener(root, "leaf", "chained")))
    host.start()
    try:
        codes = [subprocess.run(
            ["curl", "-s", "--cacert", str(root.certificate),
             f"https://localhost:{host.port(listener)}/echo"], stdout=subprocess.DEVNULL,
            timeout=20 * PATIENCE, check=False).returncode for listener in ("whole", "leaf")]
        assert codes == [0, 60]  # 60: the peer's certificate cannot be authenticated
    finally:
        host.end()


def gauges(host, listener):
    """{(role, subject): [seconds, ...]} of a listener."""
    found = {}
    for line in host.admin("/metrics")[2].splitlines():
        match = re.fullmatch(r'meshhost_tls_certificate_expiry_seconds{listener="(.*)",role="(.*)",'
                             r'file="(.*)",subject="(.*)",serial="([0-9A-F]+)"} (.*)', line)
        if match and match[1] == listener:
            assert pathlib.Path(match[3]).is_file()
            found[match[2], match[4]] = float(match[6])
    return found


def test_S45_gauges_tell_when_each_certificate_and_list_ends(host):
    seconds = gauges(host, "lists")
    assert set(seconds) == {
        ("server", "CN=server,O=tests"), ("client_ca", "CN=ca of a test"),
        ("client_ca", "CN=middle of a test"), ("client_ca", "CN=next of a test"),
        ("crl", "CN=ca of a test"), ("crl", "CN=middle of a test"), ("crl", "CN=next of a test")}
    assert 9 * DAY < seconds.pop(("crl", "CN=next of a test")) <= 10 * DAY
    assert all(29 * DAY < value <= 30 * DAY for value in seconds.values()), seconds
    expired = gauges(host, "expired")["crl", "CN=ca of a test"]
    assert -2 * DAY < expired < -DAY + 10
    again = gauges(host, "lists")["server", "CN=server,O=tests"]
    assert again < seconds["server", "CN=server,O=tests"]  # reckoned at each scrape


def test_S45_what_expires_soon_is_in_the_log(host):
    """The certificates are at their beginning; of the lists one ends soon, one has ended."""
    records = host.logged("expires soon")
    assert len(records) == 1
    record = records[0]
    assert record["level"] == "warn" and record["subject"] == "CN=next of a test"
    assert record["listener"] == "lists" and record["role"] == "crl"
    assert record["file"].endswith("/next.crl") and 9 * DAY < record["seconds_left"] <= 10 * DAY
    assert [record["listener"] for record in host.logged("revocation list has expired")] == [
        "expired"]


def check(folder, listeners, code, *texts):
    config = folder / "meshhost.toml"
    config.write_text(HostProcess.probe_config(folder, listeners))
    result = meshhost("check", "--config", config)
    assert result.returncode == code, result.stdout + result.stderr
    for text in texts:
        assert text in result.stderr, result.stderr


def test_S38_refusals_name_the_file_and_its_place(tmp_path, root):
    """What the unit tests of TlsContext have in all its kinds, once through the command."""
    broken = tmp_path / "half.crt"
    broken.write_text((root.folder / "server.crt").read_text()[:-40])
    listener = tls_listener(root, "a").replace(f"{root.folder}/server.crt", str(broken))
    line = HostProcess.probe_config(tmp_path, listener).splitlines().index("[listener.tls]") + 1
    check(tmp_path, listener, 78, f"{tmp_path}/meshhost.toml:{line}:",
          f'certificate "{broken}": broken or half-written PEM')
    mixed = tls_listener(root, "a").replace("server.key", "good.key")
    check(tmp_path, mixed, 78, f'private key "{root.folder}/good.key" does not match certificate '
          f'"{root.folder}/server.crt"')
    check(tmp_path, tls_listener(root, "a", "good"), 78,
          f'certificate "{root.folder}/good.crt": a TLS 1.2 client that asks for "localhost" '
          "refuses it: unsuitable certificate purpose")
    check(tmp_path, required(root, "a", files(root, "ca.crt", "next.crt"),
                             client_crl=files(root, "ca.crl")), 78,
          f'client_ca "{root.folder}/next.crt": no list of CN=next of a test in client_crl')
    check(tmp_path, tls_listener(root, "a"), 0)


def production(folder, listeners, **base):
    text = HostProcess.probe_config(folder, listeners, **base)
    return text.replace("[host]\n", '[host]\nprofile = "production"\n', 1)


def test_S61_production_refuses_plaintext_and_unstated_client_auth(tmp_path, root):
    config = tmp_path / "meshhost.toml"
    config.write_text(production(tmp_path, tls_listener(root, "open")))
    lines = config.read_text().splitlines()
    plain = lines.index("[[listener]]") + 1
    tls = lines.index("[listener.tls]") + 1
    result = meshhost("check", "--config", config)
    assert result.returncode == 78
    assert result.stderr.splitlines() == [
        f'{config}:{plain}:1: error: listener "plain" is plaintext TCP in profile "production" '
        "(expected [listener.tls], got none); allow_plaintext = true overrides",
        f'{config}:{tls}:11: error: client_auth of listener "open" is unstated in profile '
        '"production" (expected client_auth = "require" with client_ca, got none); '
        'client_auth = "none" overrides']


def test_S61_overrides_of_production_are_logged_at_each_start(tmp_path, root):
    listeners = (tls_listener(root, "open", client_auth="none") +
                 required(root, "strict", files(root, "ca.crt")) + "[grpc]\nreflection = true\n")
    text = production(tmp_path, listeners, plain="allow_plaintext = true")
    for _ in range(2):
        host = HostProcess(tmp_path, text)
        host.start()
        records = host.logged("profile \"production\" is overridden")
        assert [(record["level"], record["key"]) for record in records] == [
            ("warn", "listener[0].allow_plaintext"), ("warn", "listener[1].tls.client_auth"),
            ("warn", "grpc.reflection")]
        for record in records:
            key = record["key"].rsplit(".")[-1]
            assert host.config.read_text().splitlines()[record["line"] - 1].startswith(key)
        assert get(host, root, "open").status == 200
        assert get(host, root, "strict", "good").status == 200
        host.end()


def test_S61_production_without_overrides_has_no_reflection_and_no_warning(tmp_path, root):
    listener = required(root, "strict", files(root, "ca.crt"))
    config = production(tmp_path, listener).replace("127.0.0.1:0", f"unix:{tmp_path}/sock", 2)
    host = HostProcess(tmp_path, config.replace(
        f'[admin]\naddress = "unix:{tmp_path}/sock"', '[admin]\naddress = "127.0.0.1:0"'))
    host.start()
    try:
        assert not host.logged("overridden")
        assert get(host, root, "strict", "good").status == 200
        assert host.metric("rpc_server_active_calls",
                           rpc_method="grpc.reflection.v1.ServerReflection/ServerReflectionInfo") \
            is None
    finally:
        host.end()
