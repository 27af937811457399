"""proxy-protocol-mismatch: one side expects the header of the PROXY protocol, the other not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lint502.checks.failover import Exposure, failing
from lint502.checks.site import Site
from lint502.checks.wording import declared
from lint502.findings import Finding, Fix
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.pairing import Pair


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target that misses the header, or gets one that it does not expect."""
    for missing in (True, False):
        fails = partial(_is, missing=missing)
        for pair, exposure in failing(site, fails, "sent"):
            yield _finding(pair, exposure, missing=missing)


def sends_header(hop: Hop) -> bool | None:
    """Whether nginx sends the header: only ``stream`` can. None where it is not known."""
    if hop.kind != "stream":
        return False
    word = hop.scope.word("proxy_protocol")
    return None if word is None else word.value.lower() != "off"


def _is(pair: Pair, *, missing: bool) -> bool:
    return _missing(pair) is missing


def _missing(pair: Pair) -> bool | None:
    """True: the listener waits for a header in vain; False: it gets one too many; None: neither,
    or it is not known."""
    expects = pair.listener.proxy_protocol if pair.listener is not None else None
    sends = sends_header(pair.hop)
    if expects is None or sends is None or expects.value is sends or pair.hop.datagrams:
        return None
    return expects.value


def _finding(pair: Pair, exposure: Exposure, *, missing: bool) -> Finding:
    listener, hop = pair.listener, pair.hop
    assert listener is not None and listener.proxy_protocol is not None, "that is what fails"
    name, stream = listener.upstream, hop.kind == "stream"
    fix: Fix | None = None
    status, log = (
        502,
        "upstream prematurely closed connection while reading response header from upstream",
    )
    if missing:
        wants = f"{name} expects the header of the PROXY protocol at the start of each connection"
        if stream:
            message = f"{wants}, and nginx sends none: it closes the connection"
            fix = Fix("proxy_protocol on;")
        else:
            message = (
                f"{wants}, which {hop.directive.name} cannot send (only proxy_pass in stream can): "
                f"it closes the connection; let {name} take plain connections from nginx"
            )
    else:
        message = (
            f"nginx sends the header of the PROXY protocol to {name}, which does not expect it and "
            "takes it for the start of a request"
        )
        fix = Fix("proxy_protocol off;")
    related = "expects the header" if missing else "does not expect it"
    if stream:
        status, log = _stream_status(pair, missing=missing), ""
    return Finding(
        rule="proxy-protocol-mismatch",
        severity=exposure.severity,
        status=status,
        frequency=exposure.frequency,
        message=message + (f"; {exposure.hint}" if exposure.hint else ""),
        place=_line(hop).place("nginx sends no header" if missing else "nginx sends the header")
        if stream
        else hop.directive.place("nginx cannot send the header here"),
        related=(declared(listener.proxy_protocol, f"{name} {related}"),),
        hops=(hop.id,),
        upstream=name,
        log=log or None,
        fix=fix,
    )


def _line(hop: Hop) -> Directive:
    """The line that decides it, where there is one."""
    setting = hop.scope.setting("proxy_protocol")
    return setting.directives[-1] if setting is not None and setting.directives else hop.directive


def _stream_status(pair: Pair, *, missing: bool) -> int:
    """What the client of a session gets: nothing, in a session that nginx logs as 200; or what an
    HTTP server says to a request that starts with "PROXY"."""
    listener = pair.listener
    assert listener is not None
    is_http = listener.protocol is not None and listener.protocol.value == "http"
    plain = listener.tls is not None and not listener.tls.value
    return 400 if is_http and plain and not missing else 200
