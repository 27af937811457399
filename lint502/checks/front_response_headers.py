"""front-response-headers: a response has a larger head than what stands before nginx takes."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.front_headers import PassedHead, large_heads
from lint502.behaviour.fronts import Trouble, answers, called
from lint502.findings import Finding, Fix
from lint502.nginx.values import format_size
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared


def check(site: Site) -> Iterator[Finding]:
    """One finding for each front and each pass with such responses."""
    return (_finding(found, heads) for found, heads in large_heads(site))


def _finding(found: Trouble, heads: list[PassedHead]) -> Finding:
    way = found.ways[0]
    head, takes, status = heads[0], way.front.response_headers, way.headers_status
    assert takes is not None and head.pair.meant is not None, "that is what is compared"
    name, upstream = way.front.name, head.pair.meant.upstream
    sends, limit = format_size(head.size.value), format_size(takes.value)
    return RULE.finding(
        status=status,
        message=(
            f"{upstream} sends response headers of up to {sends}, which nginx passes on, but "
            f"{name} takes at most {limit}{by_profile(takes)}: {called(found.ways)} "
            f"{answers(status)}"
        ),
        place=found.line.place(f"passes up to {sends} on"),
        related=(
            declared(head.size, f"{upstream} sends up to {sends}"),
            declared(takes, f"{name} takes {limit}"),
        ),
        hops=tuple(dict.fromkeys(one.pair.hop.id for one in heads)),
        fix=Fix(f"let {upstream} send less, fewer or smaller cookies above all"),
        front=name,
    )


RULE = Rule("front-response-headers", check, "before_nginx.large_head")
