"""http2-connection-header: nginx sends a header of HTTP/1.1 connections in HTTP/2."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.http2 import (
    HeaderRefusal,
    SentHeader,
    connection_header,
    header_refusal,
    headers_of_a_connection,
    refusal_is_known,
    sent_header,
)
from lint502.behaviour.websockets import passes_upgrade_on
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement, Phase
from lint502.edits.propose import Edits, rewritten, set_to
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site

_PHASES: dict[HeaderRefusal, Phase] = {"reset": "head", "close": "send", "answer": "later"}


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that sends such a header to a listener which may refuse it."""
    for pair in site.each_pair():
        way, sent, listener = header_refusal(pair), connection_header(pair.hop), pair.meant
        if way is None or sent is None or listener is None:
            continue
        known = refusal_is_known(listener)
        message = (
            f'nginx sends "{sent.text}" in HTTP/2, where a header of the connection makes a '
            f"request malformed: {_clause(listener, way, known=known)}"
        )
        if not sent.always:
            message += ", whenever it is not empty"
        yield RULE.disagreement(
            pair,
            _PHASES[way],
            certain=known and sent.always,
            status=400 if way == "answer" else 502,
            message=message,
            place=sent.line.place(f'"{sent.text}" is sent in HTTP/2'),
            log=_log(way),
            fix=_fix(pair, sent),
        )


def _fix(pair: Pair, sent: SentHeader) -> Fix:
    """HTTP/1.1 where the hop has the lines of WebSockets, which end with their headers, and the
    listener takes it; else the lines without a value."""
    hop, listener = pair.hop, pair.meant
    versions = listener.http_versions if listener is not None else None
    has_http1 = versions is None or "1.1" in versions.value
    if hop.kind == "proxy" and has_http1 and passes_upgrade_on(hop):
        edits = set_to(hop, [(hop.scope.setting("proxy_http_version"), "1.1")])
        return Fix("proxy_http_version 1.1; for WebSockets need it", edits=edits)
    return Fix(f'{sent.line.name} {sent.line.args[0]} "";', edits=_edits(hop))


def _edits(hop: Hop) -> Edits:
    """All such lines of a hop without a value."""
    headers = hop.scope.setting(f"{hop.kind}_set_header")
    lines = headers_of_a_connection(headers) if headers is not None else ()
    each = [rewritten(line, f'{line.args[0]} ""') for line in lines if sent_header(hop, line)]
    return tuple(edit for of_line in each for edit in of_line) if all(each) else ()


def _clause(listener: Listener, way: HeaderRefusal, *, known: bool) -> str:
    if not known:
        return "a server that goes by RFC 9113 refuses it"
    if way == "answer":
        return f"{listener.upstream} answers 400"
    if way == "close":
        return f"{listener.upstream} closes the connection"
    return f"{listener.upstream} refuses it"


def _log(way: HeaderRefusal) -> str | None:
    if way == "answer":
        return None
    if way == "reset":
        return error_log.line("http2-rejected", number="1")
    return error_log.line("closed-early")


RULE = Rule("http2-connection-header", check, "protocols.malformed")
