"""What a declared server does: the facts of a listener, as plain values."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from lint502.behaviour.sent_hosts import Served
from lint502.declared.listeners import Fact, HttpVersion, Listener, Overflow, Protocol, T

ClientCertificate = Literal["required", "optional", "none"]

_MILLISECONDS = 1000


class TlsBehaviour(Struct, frozen=True):
    """``versions`` as nginx writes them (``TLSv1.2``), empty: any. ``names`` in the certificate,
    empty: ``localhost``. ``chain_depth`` is the number of intermediate certificates.

    ``knows_only``, if not empty, are the only names that a client may ask for. ``answers_400``: to
    a client without the required certificate, as nginx does; others refuse the handshake.
    """

    versions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    sni_required: bool = False
    client_certificate: ClientCertificate = "none"
    chain_depth: int = 0
    knows_only: tuple[str, ...] = ()
    answers_400: bool = False


class Reaction(Struct, frozen=True):
    """What a server does with what it does not understand, ``after`` so many seconds.

    ``answer``: with the status ``number``, in HTTP/1.1; ``page``: with HTML and no status line, as
    for HTTP/0.9; ``wait``: for more, for ever; ``close`` and ``reset``; ``alert``: with a TLS alert
    of this ``number`` in plaintext. ``refuse``: with that alert, to a TLS handshake too.
    ``drop``: reset, whatever comes.
    """

    kind: Literal["answer", "page", "wait", "close", "reset", "alert", "refuse", "drop"]
    number: int = 400
    after: float = 0.0


class Behaviour(Struct, frozen=True):
    """Times are seconds, sizes bytes; ``None`` is no limit, or not declared.

    ``overflow`` is what happens beyond ``request_headers`` and ``request_body``. Where it is not
    declared, large headers are answered, with the status ``headers_status``, and a large body ends
    the connection. What
    it does not understand it takes as described in the modules of the protocols, unless there is a
    ``reaction``. ``connection_headers``: what it does with those in HTTP/2: it takes no notice,
    ends the stream or the connection, or answers 400. ``header_twice``: what it does where a header
    is there twice that may be there once; "usual": with two of Host it answers 400.
    ``virtual_hosts``, if not empty, are those on whose requests alone it does not close the
    connection. ``websocket``: it takes handshakes of WebSockets, and answers 426 to all else.
    """

    protocol: Protocol = "http"
    http_versions: tuple[HttpVersion, ...] = ("1.0", "1.1")
    tls: TlsBehaviour | None = None
    proxy_protocol: bool = False
    keepalive: bool = True
    idle_timeout: float | None = None
    max_requests: int | None = None
    announces_close: bool = True
    request_timeout: float | None = None
    request_headers: int | None = None
    request_body: int | None = None
    overflow: Overflow | None = None
    headers_status: int = 431
    reaction: Reaction | None = None
    connection_headers: Literal["take", "reset", "close", "answer"] = "take"
    virtual_hosts: tuple[str, ...] = ()
    websocket: bool = False
    header_twice: Literal["usual", "close", "answer"] = "usual"

    def serves(self, host: str) -> bool:
        """Whether requests with this ``Host`` are answered."""
        hosts = self.virtual_hosts
        return not hosts or host.lower().partition(":")[0] in Served(hosts)

    @property
    def never_says_close(self) -> bool:
        """Whether it closes after each response and does not say so, even if asked, as uWSGI."""
        return not self.keepalive and not self.announces_close


class Answer(Struct):
    """What a server answers next; may be changed between requests.

    ``header_bytes`` is the size of the response header as nginx counts it for the protocol: from
    the status line to the empty line for HTTP/1, the CGI header for FastCGI, SCGI and uwsgi, the
    sum of all names and values for HTTP/2; the other protocols have none. ``None``, or less than
    the answer needs: as small as it can be. ``wait`` is the time in seconds before the answer
    starts. ``status`` is for the protocols that have one. ``ends``: the connection ends instead.
    """

    header_bytes: int | None = None
    wait: float = 0.0
    body: bytes = b"ok\n"
    status: int = 200
    ends: bool = False


def behaviour(listener: Listener, factor: float = 1.0) -> Behaviour | None:
    """What is declared of a listener, with all its times divided by ``factor``; what is not
    declared is as usual. ``None`` where the protocol is not known."""
    if listener.protocol is None:
        return None
    tls = _value(listener.tls, False)
    return Behaviour(
        protocol=listener.protocol.value,
        http_versions=_value(listener.http_versions, Behaviour().http_versions),
        tls=_tls(listener) if tls else None,
        proxy_protocol=_value(listener.proxy_protocol, False),
        keepalive=_value(listener.keepalive, True),
        idle_timeout=_seconds(listener.idle_timeout, factor),
        max_requests=_declared(listener.max_requests),
        announces_close=_value(listener.announces_close, True),
        request_timeout=_seconds(listener.request_timeout, factor),
        request_headers=_declared(listener.request_headers),
        request_body=_declared(listener.request_body),
        overflow=_declared(listener.overflow),
        headers_status=_value(listener.headers_status, Behaviour().headers_status),
    )


def _tls(listener: Listener) -> TlsBehaviour:
    usual = TlsBehaviour()
    return TlsBehaviour(
        versions=_value(listener.tls_versions, usual.versions),
        names=_value(listener.tls_names, usual.names),
        sni_required=_value(listener.tls_sni, "optional") == "required",
        client_certificate=_value(listener.tls_client_certificate, usual.client_certificate),
        chain_depth=_value(listener.tls_chain_depth, usual.chain_depth),
    )


def _seconds(fact: Fact[int] | None, factor: float) -> float | None:
    return None if fact is None else fact.value / _MILLISECONDS / factor


def _declared(fact: Fact[T] | None) -> T | None:
    return None if fact is None else fact.value


def _value(fact: Fact[T] | None, otherwise: T) -> T:
    return otherwise if fact is None else fact.value
