"""http2-connection-header: nginx sends a header of HTTP/1.1 connections in HTTP/2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from lint502.behaviour.failover import Phase, failing
from lint502.behaviour.protocol_table import lineage
from lint502.declared.listeners import Listener
from lint502.edits.propose import Edits, rewritten
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.variables import UNKNOWN
from lint502.pairing import Pair
from lint502.site import Site
from lint502.wording import server_of

Way = Literal["reset", "close", "answer"]
"""How a server refuses such a request: it ends the stream, or the connection, or answers 400."""

_OF_A_CONNECTION = frozenset(
    ("connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding")
)
"""Headers that make a request of HTTP/2 malformed (RFC 9113, 8.2.2); so does ``TE``, but for
"trailers"."""

_MEASURED: dict[str, Way | None] = {
    "caddy": "answer",  # 2.6
    "granian": "reset",  # 2.8
    "hypercorn": "close",  # 0.18
    "nginx": None,  # 1.30: it takes no notice
    "node": "reset",  # 20
}
"""What servers do, as it was measured behind nginx 1.18, 1.22, 1.26 and 1.30 with ``grpc_pass``,
and behind 1.30 with ``proxy_http_version 2``."""

_PHASES: dict[Way, Phase] = {"reset": "header", "close": "sent", "answer": "passed"}
_LOGS: dict[Way, str | None] = {
    "reset": "upstream rejected request with error 1 while reading response header from upstream",
    "close": "upstream prematurely closed connection while reading response header from upstream",
    "answer": None,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A line that sends such a header, what it sends, and whether with every request."""

    line: Directive
    text: str
    always: bool


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that sends such a header to a listener which may refuse it."""
    for way, phase in _PHASES.items():
        for pair, exposure in failing(site, partial(_is, way=way), phase):
            sent, listener, hop = sent_by(pair.hop), pair.listener, pair.hop
            assert sent is not None and listener is not None
            known = is_known(listener)
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


def _is(pair: Pair, way: Way) -> bool:
    return refusal(pair) == way


def refusal(pair: Pair) -> Way | None:
    """How a listener refuses what nginx sends to it, or may; None where it does not."""
    listener = pair.listener
    if listener is None or sent_by(pair.hop) is None:
        return None
    protocol = listener.protocol.value if listener.protocol is not None else None
    versions = listener.http_versions.value if listener.http_versions is not None else None
    if protocol not in ("http", "grpc", None):
        return None
    if protocol == "http" and versions is not None and "2" not in versions:
        return None
    found = [name for name in lineage(server_of(listener)) if name in _MEASURED]
    return _MEASURED[found[0]] if found else "reset"


def is_known(listener: Listener) -> bool:
    """Whether it was measured what a server does with such a header."""
    return any(name in _MEASURED for name in lineage(server_of(listener)))


def sent_by(hop: Hop) -> Sent | None:
    """The line of a hop that sends such a header; one that does so always goes first."""
    if hop.kind == "proxy":
        version = hop.scope.word("proxy_http_version")
        if version is None or version.value != "2":
            return None
    elif hop.kind != "grpc":
        return None
    headers = hop.scope.setting(f"{hop.kind}_set_header")
    lines = headers.directives if headers is not None else ()
    found = filter(None, (_sent(hop, line) for line in lines))
    return min(found, key=lambda sent: not sent.always, default=None)


def _edits(hop: Hop) -> Edits:
    """All such lines of a hop without a value."""
    headers = hop.scope.setting(f"{hop.kind}_set_header")
    lines = headers.directives if headers is not None else ()
    each = [rewritten(line, f'{line.args[0]} ""') for line in lines if _sent(hop, line)]
    return tuple(edit for of_line in each for edit in of_line) if all(each) else ()


def _sent(hop: Hop, line: Directive) -> Sent | None:
    if len(line.args) != 2:
        return None
    name, value = line.args[0].lower(), line.args[1]
    if name not in _OF_A_CONNECTION and name != "te":
        return None
    texts = hop.variables.expand(value, hop.context) or ()
    known = [text.text for text in texts if UNKNOWN not in text.text]
    bad = [text for text in known if text and not (name == "te" and text.lower() == "trailers")]
    unknown = len(known) < len(texts) or not texts
    if not bad and not unknown:
        return None
    always = not unknown and len(bad) == len(texts)
    return Sent(line, f"{line.args[0]}: {bad[0] if always and len(bad) == 1 else value}", always)


def _clause(listener: Listener, way: Way, *, known: bool) -> str:
    if not known:
        return "a server that goes by RFC 9113 refuses it"
    if way == "answer":
        return f"{listener.upstream} answers 400"
    if way == "close":
        return f"{listener.upstream} closes the connection"
    return f"{listener.upstream} refuses it"
