"""zero-timeout: a timeout of 0 is no "unlimited": nginx gives up at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lint502.behaviour.keepalive import users
from lint502.behaviour.methods import sends_bodies
from lint502.findings import Finding, Frequency, Severity
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.version import Version
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import replacement

_AT_ONCE = Version(1, 19, 9)
"""From here on a timer that has run out is acted on before what has come meanwhile (c108f04e8);
before, what comes in the same millisecond is in time."""


class _Outcome(NamedTuple):
    severity: Severity
    status: int
    frequency: Frequency
    log: str | None
    what: str


def check(site: Site) -> Iterator[Finding]:
    """One finding for each line that sets a timeout of 0 at hops where that fails."""
    filled = {
        hop.id
        for hops in users(site).values()
        if not all(_is_zero(hop, "connect_timeout") for hop in hops)
        for hop in hops
    }
    for hop in site.hops:
        for name, outcome in _outcomes(hop, other_opens=hop.id in filled):
            value = hop.scope.time(name)
            assert value is not None
            line = value.directive
            assert line is not None, "no default is 0"
            info = "10m" if name == "proxy_timeout" else "60s"
            yield RULE.finding(
                severity=outcome.severity,
                status=outcome.status,
                frequency=outcome.frequency,
                message=f'{name} 0 does not mean "no limit": nginx {outcome.what}',
                place=line.place("0 is no time at all"),
                hops=(hop.id,),
                log=outcome.log,
                fix=replacement(line, 0, line.args[0], info, safe=False),
            )


def _outcomes(hop: Hop, *, other_opens: bool) -> Iterator[tuple[str, _Outcome]]:
    """The timeouts of 0 at a hop, and what comes of each; ``other_opens``: another hop leaves
    connections in the pool."""
    family = "proxy" if hop.kind == "stream" else hop.kind
    if _is_zero(hop, "connect_timeout"):
        connecting = _connecting(hop, other_opens=other_opens)
        if connecting is not None:
            yield f"{family}_connect_timeout", connecting
    if hop.kind == "stream":
        if _is_zero(hop, "timeout"):
            what = "ends each session before an answer can come, without a line in the error log"
            yield "proxy_timeout", _Outcome(Severity.ERROR, 200, "always", None, what)
        return
    if _is_zero(hop, "read_timeout"):
        log = error_log.line("response-timed-out")
        if hop.scope.version >= _AT_ONCE:
            frequency: Frequency = "always"
            what = "gives each request up as soon as it is sent, and answers 504"
        else:
            frequency = "sometimes"
            what = "answers 504 to each request whose answer is not there in the same millisecond"
        yield f"{family}_read_timeout", _Outcome(Severity.ERROR, 504, frequency, log, what)
    if _is_zero(hop, "send_timeout") and sends_bodies(hop):
        log = error_log.line("send-timed-out")
        what = "answers 504 where a request does not fit into the kernel's buffers at once"
        yield (
            f"{family}_send_timeout",
            _Outcome(Severity.WARNING, 504, "sometimes", log, what),
        )


def _connecting(hop: Hop, *, other_opens: bool) -> _Outcome | None:
    """What comes of no time to connect; a datagram and a unix socket need none, but TLS does."""
    status = 502 if hop.kind == "stream" else 504
    answers = "closes the session" if hop.kind == "stream" else "answers 504"
    by_network = [target.address.socket is None for target in hop.targets]
    if hop.datagrams:
        return None
    if any(by_network) or (not by_network and hop.unknown is not None):
        certain = all(by_network) and hop.unknown is None and not other_opens
        always = certain and hop.scope.version >= _AT_ONCE
        log = error_log.line("connection-timed-out")
        what = f"gives up before a connection can be there, and {answers}"
        return _Outcome(Severity.ERROR, status, "always" if always else "sometimes", log, what)
    if any(target.tls for target in hop.targets):
        log = error_log.line("handshake-timed-out")
        what = f"gives up before TLS can be there, and {answers}"
        return _Outcome(Severity.ERROR, status, "sometimes", log, what)
    return None


def _is_zero(hop: Hop, name: str) -> bool:
    family = "proxy" if hop.kind == "stream" else hop.kind
    value = hop.scope.time(f"{family}_{name}")
    return value is not None and value.value == 0 and value.directive is not None


RULE = Rule("zero-timeout", check, "limits.no_time")
