"""Certificates for a server, and for the nginx that connects to it."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from lint502.behaviour.tls import covers
from lint502.lab.bench import LabError
from lint502.lab.standins.behaviour import ClientCertificate, TlsBehaviour
from lint502.lab.standins.libraries import needed

_VERSIONS = {
    "TLSv1": (ssl.TLSVersion.TLSv1, ssl.OP_NO_TLSv1),
    "TLSv1.1": (ssl.TLSVersion.TLSv1_1, ssl.OP_NO_TLSv1_1),
    "TLSv1.2": (ssl.TLSVersion.TLSv1_2, ssl.OP_NO_TLSv1_2),
    "TLSv1.3": (ssl.TLSVersion.TLSv1_3, ssl.OP_NO_TLSv1_3),
}
"""In their order. OpenSSL is built without SSLv3 nearly everywhere."""

_OLD = ("TLSv1", "TLSv1.1")

_VERIFY: dict[ClientCertificate, ssl.VerifyMode] = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


class CertificateFiles(Struct, frozen=True):
    """PEM files for ``proxy_ssl_trusted_certificate``, ``proxy_ssl_certificate`` and
    ``proxy_ssl_certificate_key``."""

    authority: Path
    client_certificate: Path
    client_key: Path


class Authority:
    """A certificate authority; made once, for it takes a moment."""

    def __init__(self) -> None:
        with needed():
            import trustme
        self._root = trustme.CA()

    def context(self, tls: TlsBehaviour, protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
        """What a server with this behaviour uses; ``protocols`` are those that it accepts by ALPN.

        Raises :class:`~lint502.lab.bench.LabError` for a name that no certificate can have, and
        where this Python's OpenSSL cannot speak a version.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _allow(context, tls.versions)
        issuer = self._root
        for _ in range(tls.chain_depth):
            issuer = issuer.create_child_ca()
        try:
            certificate = issuer.issue_cert(*(tls.names or ("localhost",)))
        except ValueError as error:
            names = ", ".join(tls.names)
            raise LabError(f"no certificate can be made for {names}: {error}") from None
        certificate.configure_cert(context)
        context.verify_mode = _VERIFY["optional" if tls.answers_400 else tls.client_certificate]
        if tls.client_certificate != "none":
            self._root.configure_trust(context)
        if tls.sni_required or tls.knows_only:
            context.sni_callback = _refusing(tls.knows_only)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def write(self, folder: Path) -> CertificateFiles:
        """Write what nginx needs into a folder: the authority's certificate, and a client
        certificate of it."""
        files = CertificateFiles(folder / "ca.pem", folder / "client.pem", folder / "client.key")
        client = self._root.issue_cert("nginx.invalid")
        self._root.cert_pem.write_to_path(str(files.authority))
        files.client_certificate.write_bytes(
            b"".join(pem.bytes() for pem in client.cert_chain_pems)
        )
        files.client_key.write_bytes(client.private_key_pem.bytes())
        return files


def _allow(context: ssl.SSLContext, versions: tuple[str, ...]) -> None:
    if not versions:
        return
    known = [version for version in _VERSIONS if version in versions]
    if not known:
        raise LabError(f"{', '.join(versions)} cannot be spoken here")
    with warnings.catch_warnings():
        # Old versions are deprecated, and they are what is declared.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[known[0]][0]
        context.maximum_version = _VERSIONS[known[-1]][0]
        for version, (_, off) in _VERSIONS.items():
            if version not in known:
                context.options |= off
    if known[0] in _OLD:
        # OpenSSL 3 refuses their signatures above this level.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")


def _refusing(known: tuple[str, ...]) -> Callable[..., int | None]:
    """What refuses a handshake without a name, or with another one than those that are known."""

    def decide(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        if name is not None and (not known or any(covers(one, name) for one in known)):
            return None
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    return decide
