"""The baseline: findings that are known, so that only new ones count.

A file with one entry for each finding at each hop, by rule, hop and upstream: what moves to another
line stays known, and a hop that joins a known mistake is new. What other findings hide is in it,
too: fixing a known one brings nothing to light that is new.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from lint502.findings import Finding, digest
from lint502.reading import UnreadableError, decode, read_regular
from lint502.report_model import HopReport, Report

_LARGEST = 64 * 1024**2
_VERSION = 1


class BaselineError(Exception):
    """The file is no baseline; ``str()`` says why and what to do."""


class Entry(Struct, frozen=True):
    """A known finding at one hop, or in one file where it concerns no hop. ``where`` is for people:
    the hop's server, location and pass. ``at`` names it by rule, server, location and upstream, for
    a fix may change what the pass says; None in older files."""

    fingerprint: str
    rule: str
    where: str
    at: str | None = None


class Baseline(Struct, frozen=True):
    """What a file has: the entries, and the roots that they were found in."""

    roots: tuple[str, ...]
    entries: tuple[Entry, ...]


class Compared(Struct, frozen=True):
    """What is left of the findings, and of those that others hide; how many are known, and the
    entries that no longer occur."""

    new: tuple[Finding, ...]
    hidden: tuple[Finding, ...]
    known: int
    gone: tuple[Entry, ...]


def entries(report: Report) -> Iterator[Entry]:
    """The entries of all findings of a report, of those that others hide too."""
    hops = {hop.id: hop for hop in report.hops}
    for finding in (*report.findings, *report.hidden):
        if not finding.hops:
            yield Entry(finding.fingerprint, finding.rule, finding.place.file)
        for (hop, about), fingerprint in zip(
            finding.subjects, finding.fingerprints, strict=bool(finding.hops)
        ):
            at = _at(finding, hops[hop], about)
            yield Entry(fingerprint, finding.rule, hops[hop].label, at)


def _at(finding: Finding, hop: HopReport, about: str) -> str:
    return digest(finding.rule, hop.server, hop.location, hop.directive, about)


def dumped(baseline: Baseline) -> str:
    """The file: sorted, so that a change of one finding changes one line."""
    rows = sorted(
        (entry.where, entry.rule, entry.fingerprint, entry.at or "") for entry in baseline.entries
    )
    lines = ",\n".join("    " + json.dumps(_row(*row)) for row in rows)
    body = f"[\n{lines}\n  ]" if lines else "[]"
    roots = json.dumps(sorted(baseline.roots))
    return f'{{\n  "schema_version": {_VERSION},\n  "roots": {roots},\n  "findings": {body}\n}}\n'


def _row(where: str, rule: str, fingerprint: str, at: str) -> dict[str, str]:
    row = {"rule": rule, "where": where, "fingerprint": fingerprint}
    return {**row, "at": at} if at else row


def read(path: str) -> Baseline:
    """What a file has. Raises :class:`BaselineError`."""
    try:
        data = json.loads(decode(read_regular(path, _LARGEST)))
    except UnreadableError as error:
        raise BaselineError(f"{error}; write it with --write-baseline") from None
    except (ValueError, RecursionError):
        raise BaselineError("is no JSON; write it anew with --write-baseline") from None
    if not isinstance(data, dict) or data.get("schema_version") != _VERSION:
        raise BaselineError(
            "is no baseline that this lint502 knows; write it anew with --write-baseline"
        )
    found, roots = data.get("findings"), data.get("roots", [])
    if (
        not isinstance(found, list)
        or not all(map(_is_entry, found))
        or not isinstance(roots, list)
        or not all(isinstance(root, str) for root in roots)
    ):
        raise BaselineError("is damaged; write it anew with --write-baseline")
    entries = (Entry(one["fingerprint"], one["rule"], one["where"], one.get("at")) for one in found)
    return Baseline(tuple(roots), tuple(entries))


def compare(report: Report, known: Iterable[Entry]) -> Compared:
    """The findings of a report without those at hops that are known."""
    left = _Left(known)
    hops = {hop.id: hop for hop in report.hops}
    unknown: dict[int, list[tuple[str, str]]] = {}
    whole: set[int] = set()
    findings = (*report.findings, *report.hidden)
    for index, finding in enumerate(findings):
        if finding.hops:
            unknown[index] = [
                subject
                for subject, fingerprint in zip(finding.subjects, finding.fingerprints, strict=True)
                if not left.takes(fingerprint)
            ]
        elif left.takes(finding.fingerprint):
            whole.add(index)
    for index, of_finding in unknown.items():  # what else is left may have been known otherwise
        unknown[index] = [
            (hop, about)
            for hop, about in of_finding
            if not left.takes_at(_at(findings[index], hops[hop], about))
        ]
    shown: list[Finding] = []
    hidden: list[Finding] = []
    for index, finding in enumerate(findings):
        new = shown if index < len(report.findings) else hidden
        if unknown.get(index):
            new.append(finding.only(unknown[index]))
        elif index not in unknown and index not in whole:
            new.append(finding)
    known_ones = len(report.findings) - len(shown)
    return Compared(tuple(shown), tuple(hidden), known_ones, tuple(left.entries()))


class _Left:
    """The entries that no finding has used up."""

    def __init__(self, known: Iterable[Entry]) -> None:
        self._by_fingerprint: dict[str, deque[Entry]] = {}
        for entry in known:
            self._by_fingerprint.setdefault(entry.fingerprint, deque()).append(entry)
        self._by_at: dict[str, deque[Entry]] | None = None

    def takes(self, fingerprint: str) -> bool:
        """Whether an entry of a finding at a hop is left, which then is used up."""
        found = self._by_fingerprint.get(fingerprint)
        return bool(found and found.popleft())

    def takes_at(self, at: str) -> bool:
        """Whether one is left of a hop that is called alike; asked for when the others are used."""
        if self._by_at is None:
            self._by_at = {}
            for entry in self.entries():
                self._by_at.setdefault(entry.at or "", deque()).append(entry)
        found = self._by_at.get(at)
        return bool(found and self.takes(found.popleft().fingerprint))

    def entries(self) -> Iterator[Entry]:
        """What is left."""
        return (entry for found in self._by_fingerprint.values() for entry in found)


def _is_entry(value: Any) -> bool:
    keys = ("fingerprint", "rule", "where")
    if not isinstance(value, dict) or not isinstance(value.get("at", ""), str):
        return False
    return all(isinstance(value.get(key), str) for key in keys)
