"""protocol-mismatch: nginx speaks one protocol, the upstream another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lint502.checks.failover import failing
from lint502.checks.site import Site
from lint502.checks.wording import by_profile, declared, server_of
from lint502.findings import Finding
from lint502.nginx.hops import Hop
from lint502.pairing import Pair
from lint502.spec.listeners import Listener

_READING = "while reading response header from upstream"
_CLOSED = f"upstream prematurely closed connection {_READING}"
_RESET = f"recv() failed (104: Connection reset by peer) {_READING}"
_GARBAGE = f"upstream sent no valid HTTP/1.0 header {_READING}"
_FASTCGI = f"upstream sent unsupported FastCGI protocol version: 72 {_READING}"
_FRAME = f"upstream sent too large http2 frame: 4740180 {_READING}"
_MEMCACHED = f"memcached sent invalid response: … {_READING}"
_TIMED_OUT = f"upstream timed out (110: Connection timed out) {_READING}"
_REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"
_REFUSED_DATAGRAM = (
    "recv() failed (111: Connection refused) while proxying and reading from upstream"
)

_SPOKEN = {
    "proxy": "HTTP",
    "fastcgi": "FastCGI",
    "uwsgi": "the uwsgi protocol",
    "scgi": "SCGI",
    "grpc": "gRPC (HTTP/2)",
    "memcached": "the memcached protocol",
    "stream": "TCP",
}
_NAMES = {
    "http": "HTTP",
    "grpc": "gRPC (HTTP/2)",
    "fastcgi": "FastCGI",
    "uwsgi": "the uwsgi protocol",
    "scgi": "SCGI",
    "memcached": "the memcached protocol",
    "tcp": "a protocol of its own over TCP",
    "udp": "UDP",
}
_WAITS_FOR_A_LINE = frozenset(
    ("apache", "daphne", "gunicorn", "gunicorn-gthread", "tornado", "uwsgi", "waitress", "werkzeug")
)
"""HTTP servers that wait for a line end in what a binary protocol sends, until nginx gives up."""
_WAITS_FOR_HEADERS = frozenset(("tornado", "waitress"))
"""HTTP servers that do not look at a first line before the headers have ended."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: int
    log: str | None


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that speaks another protocol than a listener it reaches."""
    for pair, exposure in failing(site, lambda pair: _outcome(pair) is not None, "sent"):
        outcome, listener, hop = _outcome(pair), pair.listener, pair.hop
        assert outcome is not None and listener is not None and listener.protocol is not None
        protocol = listener.protocol.value
        message = (
            f"{hop.directive.name} speaks {_SPOKEN[hop.kind]}, but {listener.upstream} speaks "
            f"{_NAMES[protocol]}{by_profile(listener.protocol)}"
        )
        if exposure.hint:
            message += f"; {exposure.hint}"
        yield Finding(
            rule="protocol-mismatch",
            severity=exposure.severity,
            status=outcome.status,
            frequency=exposure.frequency,
            message=message,
            place=hop.directive.place(f"nginx speaks {_SPOKEN[hop.kind]}"),
            related=(
                declared(listener.protocol, f"{listener.upstream} speaks {_NAMES[protocol]}"),
            ),
            hops=(hop.id,),
            upstream=listener.upstream,
            log=outcome.log,
        )


def _outcome(pair: Pair) -> _Outcome | None:
    """What nginx answers for a pair; None where the protocols fit, or are not known."""
    listener, hop = pair.listener, pair.hop
    if listener is None or listener.protocol is None:
        return None
    if pair.target.tls and listener.tls is not None and not listener.tls.value:
        return None  # the handshake fails before any of them speaks
    protocol = listener.protocol.value
    if hop.kind == "stream":
        return _stream_outcome(hop, protocol)
    if protocol == "udp":
        return _Outcome(502, _REFUSED)
    if protocol != hop.kind and _only_tls(pair):
        return _Outcome(502, _CLOSED) if protocol != "http" or hop.kind != "proxy" else None
    if hop.kind == "proxy":
        return _proxy_outcome(pair, protocol)
    if protocol == hop.kind:
        return None
    if protocol == "http":
        return _http_outcome(hop, listener)
    if hop.kind in ("fastcgi", "uwsgi", "scgi") and protocol == "memcached":
        return _Outcome(504, _TIMED_OUT)  # it waits for the end of a line
    if hop.kind in ("grpc", "uwsgi", "scgi") and protocol == "fastcgi":
        return _Outcome(502, _RESET)  # it closes with data unread
    return _Outcome(502, _CLOSED)


def _only_tls(pair: Pair) -> bool:
    """Whether a listener wants TLS where nginx does not speak it."""
    listener = pair.listener
    wants = listener is not None and listener.tls is not None and listener.tls.value
    return wants and pair.target.tls is False


def _http_outcome(hop: Hop, listener: Listener) -> _Outcome | None:
    """What an HTTP server does with the protocols that are not HTTP/1."""
    server = server_of(listener)
    if hop.kind == "grpc":
        return None if _accepts_http2(listener) else _Outcome(502, _FRAME)
    if hop.kind == "memcached":
        if server in _WAITS_FOR_HEADERS:
            return _Outcome(504, _TIMED_OUT)
        return _Outcome(502, _CLOSED if server == "hypercorn" else _MEMCACHED)
    if server in _WAITS_FOR_A_LINE:
        return _Outcome(504, _TIMED_OUT)
    if hop.kind == "fastcgi":
        return _Outcome(502, _FASTCGI)
    if hop.kind == "scgi" and server == "hypercorn":
        return _Outcome(502, _CLOSED)
    return _Outcome(400, None)  # uwsgi and SCGI take an HTTP status line for what it is


def _proxy_outcome(pair: Pair, protocol: str) -> _Outcome | None:
    if protocol == "http":
        return None
    if protocol == "grpc":
        version = pair.hop.scope.word("proxy_http_version")
        if version is None or version.value == "2":
            return None
        if pair.target.tls:
            return _Outcome(502, _CLOSED)
        return _Outcome(200, _GARBAGE)
    return _Outcome(502, _RESET if protocol == "fastcgi" else _CLOSED)


def _stream_outcome(hop: Hop, protocol: str) -> _Outcome | None:
    """stream passes bytes on, so only the transport has to fit."""
    server = hop.context.enclosing("server")
    listens = server.by_name.get("listen", []) if server is not None else []
    if not listens or (server is not None and server.unseen):
        return None
    datagrams = {"udp" in line.args for line in listens}
    if datagrams == {protocol == "udp"} or len(datagrams) == 2:
        return None
    if protocol == "udp":
        return _Outcome(502, _REFUSED)
    return _Outcome(200, _REFUSED_DATAGRAM)  # the session ends without an answer


def _accepts_http2(listener: Listener) -> bool:
    return listener.http_versions is not None and "2" in listener.http_versions.value
