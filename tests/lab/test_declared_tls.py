"""The declared server with TLS: versions, names, certificates, and the ends of a connection."""

from __future__ import annotations

import ssl
import warnings
from contextlib import closing

import pytest

from lint502.lab.bench import LabError
from lint502.lab.standins import (
    Authority,
    Behaviour,
    CertificateFiles,
    DeclaredServer,
    TlsBehaviour,
)
from tests.lab.test_declared import BAD, GET, VERSION_1, ask, connected, rest, say, wait_until

NAME = "api.internal"
END = "UNEXPECTED_EOF|EOF occurred"
"""An end without TLS having said so, in the words of Python's versions, of which not all have a
:class:`ssl.SSLEOFError` for it."""


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def files(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return authority.write(tmp_path_factory.mktemp("certificates"))


def client_context(
    files: CertificateFiles, *, certificate: bool = False, alpn: tuple[str, ...] = ()
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(files.authority))
    # up to 3.11.3 Python takes an end without a close_notify for a clean one, unless told otherwise
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    if certificate:
        context.load_cert_chain(files.client_certificate, files.client_key)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def secured(
    server: DeclaredServer, context: ssl.SSLContext, name: str | None = NAME, before: bytes = b""
) -> ssl.SSLSocket:
    plain = connected(server)
    try:
        plain.sendall(before)
        return context.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False)
    except BaseException:
        plain.close()
        raise


def served(tls: TlsBehaviour, authority: Authority) -> DeclaredServer:
    return DeclaredServer(Behaviour(tls=tls), 0, authority=authority)


def test_names_and_chain(authority: Authority, files: CertificateFiles) -> None:
    tls = TlsBehaviour(names=(NAME, "*.example.com", "127.0.0.1"), chain_depth=2)
    with served(tls, authority) as server:
        for name in (NAME, "a.example.com", "127.0.0.1"):
            with closing(secured(server, client_context(files), name)) as client:
                ask(client)
                ask(client)
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            secured(server, client_context(files), "other.internal")
        anyone = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError, match="get local issuer"):
            secured(server, anyone)
        assert server.requests == 6


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
def test_versions(version: str, authority: Authority, files: CertificateFiles) -> None:
    with served(TlsBehaviour(versions=(version,), names=(NAME,)), authority) as server:
        context = client_context(files)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        with closing(secured(server, context)) as client:
            assert client.version() == version
            ask(client)


def test_version_that_is_not_spoken(authority: Authority, files: CertificateFiles) -> None:
    with served(TlsBehaviour(versions=("TLSv1.3",), names=(NAME,)), authority) as server:
        context = client_context(files)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"):
            secured(server, context)
    with pytest.raises(LabError, match="SSLv3 cannot be spoken"):
        served(TlsBehaviour(versions=("SSLv3",)), authority)


def test_name_required(authority: Authority, files: CertificateFiles) -> None:
    with served(TlsBehaviour(names=(NAME,), sni_required=True), authority) as server:
        context = client_context(files)
        with closing(secured(server, context)) as client:
            ask(client)
        context.check_hostname = False
        with pytest.raises(ssl.SSLError, match="TLSV1_UNRECOGNIZED_NAME"):
            secured(server, context, None)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_certificate(
    version: ssl.TLSVersion, authority: Authority, files: CertificateFiles
) -> None:
    with served(TlsBehaviour((), (NAME,), client_certificate="required"), authority) as server:
        with closing(secured(server, client_context(files, certificate=True))) as client:
            ask(client)
        context = client_context(files)
        context.maximum_version = version
        alert = "ALERT_HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED"
        with pytest.raises(ssl.SSLError, match=alert), closing(secured(server, context)) as client:
            client.recv(1)
    with served(TlsBehaviour((), (NAME,), client_certificate="optional"), authority) as server:
        for certificate in (True, False):
            context = client_context(files, certificate=certificate)
            with closing(secured(server, context)) as client:
                ask(client)


def test_name_that_no_certificate_can_have(authority: Authority) -> None:
    with pytest.raises(LabError, match="no certificate can be made for a b:"):
        served(TlsBehaviour(names=("a b",)), authority)
    with pytest.raises(LabError, match="needs a certificate authority"):
        DeclaredServer(Behaviour(tls=TlsBehaviour()), 0)


def test_plain_request(authority: Authority) -> None:
    with served(TlsBehaviour(), authority) as server:
        assert say(server, GET) == (b"", "end")


def test_tls_to_a_plain_server(files: CertificateFiles) -> None:
    with DeclaredServer(Behaviour(), 0) as server:
        with pytest.raises(ssl.SSLError, match=r"WRONG_VERSION_NUMBER|RECORD_LAYER"):
            secured(server, client_context(files))
        assert say(server, b"\x16\x03\x01") == (BAD, "end")


def test_proxy_header_comes_first(authority: Authority, files: CertificateFiles) -> None:
    declared = Behaviour(tls=TlsBehaviour(names=(NAME,)), proxy_protocol=True)
    with DeclaredServer(declared, 0, authority=authority) as server:
        with closing(secured(server, client_context(files), before=VERSION_1)) as client:
            ask(client)
        with pytest.raises(ssl.SSLError, match=END):
            secured(server, client_context(files))


@pytest.mark.parametrize(
    ("versions", "offered", "chosen"),
    [
        (("1.1", "2"), ("h2", "http/1.1"), "h2"),
        (("1.1", "2"), ("http/1.1",), "http/1.1"),
        (("1.0", "1.1"), ("h2",), None),
        (("1.1", "2"), (), None),
    ],
)
def test_alpn(
    versions: tuple[str, ...],
    offered: tuple[str, ...],
    chosen: str | None,
    authority: Authority,
    files: CertificateFiles,
) -> None:
    declared = Behaviour(http_versions=versions, tls=TlsBehaviour(names=(NAME,)))  # type: ignore[arg-type]
    with (
        DeclaredServer(declared, 0, authority=authority) as server,
        closing(secured(server, client_context(files, alpn=offered))) as client,
    ):
        assert client.selected_alpn_protocol() == chosen
        if chosen != "h2":
            ask(client)


def test_http_2_only(authority: Authority, files: CertificateFiles) -> None:
    declared = Behaviour(http_versions=("2",), tls=TlsBehaviour(names=(NAME,)))
    with DeclaredServer(declared, 0, authority=authority) as server:
        for offered in ((), ("http/1.1",)):
            with closing(secured(server, client_context(files, alpn=offered))) as client:
                assert client.recv(1) == b""
        assert server.requests == 0


def test_request_on_a_connection_that_is_being_closed(
    authority: Authority, files: CertificateFiles
) -> None:
    """The end is one of TCP: nothing tells TLS of it before."""
    declared = Behaviour(tls=TlsBehaviour(names=(NAME,)), idle_timeout=0.3)
    with (
        DeclaredServer(declared, 0, authority=authority) as server,
        closing(secured(server, client_context(files))) as client,
    ):
        ask(client)
        assert server.closing.wait(10)
        client.sendall(GET)
        with pytest.raises(ssl.SSLError, match=END):
            client.recv(1)
        assert server.requests == 1


def test_large_answer_and_close(authority: Authority, files: CertificateFiles) -> None:
    with served(TlsBehaviour(names=(NAME,)), authority) as server:
        server.answer.body = bytes(5_000_000)
        with closing(secured(server, client_context(files))) as client:
            client.sendall(GET.replace(b"Host", b"Connection: close\r\nHost"))
            heard, how = rest(client)
            assert (len(heard.partition(b"\r\n\r\n")[2]), how) == (5_000_000, "end")


def test_close_wakes_a_handshake(authority: Authority) -> None:
    with served(TlsBehaviour(), authority) as server, closing(connected(server)) as client:
        client.sendall(b"\x16\x03\x01")
        wait_until(lambda: server.connections == 1)
        server.close()
        assert rest(client)[0] == b""


def test_files(files: CertificateFiles) -> None:
    folder = files.authority.parent
    assert sorted(file.name for file in folder.iterdir()) == ["ca.pem", "client.key", "client.pem"]
    assert files.client_certificate.read_bytes().count(b"BEGIN CERTIFICATE") == 1
