"""handler-overridden: a location has two content handlers, of which the last one runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lint502.behaviour.protocol_outcomes import fits
from lint502.findings import Finding, Fix
from lint502.nginx.handlers import handlers, overridden_by
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.reached import is_cut_off
from lint502.nginx.tree import Context
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site


def check(site: Site) -> Iterator[Finding]:
    """One for each line with a pass, or in the place of which a pass runs, that never runs."""
    hops: dict[Context, dict[Directive, Hop]] = {}
    for hop in site.every_hop:
        if hop.kind != "stream":
            hops.setdefault(hop.context, {})[hop.directive] = hop
    for level, passes in hops.items():
        lines = handlers(level)
        if len(lines) < 2 or is_cut_off(level):
            continue
        for line in lines:
            other = overridden_by(level, line)
            if other is not None and (line in passes or other in passes):
                yield _finding(site, line, other, passes)


def _finding(
    site: Site, line: Directive, other: Directive, passes: dict[Directive, Hop]
) -> Finding:
    runs = passes.get(other)
    concerned = [passes[one] for one in (line, other) if one in passes]
    doubtful = runs is not None and not _is_well(runs, site.pairs[runs.id])
    return RULE.finding(
        message=(
            f"{_named(line)} never runs: of several content handlers in one location the last one "
            f"does, which is {_named(other)}"
        ),
        place=line.place("this never runs"),
        related=(other.place("this runs in its place"),),
        hops=tuple(hop.id for hop in concerned),
        status=502 if doubtful else None,
        frequency="sometimes" if doubtful else None,
        log=None,
        fix=Fix(f"leave either {line.name} or {other.name} away"),
    )


def _is_well(hop: Hop, pairs: Iterable[Pair]) -> bool:
    """Whether a pass is known to lead to what speaks its protocol."""
    return hop.unknown is None and all(
        pair.mismatch is None and pair.listener is not None and fits(hop, pair.listener)
        for pair in pairs
    )


def _named(line: Directive) -> str:
    """A line as a message names it: a pass with where it leads."""
    return f"{line.name} {line.args[0]}" if line.name.endswith("_pass") and line.args else line.name


RULE = Rule("handler-overridden", check, "usual.once")
