"""http2-connection-header: nginx sends a header of HTTP/1.1 connections in HTTP/2."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lint502.behaviour.failover import Phase, failing
from lint502.behaviour.http2 import (
    HeaderRefusal,
    connection_header,
    header_refusal,
    refusal_is_known,
    sent_header,
)
from lint502.declared.listeners import Listener
from lint502.edits.propose import Edits, rewritten
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.pairing import Pair
from lint502.site import Site

_PHASES: dict[HeaderRefusal, Phase] = {"reset": "header", "close": "sent", "answer": "passed"}
_LOGS: dict[HeaderRefusal, str | None] = {
    "reset": "upstream rejected request with error 1 while reading response header from upstream",
    "close": "upstream prematurely closed connection while reading response header from upstream",
    "answer": None,
}


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that sends such a header to a listener which may refuse it."""
    for way, phase in _PHASES.items():
        for pair, exposure in failing(site, partial(_is, way=way), phase):
            sent, listener, hop = connection_header(pair.hop), pair.listener, pair.hop
            assert sent is not None and listener is not None
            known = refusal_is_known(listener)
            message = (
                f'nginx sends "{sent.text}" in HTTP/2, where a header of the connection makes a '
                f"request malformed: {_clause(listener, way, known=known)}"
            )
            if not sent.always:
                message += ", whenever it is not empty"
            if exposure.hint:
                message += f"; {exposure.hint}"
            certain = known and sent.always
            yield Finding(
                rule="http2-connection-header",
                severity=exposure.severity if certain else Severity.WARNING,
                status=400 if way == "answer" else 502,
                frequency=exposure.frequency if certain else "sometimes",
                message=message,
                place=sent.line.place(f'"{sent.text}" is sent in HTTP/2'),
                hops=(hop.id,),
                upstream=listener.upstream,
                log=_LOGS[way],
                fix=Fix(
                    f'{sent.line.name} {sent.line.args[0]} "";',
                    edits=_edits(hop),
                ),
            )


def _is(pair: Pair, way: HeaderRefusal) -> bool:
    return header_refusal(pair) == way


def _edits(hop: Hop) -> Edits:
    """All such lines of a hop without a value."""
    headers = hop.scope.setting(f"{hop.kind}_set_header")
    lines = headers.directives if headers is not None else ()
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
