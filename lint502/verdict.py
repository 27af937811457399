"""The verdict: what the client sees of all that disagrees at a hop.

A rule says what fails at one pair. Taken together, over all rules: what hides what at the same
pair; which servers of the block are left; what is sent again, and for which methods; whether
anybody gets to the hop while another pass is healthy, or past an ``auth_request`` that always
fails; and what an error page, or a request that is only asked beside the one of the client, makes
of a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from msgspec import Struct
from msgspec.structs import replace

from lint502.behaviour.error_pages import (
    Fallback,
    as_the_client_sees,
    fallback,
    replaced_statuses,
)
from lint502.behaviour.failover import Alternatives, Exposure, exposure, is_backup
from lint502.behaviour.subrequests import asked_beside, gate
from lint502.disagreements import Disagreement
from lint502.findings import Finding, Frequency, Severity
from lint502.merging import merged
from lint502.nginx.hops import Hop
from lint502.nginx.tree import Context
from lint502.pairing import Pair
from lint502.site import Site

_NOT_NEEDED = "requests come here only when another pass has failed"


class _Seen(Struct, frozen=True):
    """A disagreement as it shows, and the findings that hide it, if any do, each with its hop."""

    disagreement: Disagreement
    exposure: Exposure
    behind: tuple[tuple[str, Finding], ...]


def verdicts(site: Site, found: Iterable[Disagreement | Finding]) -> list[Finding]:
    """The findings of a root: those that rules have made, and what comes of the disagreements at
    each hop.

    What is hidden by other findings names them in ``behind``, by their fingerprints at the hop.
    """
    by_hop: dict[str, list[Disagreement]] = {}
    findings: list[Finding] = []
    for one in found:
        if isinstance(one, Disagreement):
            by_hop.setdefault(one.pair.hop.id, []).append(one)
        else:
            findings.append(one)
    findings += _shown(_all_seen(site, by_hop))
    together = merged(findings)
    named = {id for finding in together for id in finding.hops}
    replaced = {hop.id: replaced_statuses(hop) for hop in site.every_hop if hop.id in named}
    return [as_the_client_sees(finding, replaced) for finding in together]


def _shown(seen: Iterable[_Seen]) -> Iterator[Finding]:
    """The findings, of what shows alike at several hops one."""
    hops: dict[tuple[int, Exposure, bool], dict[str, None]] = {}
    first: dict[tuple[int, Exposure, bool], _Seen] = {}
    behind: dict[tuple[int, Exposure, bool], dict[str, None]] = {}
    for one in seen:
        hop = one.disagreement.pair.hop.id
        key = (id(one.disagreement.finding), one.exposure, bool(one.behind))
        first.setdefault(key, one)
        hops.setdefault(key, {})[hop] = None
        hiding = (finding.fingerprint_at(there) for there, finding in one.behind)
        behind.setdefault(key, {}).update(dict.fromkeys(hiding))
    for key, one in first.items():
        yield replace(_exposed(one), hops=tuple(hops[key]), behind=tuple(behind[key]))


def _exposed(seen: _Seen) -> Finding:
    """The finding of a disagreement as it shows."""
    finding, shown = seen.disagreement.finding, seen.exposure
    certain = finding.severity is Severity.ERROR
    always = finding.frequency == "always" and shown.frequency == "always"
    return replace(
        finding,
        severity=shown.severity if certain else finding.severity,
        frequency="always" if always else "sometimes",
        message=f"{finding.message}; {shown.hint}" if shown.hint else finding.message,
        aside=shown.hint or "",
    )


def _all_seen(site: Site, by_hop: Mapping[str, Sequence[Disagreement]]) -> Iterator[_Seen]:
    """What shows at each hop; those last that requests get to when another has failed."""
    fallbacks: list[tuple[Hop, Fallback]] = []
    failing: dict[Context, dict[int, Frequency]] = {}
    closed = _closed_gates(site, by_hop)

    def seen_at(hop: Hop, back: Fallback | None = None) -> list[_Seen]:
        seen = _seen(site.pairs[hop.id], hop, by_hop[hop.id])
        before = closed.get(gate(hop), ()) if closed else ()
        if before:
            seen = [replace(one, behind=(*one.behind, *before)) for one in seen]
        if back is not None:
            often = {
                failing[level][status]
                for level in back.levels & failing.keys()
                for status in back.statuses & failing[level].keys()
            }
            seen = [_led_to(one, often) for one in seen]
        for status, frequency in _failures(seen):
            for level in hop.context.up():
                at_level = failing.setdefault(level, {})
                if at_level.get(status) != "always":
                    at_level[status] = frequency
        return seen

    for hop in site.hops:
        if hop.id not in by_hop:
            continue
        back = fallback(hop)
        if back is None:
            yield from seen_at(hop)
        else:
            fallbacks.append((hop, back))
    for hop, back in fallbacks:
        yield from seen_at(hop, back)


def _closed_gates(
    site: Site, by_hop: Mapping[str, Sequence[Disagreement]]
) -> Mapping[Context | None, tuple[tuple[str, Finding], ...]]:
    """The locations that ``auth_request`` asks for leave, and that never give it: the client gets
    500, and no request goes any further. Each with the findings that say so."""
    closed: dict[Context | None, tuple[tuple[str, Finding], ...]] = {}
    for hop in site.hops:
        if hop.id not in by_hop or asked_beside(hop) != "auth_request":
            continue
        replaced = replaced_statuses(hop)
        always = tuple(
            (hop.id, one.disagreement.finding)
            for one in _seen(site.pairs[hop.id], hop, by_hop[hop.id])
            for status in _certain_statuses([one])
            if status not in replaced or replaced[status].by == "auth_request"
        )
        if always:
            closed[hop.context.enclosing("location")] = always
    return closed


def _certain_statuses(seen: Iterable[_Seen]) -> frozenset[int]:
    """The statuses of failures that every request at a hop gets."""
    return frozenset(status for status, frequency in _failures(seen) if frequency == "always")


def _failures(seen: Iterable[_Seen]) -> Iterator[tuple[int, Frequency]]:
    """The statuses of failures that requests at a hop get, and how often."""
    for finding in (_exposed(one) for one in seen if not one.behind):
        if finding.severity is Severity.ERROR and finding.status is not None:
            yield finding.status, finding.frequency or "sometimes"


def _led_to(seen: _Seen, often: Set[Frequency]) -> _Seen:
    """What shows where requests come only when another pass has failed, which is so ``often``."""
    if seen.exposure.severity is not Severity.ERROR or "always" in often:
        return seen
    if often:
        return replace(seen, exposure=replace(seen.exposure, frequency="sometimes"))
    return replace(seen, exposure=Exposure(Severity.WARNING, "sometimes", _NOT_NEEDED))


def _seen(pairs: Sequence[Pair], hop: Hop, found: Sequence[Disagreement]) -> list[_Seen]:
    """What shows of the disagreements at one hop."""
    at: dict[int, list[Disagreement]] = {}
    for one in found:
        at.setdefault(id(one.pair), []).append(one)
    groups = _Groups(pairs, at)
    seen = []
    for one in found:
        shown = exposure(
            one.pair,
            one.phase,
            one.methods,
            groups.met_by(one),
            alone=hop.unknown is None and groups.all_fail(one),
        )
        hiding = (other for other in at[id(one.pair)] if other.hides(one))
        behind = tuple((hop.id, other.finding) for other in hiding)
        seen.append(_Seen(one, shown, behind))
    return seen


class _Groups:
    """The pairs of a hop by the requests that they stand in for each other for, as those requests
    meet them that fail for a disagreement."""

    def __init__(self, pairs: Sequence[Pair], at: Mapping[int, Sequence[Disagreement]]) -> None:
        self._at = at
        self._dead = {pair for pair, there in at.items() if any(one.total for one in there)}
        self._groups: dict[int, list[Pair]] = {}
        for pair in pairs:
            self._groups.setdefault(pair.target.group, []).append(pair)
        self._all: dict[int, bool] = {}
        self._met: dict[tuple[str, bool], dict[int, Alternatives]] = {}

    def met_by(self, one: Disagreement) -> Alternatives:
        """The group of a disagreement's pair."""
        return self._met_by(one)[one.pair.target.group]

    def all_fail(self, one: Disagreement) -> bool:
        """Whether there is no other group, or all pairs of all of them fail."""
        met = self._met_by(one)
        key = id(met)
        if key not in self._all:
            groups = met.values()
            self._all[key] = len(met) == 1 or all(one.failing == one.size for one in groups)
        return self._all[key]

    def _met_by(self, one: Disagreement) -> Mapping[int, Alternatives]:
        key = (one.finding.rule, one.certain)
        if key not in self._met:
            self._met[key] = {
                number: self._group(pairs, *key) for number, pairs in self._groups.items()
            }
        return self._met[key]

    def _group(self, pairs: Sequence[Pair], rule: str, certain: bool) -> Alternatives:
        failing = [pair for pair in pairs if self._fails(pair, rule, certain)]
        ids = set(map(id, failing))
        left = any(id(pair) not in ids and not is_backup(pair) for pair in pairs)
        before = sum(not is_backup(pair) for pair in failing) if left else len(failing)
        return Alternatives(len(pairs), len(failing), before, left)

    def _fails(self, pair: Pair, rule: str, certain: bool) -> bool:
        """Whether a request that fails for a rule fails at a pair, for whatever reason: where that
        is certain, it has to be certain there too."""
        return id(pair) in self._dead or any(
            other.finding.rule == rule and (other.certain or not certain)
            for other in self._at.get(id(pair), ())
        )
