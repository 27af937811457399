"""keepalive-race: nginx keeps idle connections longer than the upstream does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lint502.behaviour.demands import largest_for
from lint502.behaviour.keepalive import (
    LEAST_PART,
    closes_safely_before,
    kept_by_default,
    line_of,
    meeting_kept_connections,
)
from lint502.behaviour.next_upstream import not_sent_again
from lint502.declared.listeners import Fact
from lint502.disagreements import Disagreement
from lint502.edits.pools import with_setting, without_pool
from lint502.findings import Fix
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope, Value
from lint502.nginx.upstreams import Block
from lint502.nginx.values import format_time
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.rule import Rule, TimeOption
from lint502.site import Site
from lint502.wording import by_profile, declared

MARGIN = TimeOption(
    "margin", "1s", "How much earlier than the upstream nginx must close a connection."
)


def check(site: Site) -> Iterator[Disagreement]:
    """One for each block whose pool outlives its upstream's idle connections."""
    margin = MARGIN.value(site, RULE.name)
    found = list(_racing(site, margin))
    shortest = largest_for((one.line, -one.idle.value) for one in found)
    for pair, block, line, timeout, idle, own, requests in found:
        assert pair.meant is not None, "that is who closes"
        listener = pair.meant
        closes, keeps = format_time(idle.value), format_time(timeout.value)
        unset = "" if timeout.directive is not None else "without a keepalive_timeout here, "
        yield RULE.disagreement(
            pair,
            "reuse",
            certain=own,
            message=(
                f"{listener.upstream} closes idle connections after {closes}{by_profile(idle)}, "
                f"but nginx keeps them for {timeout.described(f'up to {keeps}')}: a request on a "
                f"connection that is just being closed answers 502 ({requests})"
                + kept_by_default(block, site.version)
                + ("" if own else "; other locations leave connections open for this one")
            ),
            place=line.place(f"{unset}nginx keeps them for {keeps}"),
            related=(declared(idle, f"{listener.upstream} closes them after {closes}"),),
            fix=_fix(block, line, _longest(-shortest[line], margin), site.version),
            demand=-idle.value,
        )


class _Race(NamedTuple):
    """A pair whose connections are kept too long by a line; ``own``: by the hop itself."""

    pair: Pair
    block: Block
    line: Directive
    timeout: Value[int]
    idle: Fact[int]
    own: bool
    requests: str


def _racing(site: Site, margin: int) -> Iterator[_Race]:
    meeting = meeting_kept_connections(site)
    for pair in site.each_pair():
        block, listener = pair.target.block, pair.meant
        own = meeting.get((block, pair.hop.id))
        timeout = None if own is None else _outlives(pair, site.version, margin)
        if own is None or timeout is None or block is None or listener is None:
            continue
        requests = not_sent_again(pair.hop)
        if requests is not None and listener.idle_timeout is not None:
            line = timeout.directive or line_of(block, site.version)
            yield _Race(pair, block, line, timeout, listener.idle_timeout, own, requests)


def _outlives(pair: Pair, version: Version, margin: int) -> Value[int] | None:
    """How long nginx keeps an idle connection, where that is too long."""
    block, listener = pair.target.block, pair.meant
    if block is None or listener is None or listener.idle_timeout is None:
        return None
    if listener.keepalive is not None and not listener.keepalive.value:
        return None
    scope = Scope(block.context, version)
    timeout = scope.time("keepalive_timeout")
    if timeout is None or timeout.value == 0:
        return None
    if closes_safely_before(timeout.value, listener.idle_timeout.value, margin):
        return None
    requests = scope.number("keepalive_requests")
    return None if requests is not None and requests.value <= 1 else timeout


def _longest(idle: int, margin: int) -> int:
    """The longest time that nginx may keep a connection before an upstream that closes it after
    ``idle`` milliseconds."""
    return max(idle - margin, idle * LEAST_PART // (LEAST_PART + 1))


def _fix(block: Block, line: Directive, longest: int, version: Version) -> Fix:
    seconds = longest // 1000
    if seconds < 1:
        return without_pool(block, version, line)
    edits = with_setting(block, "keepalive_timeout", f"{seconds}s", version)
    return Fix(f"keepalive_timeout {seconds}s;", True, edits)


RULE = Rule("keepalive-race", check, "reuse.race", (MARGIN,))
