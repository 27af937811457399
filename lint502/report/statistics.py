"""``--statistics``: how many findings there are, by rule, by file and by upstream."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lint502.findings import Finding, Severity
from lint502.reading import shown
from lint502.report import Style
from lint502.report.palette import Palette
from lint502.report.table import Column, table

if TYPE_CHECKING:
    from lint502.report_model import Report

_KINDS = ("rule", "file", "upstream")


class Count(Struct, frozen=True):
    """What has a name in common: the worst severity, how many findings, and at how many hops."""

    name: str
    severity: Severity
    findings: int
    hops: int


def counts(report: Report) -> dict[str, list[Count]]:
    """The counts by each kind of name, those with most errors first. What is about no upstream is
    counted by rule and file alone."""
    by: dict[str, Callable[[Finding], Iterable[str]]] = {
        "rule": lambda finding: (finding.rule,),
        "file": lambda finding: (finding.place.file,),
        "upstream": _upstreams,
    }
    return {kind: _counts(report.findings, by[kind]) for kind in _KINDS}


def _upstreams(finding: Finding) -> Iterable[str]:
    names = [about for _, about in finding.subjects] or [finding.about]
    return dict.fromkeys(name for name in names if name)


def _counts(findings: Iterable[Finding], names: Callable[[Finding], Iterable[str]]) -> list[Count]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in names(finding):
            found.setdefault(name, []).append(finding)
    each = [
        Count(
            name,
            min((one.severity for one in there), key=lambda severity: severity.rank),
            len(there),
            len({hop for one in there for hop in one.hops}),
        )
        for name, there in found.items()
    ]
    return sorted(each, key=lambda one: (one.severity.rank, -one.hops, -one.findings, one.name))


def tables(report: Report, style: Style) -> list[str]:
    """A table for each kind of name of which there is anything."""
    palette = Palette(style.colour)

    def paint(column: int, text: str) -> str:
        return palette.severity(Severity(text), text) if column == 1 else text

    numbers = [Column(heading) for heading in ("WORST", "FINDINGS", "HOPS")]
    return [
        table(
            [Column(kind.upper(), path=kind == "file"), *numbers],
            [
                (shown(one.name), one.severity.value, str(one.findings), str(one.hops or "-"))
                for one in there
            ],
            style,
            paint,
        )
        for kind, there in counts(report).items()
        if there
    ]


def objects(report: Report) -> dict[str, list[dict[str, Any]]]:
    """The same for programs: ``{"rules": [{"rule": …, "severity": …}], "files": …}``."""
    return {
        f"{kind}s": [
            {
                kind: one.name,
                "severity": one.severity.value,
                "findings": one.findings,
                "hops": one.hops,
            }
            for one in there
        ]
        for kind, there in counts(report).items()
    }
