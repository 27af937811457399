"""front-keepalive-race: nginx closes idle connections that what stands before it still uses."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.fronts import (
    Trouble,
    answers,
    called,
    early_closings,
    timeout_line,
    timeouts,
)
from lint502.findings import Finding, Fix
from lint502.nginx.scope import Value
from lint502.nginx.values import format_time
from lint502.nginx.version import Version
from lint502.rule import Rule, TimeOption
from lint502.site import Site
from lint502.wording import by_profile, declared, replacement

MARGIN = TimeOption("margin", "1s", "How much later than the front nginx must close a connection.")

_SPARE = 10_000
"""Milliseconds by which the fix is longer than what the front needs."""


def check(site: Site) -> Iterator[Finding]:
    """One finding for each front and each line that sets too short a time."""
    for found in early_closings(site, MARGIN.value(site, RULE.name)):
        yield _finding(found, site)


def _closes_after(found: Trouble, version: Version) -> Value[int]:
    """How long nginx keeps the connections that a trouble is about."""
    way = found.ways[0]
    return next(
        timeout for timeout in timeouts(way, version) if timeout_line(timeout, way) is found.line
    )


def _finding(found: Trouble, site: Site) -> Finding:
    way, timeout = found.ways[0], _closes_after(found, site.version)
    name, idle, status = way.front.name, way.front.idle_timeout, way.closed_status
    assert idle is not None, "that is what is too long"
    closes, keeps = format_time(timeout.value), format_time(idle.value)
    return RULE.finding(
        status=status,
        message=(
            f"nginx closes idle connections to {called(found.ways)} after "
            f"{timeout.described(closes)}, but {name} uses them for {keeps}{by_profile(idle)}: a "
            f"request on one that nginx is just closing {answers(status)}; {name} has to close "
            f"first, so keepalive_timeout has to be longer than {keeps}"
        ),
        place=found.line.place(f"nginx closes them after {closes}"),
        related=(declared(idle, f"{name} uses them for {keeps}"),),
        fix=_fix(timeout, idle.value + max(MARGIN.value(site, RULE.name), _SPARE)),
        front=name,
    )


def _fix(timeout: Value[int], longer: int) -> Fix:
    time, line = f"{-(-longer // 1000)}s", timeout.directive
    written = None if line is None else replacement(line, 0, line.args[0], time, safe=False)
    return written or Fix(f"keepalive_timeout {time};")


RULE = Rule("front-keepalive-race", check, "before_nginx.closed_early", (MARGIN,))
