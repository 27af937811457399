"""``--format text``: the report for people, both sides of a hop below each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lint502.findings import Finding, Frequency, Severity
from lint502.places import Place
from lint502.reading import shown
from lint502.report import Look, counted
from lint502.report.cells import wrap
from lint502.report.excerpt import excerpt
from lint502.report.ink import Ink
from lint502.report.summary import finding_counts, hop_counts, version
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.lab.proof import Proof
    from lint502.lint import HopReport, Report

_MOST_HOPS = 3
_MOST_INFOS = 20


def render(report: Report, look: Look) -> str:
    """The findings file by file, infos as one line each up to a number, and a summary."""
    hops = {hop.id: hop for hop in report.hops}
    ink = Ink(look.colour)
    blocks: list[str] = []
    room = _MOST_INFOS
    for findings in _by_file(report.findings):
        infos = [finding for finding in findings if finding.severity is Severity.INFO]
        blocks += [
            "\n".join(finding_lines(finding, hops, look, ink, report.proofs.get(finding)))
            for finding in findings
            if finding.severity is not Severity.INFO
        ]
        if infos[:room]:
            blocks.append("\n".join(_info(finding, ink) for finding in infos[:room]))
        room = max(0, room - len(infos))
    more = report.count(Severity.INFO) - _MOST_INFOS
    if more > 0:
        blocks.append(f"and {more} more of severity info; --format concise lists them all")
    blocks.append("\n".join(_summary(report, ink)))
    return "\n\n".join(blocks) + "\n"


def seen(status: int | None, frequency: Frequency | None) -> str:
    """What the client sees: "502 on every request"."""
    if status is None:
        return ""
    if frequency is None:
        return str(status)
    return f"{status} on every request" if frequency == "always" else f"{status} sometimes"


def _by_file(findings: Sequence[Finding]) -> list[list[Finding]]:
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.place.file, []).append(finding)
    return list(files.values())


def head(finding: Finding, ink: Ink) -> str:
    """Place, severity and rule of a finding."""
    place = finding.place
    where = ink.bold(f"{shown(place.file)}:{place.line}:{place.column}")
    severity = ink.severity(finding.severity, finding.severity.value)
    return f"{where}  {severity}  {ink.bold(finding.rule)}"


def _info(finding: Finding, ink: Ink) -> str:
    return f"{head(finding, ink)}  {shown(finding.message)}"


def finding_lines(
    finding: Finding, hops: Mapping[str, HopReport], look: Look, ink: Ink, proof: Proof | None
) -> list[str]:
    """A finding with its places, message, hops, log line and fix."""
    status = seen(finding.status, finding.frequency)
    lines = [head(finding, ink) + (f"  ·  {status}" if status else "")]
    places = (finding.place, *finding.related)
    digits = max(len(str(place.line)) for place in places)
    lines += excerpt(
        finding.place,
        digits,
        look.width,
        ink.dim,
        lambda text: ink.severity(finding.severity, text),
    )
    for place in finding.related:
        lines.append(ink.bold(_file_and_line(place)))
        lines += excerpt(place, digits, look.width, ink.dim, ink.other)
    width = None if look.width is None else look.width - 2
    lines += [f"  {line}" for line in wrap(shown(finding.message), width)]
    lines += _labelled("hop", _hops(finding, hops), ink)
    if finding.log is not None:
        lines += _labelled("log", [shown(finding.log)], ink)
    if finding.fix is not None:
        lines += _labelled("fix", [shown(s) for s in finding.fix.description.splitlines()], ink)
    if proof is not None:
        from lint502.report.proofs import brief

        lines += _labelled("saw", brief(proof), ink)
    return lines


def _labelled(label: str, lines: Sequence[str], ink: Ink) -> list[str]:
    return [
        f"  {ink.dim(label) if index == 0 else '   '}   {line}" for index, line in enumerate(lines)
    ]


def _hops(finding: Finding, hops: Mapping[str, HopReport]) -> list[str]:
    known = [hops[id] for id in finding.hops if id in hops]
    lines = [hop_line(hop) for hop in known[:_MOST_HOPS]]
    more = known[_MOST_HOPS:]
    return [*lines, f"and {counted(more, 'more hop')}"] if more else lines


def hop_line(hop: HopReport) -> str:
    """A hop in one line: its server, its location, where it passes requests to, and its place."""
    return f"{shown(hop.label)} ({_file_and_line(hop.place)})"


def _file_and_line(place: Place) -> str:
    return f"{shown(place.file)}:{place.line}"


def _summary(report: Report, ink: Ink) -> list[str]:
    """What was checked, then what came out."""
    lines = []
    if report.roots:
        specs = listed(map(shown, report.specs))
        against = f" against {specs}" if specs else ", found no upstreams.toml"
        lines.append(ink.dim(f"checked {listed(map(shown, report.roots))}{against}"))
    parts = (hop_counts(report, ink), finding_counts(report, ink), version(report))
    line = " · ".join(parts)
    if report.problems:
        count = counted(report.problems, "problem")
        line += " " + ink.severity(Severity.ERROR, f"(could not check everything: {count})")
    return [*lines, line]
