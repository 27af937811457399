"""What older versions of nginx would bring, where nobody says which one runs.

The rules go by the newest version. Each notes with which versions it compares that one: only where
such a version is in the way it runs once more, for the newest of those that are older, and so on
down to the oldest one that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lint502.disagreements import Disagreement
from lint502.findings import Finding, Severity
from lint502.merging import beyond, order
from lint502.nginx.noting import NotingVersion
from lint502.nginx.scope import Scope
from lint502.nginx.version import OLDEST, Version
from lint502.pairing import Pair
from lint502.report_model import Older
from lint502.rule import Rule
from lint502.site import Site

Raw = Sequence[Disagreement | Finding]


class RuleRun(Struct, frozen=True):
    """What a rule has found for the versions from ``first`` up to that of ``site``."""

    rule: Rule
    site: Site
    found: Raw
    first: Version


def run_noting(rule: Rule, site: Site) -> RuleRun:
    """Run a rule, and note down to which version it would find the same."""
    version = site.version
    if not isinstance(version, NotingVersion):
        return RuleRun(rule, site, list(rule.check(site)), version)
    version.starts.clear()
    found = list(rule.check(site))
    starts = [start for start in version.starts if start <= Version(*version)]
    return RuleRun(rule, site, found, max(starts, default=OLDEST))


def older_findings(
    runs: Sequence[RuleRun], newest: Sequence[Finding], reported: Callable[[Finding], bool]
) -> list[Older]:
    """What the rules find in older versions besides, by these runs for the newest one. ``newest``
    is what they find there, hidden or not; ``reported`` says what would be shown."""
    sites: dict[Version, Site] = {}
    each = [[run, *_older_runs(run, sites)] for run in runs]
    tops = sorted({run.first.predecessor() for there in each for run in there[:-1]}, reverse=True)
    starts = sorted({run.first for there in each for run in there})
    if not tops:
        return []
    from lint502.verdict import verdicts

    result: list[Older] = []
    for top in tops:
        chosen = [next(run for run in there if run.first <= top) for there in each]
        if all(run is there[0] or not run.found for run, there in zip(chosen, each, strict=True)):
            continue  # nothing comes, though something may go
        site = sites[top]
        raw = [one for run in chosen for one in _at(run, site)]
        found = [one for one in verdicts(site, raw) if not one.behind and reported(one)]
        first = max(start for start in starts if start <= top)
        result += (
            Older(finding, first, top)
            for finding in beyond(found, newest)
            if finding.severity is not Severity.INFO
        )
    return sorted(_put_together(result), key=lambda one: order(one.finding))


def _older_runs(run: RuleRun, sites: dict[Version, Site]) -> Iterator[RuleRun]:
    """The same rule for older versions, the newest first; ``sites`` are those that there are."""
    while run.first > OLDEST:
        top = run.first.predecessor()
        if top not in sites:
            sites[top] = _site_of(run.site, top)
        run = run_noting(run.rule, sites[top])
        yield run


def _site_of(site: Site, version: Version) -> Site:
    """A site with another version: nothing else of it depends on that, and only of the hops that
    rules look at."""
    noting = NotingVersion.of(version)
    hops = {hop.id: replace(hop, scope=Scope(hop.context, noting)) for hop in site.hops}
    pairs = {
        id: tuple(replace(pair, hop=hop) for pair in site.pairs[id]) for id, hop in hops.items()
    }
    return replace(
        site,
        version=noting,
        hops=tuple(hops.values()),
        every_hop=tuple(hops.get(hop.id, hop) for hop in site.every_hop),
        pairs={**site.pairs, **pairs},
    )


def _at(run: RuleRun, site: Site) -> Iterator[Disagreement | Finding]:
    """What a rule has found, at the pairs of another site of the same hops."""
    if run.site is site:
        yield from run.found
        return
    same: dict[int, Pair] = {}
    for one in run.found:
        if not isinstance(one, Disagreement):
            yield one
            continue
        hop = one.pair.hop.id
        if id(one.pair) not in same:
            pairs = zip(run.site.pairs[hop], site.pairs[hop], strict=True)
            same.update((id(before), after) for before, after in pairs)
        yield replace(one, pair=same[id(one.pair)])


def _put_together(found: Sequence[Older]) -> list[Older]:
    """One for what is found alike in versions that follow each other, the newest of them first."""
    result: dict[tuple[object, Version], Older] = {}  # by the version before
    for one in found:
        finding, place = one.finding, one.finding.place
        where = (place.file, place.line, place.column)
        what = (finding.rule, finding.hops, finding.upstream, finding.severity, where)
        newer = result.pop((what, one.last), one)
        joined = Older(newer.finding, one.first, newer.last)
        result[what, one.first.predecessor()] = joined
    return list(result.values())
