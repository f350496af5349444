# SPDX-License-Identifier: Apache-2.0
"""TLS of listeners: who is refused and why, what is negotiated, what a module learns."""
import json
import socket
import ssl
import subprocess

import grpc
import pytest

from authority import Authority
from host_process import HostProcess, meshhost
from raw_http1 import Connection
from raw_http2 import Http2
from settings import PATIENCE
from stubs import probe_pb2, probe_pb2_grpc

SPIFFE = "spiffe://test.example/client"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("authority"))
    authority.issue("server")
    authority.issue("server-rsa", rsa=True)
    authority.issue("other", san="DNS:other.example")
    authority.issue("wild", san="DNS:*.wild.example")
    authority.issue("client", usage="clientAuth", san=f"URI:{SPIFFE},DNS:client.example")
    authority.issue("expired", usage="clientAuth", san=f"URI:{SPIFFE}", days=-1)
    authority.issue("server-as-client", usage="serverAuth", san=f"URI:{SPIFFE}")
    return authority


def tls_listener(authority, name, certificate="server", **keys):
    lines = [f'[[listener]]\nname = "{name}"\naddress = "127.0.0.1:0"\n[listener.tls]',
             f'certificate = "{authority.folder}/{certificate}.crt"',
             f'key = "{authority.folder}/{certificate}.key"']
    if "client_auth" in keys:
        lines.append(f'client_ca = "{authority.certificate}"')
    lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


def sni(authority, names, certificate):
    return (f'[[listener.tls.sni]]\nnames = {json.dumps(names)}\n'
            f'certificate = "{authority.folder}/{certificate}.crt"\n'
            f'key = "{authority.folder}/{certificate}.key"\n')


@pytest.fixture(scope="module")
def host(tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("tls")
    listeners = (tls_listener(authority, "server") +
                 sni(authority, ["other.example"], "other") +
                 sni(authority, ["*.wild.example"], "wild") +
                 tls_listener(authority, "rsa", "server-rsa") +
                 tls_listener(authority, "modern", min_version="1.3") +
                 tls_listener(authority, "required", client_auth="require") +
                 tls_listener(authority, "requested", client_auth="request") +
                 tls_listener(authority, "ticketless", session_tickets=False) +
                 tls_listener(authority, "http1").replace(
                     "[listener.tls]", 'protocols = ["http1"]\n[listener.tls]'))
    host = HostProcess(folder, HostProcess.probe_config(
        folder, listeners + '[timeouts]\ntls_handshake = "400ms"\n'))
    host.start()
    yield host
    host.end()


def context(authority, client=None, alpn=(), trust=None):
    result = ssl.create_default_context(cafile=trust or authority.certificate)
    if client:
        result.load_cert_chain(authority.folder / f"{client}.crt", authority.folder / f"{client}.key")
    if alpn:
        result.set_alpn_protocols(alpn)
    return result


def get(host, listener, tls):
    with Connection(host.address(listener), context=tls, server_name="localhost") as client:
        return client.request("GET /echo")


def refused(host, reason):
    """Waits until one more handshake failed for this reason; yields around the attempt."""
    # A client may give up before the host has counted it: what earlier tests tried is over first.
    host.wait_metric(lambda value: value == 0, "meshhost_connections_active")
    before = host.metric("meshhost_tls_handshake_failures_total", reason=reason) or 0

    def check():
        host.wait_metric(lambda value: value == before + 1,
                         "meshhost_tls_handshake_failures_total", reason=reason)
        records = [record for record in host.logged("TLS handshake failed")
                   if record["reason"] == reason]
        assert records and records[-1]["listener"] and records[-1]["peer"].startswith("127.0.0.1:")
        return records[-1]

    return check


def attempt(host, listener, tls):
    """A request that the handshake must have ended; in TLS 1.3 the client learns late."""
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        get(host, listener, tls)


def test_S09_client_of_the_authority_is_served(host, authority):
    assert get(host, "required", context(authority, "client")).body == b"Hello, World!"


def test_S09_no_certificate_is_refused(host, authority):
    check = refused(host, "no_certificate")
    attempt(host, "required", context(authority))
    check()


def test_S09_certificate_of_another_authority_is_refused(host, authority, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    stranger.issue("client", usage="clientAuth", san=f"URI:{SPIFFE}")
    check = refused(host, "untrusted")
    attempt(host, "required", context(stranger, "client", trust=authority.certificate))
    check()


def test_S09_expired_certificate_is_refused(host, authority):
    check = refused(host, "expired")
    attempt(host, "required", context(authority, "expired"))
    assert "expired" in check()["detail"]


def test_S09_certificate_for_servers_is_refused(host, authority):
    check = refused(host, "wrong_purpose")
    attempt(host, "required", context(authority, "server-as-client"))
    check()


@pytest.mark.parametrize("client", ["expired", "server-as-client"])
def test_S09_requested_certificate_must_be_good_when_sent(host, authority, client):
    attempt(host, "requested", context(authority, client))
    assert get(host, "requested", context(authority)).status == 200


def test_S09_refusal_is_the_same_in_tls_1_2(host, authority):
    tls = context(authority, "expired")
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    check = refused(host, "expired")
    attempt(host, "required", tls)
    check()


def test_S09_stock_grpc_client_with_and_without_certificate(host, authority):
    read = lambda name: (authority.folder / name).read_bytes()
    target = f"localhost:{host.port('required')}"
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(
            read("ca.crt"), read("client.key"), read("client.crt"))) as channel:
        reply = probe_pb2_grpc.ProbeStub(channel).Caller(probe_pb2.Request())
    assert reply.verified and reply.spiffe_id == SPIFFE
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(read("ca.crt"))) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            probe_pb2_grpc.ProbeStub(channel).Caller(probe_pb2.Request(), timeout=10)
    assert failed.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_S09_module_sees_who_called(host, authority, version):
    tls = context(authority, "client", ["h2"])
    if version == "TLSv1.2":
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with Http2(host.address("required"), context=tls) as client:
        stream = client.finish(client.grpc("/probe.v1.Probe/Caller", messages=[b""]))
    reply = probe_pb2.CallerReply.FromString(stream.messages()[0][1])
    assert reply.verified and reply.tls_version == version and reply.spiffe_id == SPIFFE
    assert "CN=client" in reply.subject
    assert set(reply.sans) == {f"URI:{SPIFFE}", "DNS:client.example"}


def test_S09_module_sees_that_nobody_was_named(host, authority):
    with Http2(host.address("requested"), context=context(authority, alpn=["h2"])) as client:
        stream = client.finish(client.grpc("/probe.v1.Probe/Caller", messages=[b""]))
    reply = probe_pb2.CallerReply.FromString(stream.messages()[0][1])
    assert not reply.verified and reply.subject == "" and list(reply.sans) == []


def s_client(host, listener, *arguments, stdin=b""):
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{host.port(listener)}", *arguments],
        input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20 * PATIENCE)
    return result.returncode, result.stdout.decode(errors="replace")


@pytest.mark.parametrize("listener, version, served", [
    ("server", "-tls1_3", True), ("server", "-tls1_2", True), ("server", "-tls1_1", False),
    ("server", "-tls1", False), ("modern", "-tls1_3", True), ("modern", "-tls1_2", False)])
def test_S05_tls_versions(host, listener, version, served):
    code, output = s_client(host, listener, version, "-cipher", "ALL:@SECLEVEL=0")
    assert (code == 0 and "Cipher is (NONE)" not in output) == served, output


TLS12 = subprocess.run(["openssl", "ciphers", "-tls1_2", "-s", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
                       stdout=subprocess.PIPE, check=True, text=True).stdout.strip().split(":")


def test_S05_tls_1_2_has_aead_with_forward_secrecy_only(host):
    """Each suite that openssl knows is offered alone, to an ECDSA and to an RSA certificate."""
    served = set()
    for suite in TLS12:
        if suite.startswith("TLS_") or "PSK" in suite or "SRP" in suite:
            continue
        for listener in ("server", "rsa"):
            _, output = s_client(host, listener, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")
            if f"Cipher is {suite}" in output:
                served.add(suite)
    assert served == {f"ECDHE-{key}-{cipher}" for key in ("ECDSA", "RSA") for cipher in (
        "AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")}


@pytest.mark.parametrize("name, common_name", [
    ("localhost", "server"), ("other.example", "other"), ("OTHER.example", "other"),
    ("a.wild.example", "wild"), ("a.b.wild.example", "server"), ("wild.example", "server"),
    ("unknown.example", "server"), (None, "server")])
def test_S09_server_name_picks_the_certificate(host, name, common_name):
    _, output = s_client(host, "server", *(["-servername", name] if name else ["-noservername"]))
    assert f"CN = {common_name}\n" in output.split("Certificate chain")[1].split("i:")[0], output


def test_S09_sessions_are_resumed_by_ticket(host, authority):
    """TLS 1.2, where the ticket comes with the handshake, and 1.3, where it follows it."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls = context(authority)
        tls.minimum_version = tls.maximum_version = version
        before = host.metric("meshhost_tls_handshakes_resumed_total")
        session = None
        for expected in (False, True):
            raw = socket.create_connection(host.address("server"), timeout=10 * PATIENCE)
            with tls.wrap_socket(raw, server_hostname="localhost", session=session) as client:
                client.sendall(b"GET /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
                while client.recv(4096):
                    pass
                assert client.session_reused == expected, version
                session = client.session
        assert host.metric("meshhost_tls_handshakes_resumed_total") == before + 1


def test_S09_resumed_session_keeps_its_identity(host, authority):
    tls = context(authority, "client", ["h2"])
    session = None
    for _ in range(2):
        raw = socket.create_connection(host.address("required"), timeout=10 * PATIENCE)
        tls_socket = tls.wrap_socket(raw, server_hostname="localhost", session=session)
        client = Http2(tls_socket)
        stream = client.finish(client.grpc("/probe.v1.Probe/Caller", messages=[b""]))
        reply = probe_pb2.CallerReply.FromString(stream.messages()[0][1])
        assert reply.spiffe_id == SPIFFE and reply.verified
        assert tls_socket.session_reused == (session is not None)
        session = tls_socket.session
        tls_socket.close()


def test_S09_no_tickets_no_resumption(host, authority):
    code, output = s_client(host, "ticketless", "-reconnect", "-tls1_2", stdin=b"")
    assert "Reused" not in output and "New, TLSv1.2" in output


def test_S05_handshake_that_never_ends_is_closed(host):
    check = refused(host, "timeout")
    with socket.create_connection(host.address("server"), timeout=10 * PATIENCE) as client:
        client.sendall(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03")
        assert client.recv(100) == b""
    check()


def test_S05_slow_handshakes_do_not_hold_up_others(host, authority):
    waiting = [socket.create_connection(host.address("server")) for _ in range(100)]
    assert get(host, "server", context(authority)).status == 200
    for client in waiting:
        client.close()


def test_S05_plaintext_on_a_tls_port_is_refused(host):
    check = refused(host, "protocol")
    with socket.create_connection(host.address("server"), timeout=10 * PATIENCE) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        while client.recv(1000):
            pass
    check()


@pytest.mark.parametrize("listener, offered, chosen", [
    ("server", ["h2", "http/1.1"], "h2"), ("server", ["http/1.1", "h2"], "h2"),
    ("server", ["http/1.1"], "http/1.1"), ("http1", ["h2", "http/1.1"], "http/1.1"),
    ("server", [], None)])
def test_S05_alpn(host, authority, listener, offered, chosen):
    raw = socket.create_connection(host.address(listener), timeout=10 * PATIENCE)
    with context(authority, alpn=offered).wrap_socket(raw, server_hostname="localhost") as client:
        assert client.selected_alpn_protocol() == chosen


def test_S05_alpn_that_nobody_speaks_is_refused(host, authority):
    raw = socket.create_connection(host.address("server"), timeout=10 * PATIENCE)
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        context(authority, alpn=["spdy/3"]).wrap_socket(raw, server_hostname="localhost")


def test_S05_curl_over_tls_with_both_versions_of_http(host, authority):
    for flag, version in (("--http1.1", "1.1"), ("--http2", "2")):
        result = subprocess.run(
            ["curl", "-s", flag, "--cacert", str(authority.certificate), "-w", " %{http_version}",
             f"https://localhost:{host.port('server')}/echo"], stdout=subprocess.PIPE, text=True,
            check=True)
        assert result.stdout == f"Hello, World! {version}"


def test_S05_large_bodies_over_tls(host, authority):
    body = b"t" * 1000000
    with Connection(host.address("server"), context=context(authority),
                    server_name="localhost") as client:
        answer = client.request("POST /echo", f"Content-Length: {len(body)}", body=body)
    assert answer.body == body


def test_S09_unreadable_certificates_are_refused_at_start(authority, tmp_path):
    config = tmp_path / "bad.toml"
    bad = tls_listener(authority, "bad").replace("server.key", "client.key")
    config.write_text(HostProcess.probe_config(tmp_path, bad))
    result = meshhost("check", "--config", config)
    assert result.returncode == 78 and "key" in result.stderr and f"{config}:" in result.stderr


def test_S79_key_and_certificate_come_from_credentials(start_host, authority, tmp_path):
    """As LoadCredential= of systemd passes them: files of mode 0400 in a folder of their own."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name, source in (("tls-key", "server.key"), ("tls-certificate", "server.crt")):
        (credentials / name).write_bytes((authority.folder / source).read_bytes())
        (credentials / name).chmod(0o400)
    listener = ('[[listener]]\nname = "server"\naddress = "127.0.0.1:0"\n[listener.tls]\n'
                'certificate = "credential:tls-certificate"\nkey = "credential:tls-key"\n')
    host = start_host(HostProcess.probe_config(tmp_path, listener),
                      env={"CREDENTIALS_DIRECTORY": str(credentials)})
    with Connection(host.address("server"), context(authority), "localhost") as client:
        assert client.request("GET /echo").status == 200
