"""proxy-protocol-mismatch: one side expects the header of the PROXY protocol, the other not."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.fronts import passed_on
from lint502.behaviour.tls_failures import missing_header, sends_header
from lint502.declared.listeners import Front
from lint502.disagreements import Disagreement, Phase
from lint502.edits.propose import beside, set_to
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared


def check(site: Site) -> Iterator[Disagreement]:
    """One for each target that misses the header, or gets one that it does not expect."""
    for pair in site.each_pair():
        missing, before = missing_header(pair), None
        if pair.hop.kind == "stream" and not pair.target.tls and missing is not False:
            before = passed_on(site, pair.hop)
        front, sends = before or (None, None)
        if missing is not None and not sends:
            yield _disagreement(pair, missing=missing, doubt=front)
        elif front is not None and sends and missing is None and _is_plain(pair):
            yield _passed_on(pair, front)


def _is_plain(pair: Pair) -> bool:
    """Whether the server behind a target expects no header, and nginx adds none."""
    expects = None if pair.meant is None else pair.meant.proxy_protocol
    return (
        expects is not None
        and not expects.value
        and sends_header(pair.hop) is False
        and not pair.hop.datagrams
    )


def _passed_on(pair: Pair, front: Front) -> Disagreement:
    """That nginx hands a front's header on to a server which does not expect it."""
    listener = pair.meant
    assert listener is not None and listener.proxy_protocol is not None, "that is what fails"
    assert front.proxy_protocol is not None, "that is what it sends"
    status, log, clause = _outcome(pair, missing=False)
    return RULE.disagreement(
        pair,
        "later",
        status=status,
        message=(
            f"{front.name} sends the header of the PROXY protocol, and nginx, whose listen does "
            f"not expect it, passes it on to {listener.upstream}, which takes it for the start of "
            f"what it is asked: {clause}; listen … proxy_protocol takes it off"
        ),
        place=pair.hop.directive.place("nginx passes on all that comes"),
        related=(
            declared(front.proxy_protocol, f"{front.name} sends one"),
            declared(listener.proxy_protocol, f"{listener.upstream} does not expect it"),
        ),
        log=log,
    )


def _phase(pair: Pair) -> Phase:
    if pair.target.tls:
        return "handshake"
    return "later" if pair.hop.kind == "stream" else "send"


def _disagreement(pair: Pair, *, missing: bool, doubt: Front | None) -> Disagreement:
    """``doubt`` is a front that may send the header by itself."""
    listener, hop = pair.meant, pair.hop
    assert listener is not None and listener.proxy_protocol is not None, "that is what fails"
    status, log, clause = _outcome(pair, missing=missing)
    name, fix = listener.upstream, None
    if missing:
        message = f"{name} expects the header of the PROXY protocol at the start of each connection"
        if hop.kind == "stream":
            message += f", and nginx sends none: {clause}"
            if doubt is not None:
                message += f", unless {doubt.name} sends one, which nginx passes on"
            fix = _fix(hop, "on")
        else:
            message += (
                f", which {hop.directive.name} cannot send (only proxy_pass in stream can): "
                f"{clause}; let {name} take plain connections from nginx"
            )
    else:
        message = (
            f"nginx sends the header of the PROXY protocol to {name}, which does not expect it and "
            f"takes it for the start of what it is asked: {clause}"
        )
        fix = _fix(hop, "off")
    if hop.kind != "stream":
        note = "nginx cannot send the header here"
    else:
        note = "nginx sends no header" if missing else "nginx sends the header"
    related = "expects the header" if missing else "does not expect it"
    return RULE.disagreement(
        pair,
        _phase(pair),
        status=status,
        message=message,
        place=_line(hop).place(note),
        related=(declared(listener.proxy_protocol, f"{name} {related}"),),
        log=log,
        fix=fix,
        certain=doubt is None,
    )


def _fix(hop: Hop, word: str) -> Fix:
    setting = hop.scope.setting("proxy_protocol")
    where = "" if setting is None else beside(hop, setting)
    edits = set_to(hop, [(setting, word)], here=True)
    return Fix(f"proxy_protocol {word};{where}", edits=edits)


def _line(hop: Hop) -> Directive:
    """The line that decides it, where there is one."""
    setting = hop.scope.setting("proxy_protocol") if hop.kind == "stream" else None
    return setting.directives[-1] if setting is not None and setting.directives else hop.directive


def _outcome(pair: Pair, *, missing: bool) -> tuple[int, str | None, str]:
    """The status, the line of the error log, and what happens as a clause."""
    listener = pair.meant
    assert listener is not None, "that is what fails"
    if pair.target.tls:
        return 502, error_log.anything("handshake"), "the TLS handshake fails"
    if pair.hop.kind != "stream":
        return 502, error_log.line("closed-early"), "it closes the connection"
    if missing:
        return 200, None, "it closes the connection, and the client gets nothing"
    speaks_http = listener.protocol is not None and listener.protocol.value == "http"
    if speaks_http and (listener.tls is None or not listener.tls.value):
        return 400, None, "it answers 400"
    return 200, None, "the client gets no answer to what it asks"


RULE = Rule("proxy-protocol-mismatch", check, "handshake.with_or_without_header")
