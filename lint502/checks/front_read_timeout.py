"""front-read-timeout: an answer takes longer than what stands before nginx waits."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.front_waits import SlowAnswer, late_answers, waits
from lint502.behaviour.fronts import Trouble, answers
from lint502.findings import Finding, Fix
from lint502.nginx.values import format_time
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared


def check(site: Site) -> Iterator[Finding]:
    """One finding for each front and each pass with such answers."""
    return (_finding(found, late) for found, late in late_answers(site))


def _finding(found: Trouble, late: list[SlowAnswer]) -> Finding:
    way, slowest = found.ways[0], max(late, key=lambda one: one.takes.value)
    waiting, meant = waits(way.front), slowest.pair.meant
    assert waiting is not None and meant is not None, "that is what is compared"
    name, upstream = way.front.name, meant.upstream
    takes, limit = format_time(slowest.takes.value), format_time(waiting.value)
    answered = way.front.timeout_status
    status = None if answered is None else answered.value
    if way.closed_status is None:
        seen = f"{name} forgets the connection, and its client {answers(None)}"
    elif status is None:
        seen = f"a slow request fails at {name}"
    else:
        seen = f"a slow request {answers(status)}, from {name}"
    return RULE.finding(
        status=status,
        message=(
            f"{upstream} takes up to {takes} to start an answer, which nginx waits for, but {name} "
            f"waits for {limit}{by_profile(waiting)}: {seen}"
        ),
        place=found.line.place(f"answers take up to {takes}"),
        related=(
            declared(slowest.takes, f"{upstream} takes up to {takes}"),
            declared(waiting, f"{name} waits for {limit}"),
        ),
        hops=tuple(dict.fromkeys(one.pair.hop.id for one in late)),
        fix=Fix(f"let {name} wait for more than {takes}, or answer sooner"),
        front=name,
    )


RULE = Rule("front-read-timeout", check, "before_nginx.late_answer")
