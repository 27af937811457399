"""What is spoken at an address: first what is claimed, then whatever else it may be."""

from __future__ import annotations

import time
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from lint502.probing import http1, other_protocols
from lint502.probing.handshakes import Handshake, Offer, secured
from lint502.probing.wire import Connection, Dialer

PROXY = b"PROXY TCP4 127.0.0.1 127.0.0.1 49502 80\r\n"
"""The header that nginx sends with ``proxy_protocol on``; see HAProxy's proxy-protocol.txt."""

_REFUSED = 400
_SOON = 0.5

CONNECTIONS = 14
"""As many as it takes at most to see what is spoken."""


class Way(Struct, frozen=True):
    """How an address is spoken to; ``http2``: with prior knowledge, or by ALPN."""

    protocol: str = "http"
    tls: bool = False
    proxy: bool = False
    http2: bool = False


class Spoken(Struct, frozen=True):
    """What was found out: the way that got an answer, None where none did; the answer of HTTP/1;
    what the handshake showed; the words of a server of another protocol. ``failed`` says of each
    way what came of it. ``secret``: TLS is spoken, but what in it could not be seen.
    ``silent``: nothing came in time. ``doubtful``: whether the PROXY header is expected does not
    show."""

    way: Way | None
    response: http1.Response | None = None
    handshake: Handshake | None = None
    words: str = ""
    failed: tuple[str, ...] = ()
    secret: bool = False
    silent: bool = False
    doubtful: bool = False


def ways(claimed: Way) -> Iterator[Way]:
    """In which ways to try, the likeliest first."""
    tried = [claimed]
    if claimed.protocol in ("http", "grpc"):
        tried.append(replace(claimed, protocol="http", http2=not claimed.http2))
    tried += [Way(), Way(tls=True), Way(tls=True, http2=True)]
    tried += [Way(proxy=True), Way(tls=True, proxy=True), Way(http2=True)]
    tried += [Way(other) for other in ("fastcgi", "memcached", "uwsgi", "scgi")]
    tried.append(Way("uwsgi", tls=True))
    yield from dict.fromkeys(tried)


def spoken(dialer: Dialer, claimed: Way, offer: Offer, host: str) -> Spoken:
    """What an address speaks; ``host`` is the Host to ask for, ``offer`` what TLS is offered.

    An answer that refuses what was said (400) counts only where no other way gets a better one.
    """
    dialer.allow(CONNECTIONS)
    refused: Spoken | None = None
    secret: Spoken | None = None
    failed: list[str] = []
    silent = False
    for way in ways(claimed):
        if secret is not None and not way.tls:
            continue
        if way.proxy and silent and way != claimed:
            continue  # what waits for a PROXY header closes when something else comes
        found = _try(dialer, way, offer, host)
        if found.way is None:
            failed += found.failed
            silent = silent or (way == Way() and found.silent)
            if found.secret and secret is None:
                secret = found
            continue
        if found.response is None or found.response.status != _REFUSED:
            if way.protocol in ("uwsgi", "scgi") and refused is not None:
                break  # it speaks HTTP, and takes this for bad HTTP
            return found
        if way.proxy and not way.tls:  # it may as well be the header that it refuses
            usual = replace(way, proxy=claimed.proxy)
            found = replace(found, way=usual, response=None, doubtful=True)
        if refused is None or (way.tls and not (refused.way and refused.way.tls)):
            refused = found  # who makes a handshake of TLS, and refuses afterwards, speaks TLS
    if refused is not None and (secret is None or (refused.way and refused.way.tls)):
        return refused
    return secret or Spoken(None, failed=tuple(failed))


def _try(dialer: Dialer, way: Way, offer: Offer, host: str) -> Spoken:
    prelude = PROXY if way.proxy else b""
    if not way.tls:
        with dialer.connect(prelude) as connection:
            return _speak(connection, way, host)
    shown = Handshake()
    alpn = ("h2",) if way.http2 else ()
    with secured(dialer, replace(offer, alpn=alpn, prelude=prelude), shown) as channel:
        if channel is None:
            failed = (f"TLS: {shown.failure}",)
            return Spoken(None, handshake=shown, failed=failed, secret=shown.answered)
        found = _speak(channel, way, host)
    return replace(found, handshake=shown, secret=found.way is None)


def _speak(connection: Connection, way: Way, host: str) -> Spoken:
    """Ask in one way; the answer has a way only where it is one in this protocol."""
    if way.http2:
        if other_protocols.speaks_http2(connection):
            return Spoken(replace(way, protocol="http"))
        return Spoken(None, failed=("HTTP/2: no settings came",))
    if way.protocol in ("http", "grpc"):
        response = http1.ask(connection, http1.request(host), body=False)
        if response is not None:
            return Spoken(replace(way, protocol="http"), response)
        heard = connection.hear(bool)
        if heard.data.startswith(b"ERROR\r\n"):
            return Spoken(Way("memcached", way.tls))
        failed = (f"HTTP/1: {_outcome(heard.end, heard.data)}",)
        return Spoken(None, failed=failed, silent=heard.end == "silent" and not heard.data)
    asked = {
        "fastcgi": lambda: other_protocols.GET_VALUES,
        "memcached": lambda: other_protocols.MEMCACHED_VERSION,
        "uwsgi": lambda: other_protocols.uwsgi_request(host),
        "scgi": lambda: other_protocols.scgi_request(host),
    }[way.protocol]()
    connection.send(asked)
    soon = time.monotonic() + _SOON if way.protocol == "fastcgi" else None
    heard = connection.hear(_some, until=soon)
    if way.protocol == "fastcgi" and not heard.data and heard.end == "silent":
        connection.send(other_protocols.fastcgi_request(host))  # some pass over what is no request
        heard = connection.hear(_some)
    data = heard.data
    words = ""
    if way.protocol == "fastcgi":
        known = other_protocols.is_fastcgi(data)
    elif way.protocol == "memcached":
        known = data.startswith(b"VERSION ")
        words = data[8:40].split(b"\r")[0].decode("latin-1") if known else ""
    else:
        known = other_protocols.is_cgi(data)
        if known and other_protocols.is_refused_http(data):
            response = http1.Response(1, _REFUSED, (), len(data), heard.end, False)
            return Spoken(way, response)
    if known:
        return Spoken(way, words=words)
    return Spoken(None, failed=(f"{way.protocol}: {_outcome(heard.end, data)}",))


def _some(data: bytes) -> bool:
    """Whether enough has come to tell a protocol by."""
    return len(data) >= 12 or b"\n" in data


def _outcome(end: str, data: bytes) -> str:
    if data:
        return "something else came"
    return {"closed": "closed", "reset": "reset", "silent": "no answer in time"}.get(end, "nothing")
