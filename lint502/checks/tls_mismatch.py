"""tls-mismatch: one side speaks TLS, the other does not."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks.failover import Exposure, failing
from lint502.checks.site import Site
from lint502.checks.wording import by_profile, declared, replacement, server_of
from lint502.findings import Finding, Fix
from lint502.pairing import Pair

_ANSWER_400 = frozenset(
    ("nginx", "apache", "go", "caddy", "traefik", "tomcat", "spring-boot", "jetty")
)
"""Servers that answer a plain HTTP request on their TLS port with a 400 of their own."""

_WAITS_FOR_A_LINE = frozenset(("daphne", "tornado", "uwsgi", "waitress"))
"""Servers that wait for a line end in a TLS handshake, until nginx gives up."""

_READING = "while reading response header from upstream"
_HANDSHAKING = "while SSL handshaking to upstream"

_WITH = {"http": "https", "grpc": "grpcs", "uwsgi": "suwsgi"}
_WITHOUT = {tls: plain for plain, tls in _WITH.items()}


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that speaks TLS to a listener without it, or the reverse."""
    for pair, exposure in failing(site, lambda pair: _tls_to_plain(pair) is True, "connect"):
        yield _finding(
            pair,
            "nginx speaks TLS to {upstream}, which does not{profile}",
            *_handshake_outcome(pair),
            exposure,
        )
    for pair, exposure in failing(site, lambda pair: _tls_to_plain(pair) is False, "sent"):
        yield _finding(
            pair,
            "nginx does not speak TLS to {upstream}, which wants it{profile}",
            *_plain_outcome(pair),
            exposure,
        )


def _handshake_outcome(pair: Pair) -> tuple[int, str]:
    """What becomes of a TLS handshake with a listener that speaks no TLS: status and log line."""
    listener = pair.listener
    assert listener is not None
    if server_of(listener) in _WAITS_FOR_A_LINE:
        return 504, f"upstream timed out (110: Connection timed out) {_HANDSHAKING}"
    if listener.protocol is not None and listener.protocol.value in ("fastcgi", "uwsgi"):
        return 502, f"peer closed connection in SSL handshake… {_HANDSHAKING}"
    return 502, f"SSL_do_handshake() failed (SSL: error:…:wrong version number) {_HANDSHAKING}"


def _plain_outcome(pair: Pair) -> tuple[int, str | None]:
    """What becomes of a plain request to a listener that wants TLS: status and log line."""
    listener, kind = pair.listener, pair.hop.kind
    assert listener is not None
    server = server_of(listener)
    if kind == "proxy" and server in _ANSWER_400:
        return 400, None
    if kind == "grpc" and server == "nginx":  # it answers in HTTP/1.1: "HTT"
        return 502, f"upstream sent too large http2 frame: 4740180 {_READING}"
    if server == "granian":  # it answers with a TLS alert
        if kind == "proxy":
            return 200, f"upstream sent no valid HTTP/1.0 header {_READING}"
        return 502, f"upstream sent too large http2 frame: 1377027 {_READING}"
    if server == "tornado":
        return 502, f"recv() failed (104: Connection reset by peer) {_READING}"
    return 502, f"upstream prematurely closed connection {_READING}"


def _finding(pair: Pair, message: str, status: int, log: str | None, exposure: Exposure) -> Finding:
    listener, target, hop = pair.listener, pair.target, pair.hop
    assert listener is not None and listener.tls is not None
    text = message.format(upstream=listener.upstream, profile=by_profile(listener.tls))
    if exposure.hint:
        text += f"; {exposure.hint}"
    wants = "wants TLS" if listener.tls.value else "does not speak TLS"
    return Finding(
        rule="tls-mismatch",
        severity=exposure.severity,
        status=status,
        frequency=exposure.frequency,
        message=text,
        place=hop.directive.place("nginx speaks TLS" if target.tls else "nginx does not speak TLS"),
        related=(declared(listener.tls, f"{listener.upstream} {wants}"),),
        hops=(hop.id,),
        upstream=listener.upstream,
        log=log,
        fix=_fix(pair),
    )


def _tls_to_plain(pair: Pair) -> bool | None:
    """True: nginx speaks TLS to a plain listener; False: the reverse; None: they agree."""
    listener, target = pair.listener, pair.target
    if listener is None or listener.tls is None or target.tls is None:
        return None
    if listener.tls.value == target.tls:
        return None
    if pair.hop.kind == "stream" and not target.tls:
        return None  # the client's own TLS passes through
    if pair.hop.kind in ("fastcgi", "scgi", "memcached") and not target.tls:
        return None  # these cannot speak TLS: the declaration is about another protocol
    return target.tls


def _fix(pair: Pair) -> Fix | None:
    """The other scheme, where the value has one."""
    target, hop = pair.target, pair.hop
    if hop.kind == "stream":
        return Fix("proxy_ssl off;" if target.tls else "proxy_ssl on;")
    scheme, separator, _ = hop.value.partition("://")
    other = (_WITHOUT if target.tls else _WITH).get(scheme.lower())
    if not separator or other is None:
        return None
    return replacement(hop.directive, 0, f"{scheme}://", f"{other}://")
