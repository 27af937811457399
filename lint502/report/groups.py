"""Findings of one cause, put together and put in the order in which they matter to a reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct

from lint502.findings import Finding, Severity
from lint502.patterns import regex
from lint502.places import Place
from lint502.report import counted

if TYPE_CHECKING:
    from lint502.report_model import Report, TargetReport

MOST_GROUPS = 50
"""How many a report shows that is not asked for all."""

_BY_CHANCE = 3
"""Up to so many upstreams may have the same ports or times without there being one cause."""

_MOST_NAMED = 3
"""Of how many hops of a finding the names are looked at."""

_START = regex(r"(?<![\w.-])(?=.)", re.DOTALL)
_GOES_ON = regex(r"[\w-]")
"""Where a name may start in a message, and what does not follow one."""


class Group(Struct, frozen=True):
    """Findings of one cause, in the order of the configuration; ``hops`` are those of all."""

    findings: tuple[Finding, ...]
    hops: tuple[str, ...]

    @property
    def head(self) -> Finding:
        """The finding that stands for all: the most demanding one."""
        return max(self.findings, key=lambda finding: finding.demand)

    @property
    def cause(self) -> Place | None:
        """The line that several findings have in common; None where it is their own, or none."""
        return self.head.cause if len(self.findings) > 1 else None

    @property
    def place(self) -> Place:
        """Where to look first."""
        return self.cause or self.head.place

    @property
    def more(self) -> str:
        """What stands behind the message of the head: " (at 12 hops)"."""
        if len(self.hops) > 1:
            return f" (at {counted(self.hops, 'hop')})"
        return f" ({len(self.findings)} times)" if len(self.findings) > 1 else ""

    @property
    def message(self) -> str:
        """The message of the head, after the line that is the cause."""
        note = "" if self.cause is None else self.cause.note
        return f"{note}: {self.head.message}" if note else self.head.message

    @property
    def size(self) -> int:
        """On how many hops it bears; of what concerns no hop, how many findings there are."""
        return len(self.hops) or len(self.findings)


def grouped(report: Report, findings: Iterable[Finding] | None = None) -> list[Group]:
    """The findings of a report, or some of them, by cause: certain 502s first, then what bears on
    most hops.

    Of one cause is what rests on one line (``Finding.cause``), says the same of one upstream, or
    the same but for names of more upstreams than chance would have.
    """
    known = _Known(report)
    found: dict[object, list[Finding]] = {}
    for finding in report.findings if findings is None else findings:
        found.setdefault(_key(finding, known), []).append(finding)
    groups = [_group(same) for alike in found.values() for same in _of_one_cause(alike)]
    return sorted(groups, key=_weight)


def _group(same: Sequence[Finding]) -> Group:
    shared = {id(one.hops): one.hops for one in same}  # many findings are at the same hops
    return Group(tuple(same), tuple(dict.fromkeys(chain(*shared.values()))))


def _of_one_cause(alike: Sequence[Finding]) -> Iterable[Sequence[Finding]]:
    """What says the same but for names, taken apart where only few upstreams are alike."""
    by_upstream: dict[str, list[Finding]] = {}
    for finding in alike:
        by_upstream.setdefault(finding.about, []).append(finding)
    one_line = alike[0].cause is not None
    return [alike] if one_line or len(by_upstream) > _BY_CHANCE else by_upstream.values()


def counted_infos(report: Report) -> dict[str, int]:
    """How many findings of severity info each rule has."""
    counts: dict[str, int] = {}
    for finding in report.findings:
        if finding.severity is Severity.INFO:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
    return counts


def _weight(group: Group) -> tuple[int, bool, int, bool]:
    head = group.head
    certain = head.status in (502, None)  # None: nginx does not start
    return head.severity.rank, not certain, -group.size, head.frequency != "always"


class Names:
    """What messages may call what they are about: the upstream, the servers and the hosts."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names) - {""}
        self.lengths = frozenset(map(len, self._names))

    def __contains__(self, text: str) -> bool:
        return text in self._names


class _Known:
    """The names of the hops of a report, each found once."""

    def __init__(self, report: Report) -> None:
        self._hops = {hop.id: hop for hop in report.hops}
        self._targets: dict[int, Names] = {}

    def of(self, finding: Finding) -> list[Names]:
        """What the message of a finding may call what it is about."""
        found = {finding.upstream or "", finding.front or ""}
        names = []
        for id_ in finding.hops[:_MOST_NAMED]:
            if id_ in self._hops:
                hop = self._hops[id_]
                found.update((hop.server, *hop.server.split()))
                names.append(self._of_targets(hop.targets))
        return [Names(found), *names]

    def _of_targets(self, targets: Sequence[TargetReport]) -> Names:
        if id(targets) not in self._targets:  # hops share them
            each = ((one.upstream or "", one.address.rpartition(":")[0]) for one in targets)
            self._targets[id(targets)] = Names(name for names in each for name in names)
        return self._targets[id(targets)]


def _key(finding: Finding, known: _Known) -> object:
    what = (finding.rule, finding.severity, finding.status, finding.frequency)
    if finding.cause is not None:
        return (*what, finding.cause)
    return (*what, without_names(finding.message, known.of(finding)))


def without_names(message: str, names: Sequence[Names]) -> str:
    """A message without names, of those that start at one place the longest."""
    lengths = sorted(frozenset[int]().union(*(some.lengths for some in names)), reverse=True)
    result, done = "", 0
    for match in _START.finditer(message) if lengths else ():
        start = match.start()
        if start < done:
            continue
        for length in lengths:
            end = start + length
            text = message[start:end]
            if any(text in some for some in names) and not _GOES_ON.match(message, end):
                result, done = f"{result}{message[done:start]}…", end
                break
    return result + message[done:]
