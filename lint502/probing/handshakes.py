"""TLS handshakes with an upstream, and what they show: nothing is verified, for nothing is sent."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.probing.wire import Connection, Dialer, NoTlsError

_CERTIFICATE = 11
_CERTIFICATE_REQUEST = 13
_TLS_1_3 = 0x0304
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
"""The versions that are tried, by their names in ``upstreams.toml``."""


class Handshake(Struct):
    """What a handshake showed: the version agreed on, the certificate (DER), how many certificates
    came, whether one was asked for, the protocol chosen by ALPN, the names in the certificate, and
    why it failed, where it did."""

    version: str | None = None
    certificate: bytes | None = None
    certificates: int | None = None
    asked_for_certificate: bool | None = None
    alpn: str | None = None
    names: tuple[str, ...] = ()
    failure: str | None = None
    seen: list[int] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether TLS is spoken there: also where it went no further than to the certificates."""
        return self.failure is None or bool(self.seen) or "alert" in self.failure


class Offer(Struct, frozen=True):
    """What is offered: a server name, one version alone, the protocols of ALPN, what is sent
    before, and a certificate whose names are to be read."""

    server_name: str | None = None
    version: str | None = None
    alpn: tuple[str, ...] = ()
    prelude: bytes = b""
    certificate: bytes | None = None

    def without_name(self) -> Offer:
        """The same without a server name."""
        return replace(self, server_name=None)


@contextlib.contextmanager
def secured(
    dialer: Dialer, offer: Offer, shown: Handshake, seconds: float | None = None
) -> Iterator[Connection | None]:
    """A connection on which TLS is agreed on, None where it is not; ``shown`` is filled in with
    what it shows. Raises :class:`~lint502.probing.wire.NotConnectedError`."""
    try:
        context = _context(offer, shown)
        with dialer.connect(offer.prelude, context, offer.server_name, seconds) as made:
            channel = made.tls
            if channel is None:
                shown.failure = "the connection was closed"
                yield None
                return
            shown.version = channel.version()
            shown.certificate = channel.getpeercert(binary_form=True)
            shown.alpn = channel.selected_alpn_protocol()
            if offer.certificate is not None:
                shown.names = tuple(_names(channel.getpeercert() or {}))
            yield made
    except NoTlsError as error:
        shown.failure = str(error)
        yield None


def handshake(dialer: Dialer, offer: Offer) -> Handshake:
    """What a handshake alone shows."""
    shown = Handshake()
    with secured(dialer, offer, shown):
        pass
    return shown


def _context(offer: Offer, shown: Handshake) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("ALL:@SECLEVEL=0")  # what the upstream takes is the question
    if offer.version is not None:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = VERSIONS[offer.version]
    if offer.alpn:
        context.set_alpn_protocols(list(offer.alpn))
    if offer.certificate is not None:  # Python tells the names of a certificate that it verified
        with contextlib.suppress(ssl.SSLError, ValueError):
            context.load_verify_locations(cadata=offer.certificate)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
            context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
            context.verify_mode = ssl.CERT_REQUIRED
    _look_at_messages(context, shown)
    return context


def _look_at_messages(context: Any, shown: Handshake) -> None:
    """Have a handshake's messages noted, where this Python shows them."""
    if not hasattr(context, "_msg_callback"):
        return

    def message(
        _connection: object, direction: str, version: Any, _content: Any, kind: Any, data: bytes
    ) -> None:
        if direction != "read" or getattr(_content, "value", _content) != 22:
            return
        number = int(getattr(kind, "value", kind))
        shown.seen.append(number)
        if shown.asked_for_certificate is None:
            shown.asked_for_certificate = False
        if number == _CERTIFICATE_REQUEST:
            shown.asked_for_certificate = True
        elif number == _CERTIFICATE:
            newest = getattr(version, "value", version) == _TLS_1_3
            shown.certificates = len(_certificates(bytes(data), newest))

    context._msg_callback = message


def _certificates(message: bytes, newest: bool) -> Sequence[bytes]:
    """The certificates of a Certificate message (RFC 5246, 7.4.2; RFC 8446, 4.4.2)."""
    for with_extensions in (newest, not newest):
        at = 4
        if with_extensions:
            at += 1 + (message[4] if len(message) > 4 else 0)
        end = at + 3 + int.from_bytes(message[at : at + 3], "big")
        if end != len(message):
            continue
        at += 3
        found = []
        while at + 3 <= end:
            size = int.from_bytes(message[at : at + 3], "big")
            found.append(message[at + 3 : at + 3 + size])
            at += 3 + size
            if with_extensions:
                at += 2 + int.from_bytes(message[at : at + 2], "big")
        return found
    return ()


def _names(certificate: dict[str, Any]) -> Iterator[str]:
    """The names in a certificate; its common name only where it has no others."""
    names = [str(value) for kind, value in certificate.get("subjectAltName", ()) if kind in (
        "DNS", "IP Address")]  # fmt: skip
    if not names:
        parts = (part for group in certificate.get("subject", ()) for part in group)
        names = [str(value) for key, value in parts if key == "commonName"]
    yield from names
