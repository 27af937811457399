"""unreached-hop: a pass that no request gets to."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.findings import Finding
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.reached import Unreached
from lint502.rule import Rule
from lint502.site import Site


def check(site: Site) -> Iterator[Finding]:
    """One for each line with a pass, and for what keeps its requests away."""
    found: dict[tuple[Directive, Unreached], list[Hop]] = {}
    for hop in site.every_hop:
        unreached = site.unreached.get(hop.id)
        if unreached is not None and unreached.reported:
            found.setdefault((hop.directive, unreached), []).append(hop)
    for (line, unreached), hops in found.items():
        by = unreached.line
        yield RULE.finding(
            message=f"no request gets here: {unreached.why}",
            place=line.place("never used"),
            related=() if by is None else (by.place("instead of this one, or before"),),
            hops=tuple(hop.id for hop in hops),
        )


RULE = Rule("unreached-hop", check, None)
