"""read-timeout: a legitimate answer takes longer than nginx waits for it."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.failover import failing
from lint502.behaviour.limits import read_timeout
from lint502.edits.propose import set_to
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.scope import Value
from lint502.nginx.values import format_time
from lint502.pairing import Pair
from lint502.site import Site
from lint502.wording import declared

_LOG = "upstream timed out (110: Connection timed out) while reading response header from upstream"
_MARGIN = 30_000


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that waits less than its upstream may take to answer."""
    for pair, exposure in failing(site, lambda pair: _too_short(pair) is not None, "timeout"):
        timeout, listener, hop = _too_short(pair), pair.listener, pair.hop
        assert timeout is not None and listener is not None
        assert listener.response_timeout is not None
        takes = listener.response_timeout.value
        name, longer = timeout.setting.name, format_time(takes + _MARGIN)
        line = timeout.directive or hop.directive
        stream = hop.kind == "stream"
        seen = "the client gets no answer" if stream else "a slow request answers 504"
        waits = timeout.described(f"{format_time(timeout.value)} ({name})")
        message = (
            f"{listener.upstream} takes up to {format_time(takes)} to start an answer, but nginx "
            f"waits for {waits}: {seen}"
        )
        if exposure.hint and exposure.severity is not Severity.ERROR:
            message += f"; {exposure.hint}"
        yield Finding(
            rule="read-timeout",
            severity=exposure.severity,
            status=200 if stream else 504,
            frequency="sometimes",
            message=message,
            place=line.place(f"nginx waits {format_time(timeout.value)}"),
            related=(
                declared(
                    listener.response_timeout,
                    f"{listener.upstream} takes up to {format_time(takes)}",
                ),
            ),
            hops=(hop.id,),
            upstream=listener.upstream,
            log=None if stream else _LOG,
            fix=Fix(f"{name} {longer};", True, set_to(hop, [(timeout.setting, longer)])),
        )


def _too_short(pair: Pair) -> Value[int] | None:
    """nginx's timeout, where it is below what the listener takes (0 has a rule of its own), and
    the listener itself has not given up by then."""
    listener = pair.listener
    if listener is None or listener.response_timeout is None:
        return None
    timeout, gives_up = read_timeout(pair.hop), listener.request_timeout
    if timeout is None or not 0 < timeout.value < listener.response_timeout.value:
        return None
    return None if gives_up is not None and gives_up.value < timeout.value else timeout
