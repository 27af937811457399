"""request-timeout: the upstream gives a slow request up before nginx does."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.demands import largest_for
from lint502.behaviour.limits import status_when_it_gives_up
from lint502.behaviour.unset import unset
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Value
from lint502.nginx.values import format_time
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that waits longer than its upstream works on a request."""
    found = [(pair, one) for pair in site.each_pair() if (one := _waits_longer(pair)) is not None]
    least = largest_for(
        (timeout.directive or pair.hop.directive, -_works(pair)) for pair, timeout in found
    )
    for pair, timeout in found:
        listener, hop = pair.meant, pair.hop
        assert listener is not None and listener.request_timeout is not None
        gives_up = format_time(listener.request_timeout.value)
        waits = f"{timeout.setting.name} {format_time(timeout.value)}"
        line = timeout.directive or hop.directive
        yield RULE.disagreement(
            pair,
            "send",
            message=(
                f"{listener.upstream} gives a request up after {gives_up}"
                f"{by_profile(listener.request_timeout)} and closes the connection, while nginx "
                f"waits for {timeout.described(waits)}: a slow request answers 502, not 504"
            ),
            place=line.place(f"nginx waits {format_time(timeout.value)}"),
            related=(
                declared(
                    listener.request_timeout,
                    f"{listener.upstream} gives a request up after {gives_up}",
                ),
            ),
            log=_log(hop),
            cause=unset(hop, timeout.setting),
            fix=Fix(
                f"lower {timeout.setting.name} below {format_time(-least[line])}, or let the "
                f"upstream work for longer than {format_time(timeout.value)}"
            ),
            demand=-_works(pair),
        )


def _works(pair: Pair) -> int:
    """How long the listener works on a request, in milliseconds."""
    assert pair.meant is not None and pair.meant.request_timeout is not None
    return pair.meant.request_timeout.value


def _waits_longer(pair: Pair) -> Value[int] | None:
    """nginx's read timeout, where it is above the listener's request timeout."""
    hop, listener = pair.hop, pair.meant
    if listener is None or listener.request_timeout is None or hop.kind in ("stream", "memcached"):
        return None
    if status_when_it_gives_up(listener) is not None:
        return None
    timeout = hop.scope.time(f"{hop.kind}_read_timeout")
    if timeout is None or timeout.value <= listener.request_timeout.value:
        return None
    return timeout


def _log(hop: Hop) -> str:
    """php-fpm kills the worker with a part of the request unread, which resets the connection."""
    if hop.kind == "fastcgi":
        return error_log.line("reset-early")
    return error_log.line("closed-early")


RULE = Rule("request-timeout", check, "limits.slow_answer")
