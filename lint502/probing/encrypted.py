"""What a listener of TLS asks for: versions, names, SNI, certificates."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator

from msgspec.structs import replace

from lint502.probing import http1
from lint502.probing.answers import Seen
from lint502.probing.handshakes import VERSIONS, Handshake, Offer, handshake, secured
from lint502.probing.wire import Dialer

CONNECTIONS = 6
"""One for each version, one without a server name, one that shows whether a client certificate is
required."""


def facts(dialer: Dialer, offer: Offer, first: Handshake, host: str) -> Iterator[Seen]:
    """What TLS is like there; ``first`` is the handshake that showed it."""
    dialer.allow(CONNECTIONS)
    certificate = first.certificate
    taken: list[str] = []
    names: tuple[str, ...] = ()
    shown = [first]
    known = _known_here()
    for version in known:
        found = handshake(dialer, replace(offer, version=version, certificate=certificate))
        if found.failure is not None and "certificate verify failed" in found.failure:
            found.failure = None  # it came as far as to the certificate, which is not judged here
        if found.failure is None or found.asked_for_certificate:
            taken.append(version)
        shown.append(found)
        names = names or found.names
    unknown = [one for one in VERSIONS if one not in known]
    why = f"this machine's OpenSSL has no {', '.join(unknown)}" if unknown else ""
    yield Seen("tls.versions", tuple(taken) or None, why=why or ("" if taken else "none was taken"))
    yield Seen(
        "tls.names", names or None, why="" if names else "its certificate does not show them"
    )
    depths = [one.certificates for one in shown if one.certificates]
    if depths:
        yield Seen("tls.chain_depth", depths[0] - 1)
    else:
        yield Seen("tls.chain_depth", why="the handshake did not get as far as that")
    if offer.server_name is None and first.failure is None:
        yield Seen("tls.sni", "optional")
    elif offer.server_name is None:
        yield Seen("tls.sni", why=f"no name is claimed to send, and without: {first.failure}")
    else:
        nameless = handshake(dialer, offer.without_name())
        asked = nameless.failure is None or bool(nameless.asked_for_certificate)
        yield Seen("tls.sni", "optional" if asked else "required", why=nameless.failure or "")
    yield _client_certificate(dialer, offer, shown, host)


def _known_here() -> list[str]:
    """The versions that this machine's OpenSSL can speak."""
    found = []
    for version, number in VERSIONS.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = number
        except (ValueError, ssl.SSLError):
            continue
        found.append(version)
    return found


def _client_certificate(dialer: Dialer, offer: Offer, shown: list[Handshake], host: str) -> Seen:
    """Whether a certificate is asked for, and whether it goes on without one."""
    key = "tls.client_certificate"
    asked = [one.asked_for_certificate for one in shown]
    if True not in asked:
        if False in asked:
            return Seen(key, "none")
        return Seen(key, why="this Python does not show what a handshake asks for")
    last = Handshake()
    with secured(dialer, offer, last) as connection:
        if connection is None:
            return Seen(key, "required", why=last.failure or "")
        connection.send(http1.request(host))
        heard = connection.hear(bool)
    if heard.data or heard.end == "silent":
        answered = heard.data.startswith((b"HTTP/1.1 400", b"HTTP/1.1 496"))
        why = "it answers 4xx without one" if answered else ""
        return Seen(key, "required" if answered else "optional", why=why)
    return Seen(key, "required", why="it closes without one")
