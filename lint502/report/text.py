"""``--format text``: the report for people, both sides of a hop below each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lint502.findings import Finding, Severity
from lint502.reading import shown
from lint502.report import Style, counted
from lint502.report.cells import wrap
from lint502.report.excerpt import excerpt
from lint502.report.lines import file_and_line, head, hop_line, status_words
from lint502.report.palette import Palette
from lint502.report.summary import comparisons, finding_counts, hop_counts, version
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import HopReport, Report

_MOST_HOPS = 3
_MOST_INFOS = 20


def render(report: Report, style: Style) -> str:
    """The findings file by file, infos as one line each up to a number, and a summary."""
    hops = {hop.id: hop for hop in report.hops}
    palette = Palette(style.colour)
    behind = _by_what_hides(report.hidden)
    blocks: list[str] = []
    room = _MOST_INFOS
    for findings in _by_file(report.findings):
        infos = [finding for finding in findings if finding.severity is Severity.INFO]
        blocks += [
            "\n".join(
                [
                    *finding_lines(finding, hops, style, palette, report.proofs.get(finding)),
                    *_behind(finding, behind, style, palette),
                ]
            )
            for finding in findings
            if finding.severity is not Severity.INFO
        ]
        if infos[:room]:
            blocks.append("\n".join(_info(finding, palette) for finding in infos[:room]))
        room = max(0, room - len(infos))
    more = report.count(Severity.INFO) - _MOST_INFOS
    if more > 0:
        blocks.append(f"and {more} more of severity info; --format concise lists them all")
    blocks.append("\n".join(_summary(report, palette)))
    return "\n\n".join(blocks) + "\n"


def _by_file(findings: Sequence[Finding]) -> list[list[Finding]]:
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.place.file, []).append(finding)
    return list(files.values())


def _info(finding: Finding, palette: Palette) -> str:
    return f"{head(finding, palette)}  {shown(finding.message)}"


def finding_lines(
    finding: Finding,
    hops: Mapping[str, HopReport],
    style: Style,
    palette: Palette,
    proof: Proof | None,
) -> list[str]:
    """A finding with its places, message, hops, log line and fix."""
    status = status_words(finding.status, finding.frequency)
    lines = [head(finding, palette) + (f"  ·  {status}" if status else "")]
    places = (finding.place, *finding.related)
    digits = max(len(str(place.line)) for place in places)
    lines += excerpt(
        finding.place,
        digits,
        style.width,
        palette.dim,
        lambda text: palette.severity(finding.severity, text),
    )
    for place in finding.related:
        lines.append(palette.bold(file_and_line(place)))
        lines += excerpt(place, digits, style.width, palette.dim, palette.other)
    width = None if style.width is None else style.width - 2
    lines += [f"  {line}" for line in wrap(shown(finding.message), width)]
    lines += _labelled("hop", _hops(finding, hops), palette)
    if finding.log is not None:
        lines += _labelled("log", [shown(finding.log)], palette)
    if finding.fix is not None:
        lines += _labelled("fix", [shown(s) for s in finding.fix.description.splitlines()], palette)
    if proof is not None:
        from lint502.report.evidence import brief

        lines += _labelled("saw", brief(proof), palette)
    return lines


def _by_what_hides(hidden: Sequence[Finding]) -> dict[str, list[Finding]]:
    """The findings that others hide, by the fingerprints of those."""
    found: dict[str, list[Finding]] = {}
    for finding in hidden:
        for fingerprint in finding.behind:
            found.setdefault(fingerprint, []).append(finding)
    return found


def _behind(
    finding: Finding, hidden: Mapping[str, Sequence[Finding]], style: Style, palette: Palette
) -> list[str]:
    """What shows once a finding is fixed, in one line."""
    if not hidden:
        return []
    names = finding.fingerprints if finding.hops else ()
    found = [one for fingerprint in names for one in hidden.get(fingerprint, ())]
    if not found:
        return []
    clauses = [
        f"{one.rule} ({status_words(one.status, one.frequency)})" if one.status else one.rule
        for one in found
    ]
    text = f"once this is fixed: {listed(clauses, len(clauses))}"
    width = None if style.width is None else style.width - len("  then  ")
    return _labelled("then", wrap(text, width), palette)


def _labelled(label: str, lines: Sequence[str], palette: Palette) -> list[str]:
    return [
        f"  {palette.dim(label) if index == 0 else ' ' * len(label)}{' ' * (6 - len(label))}{line}"
        for index, line in enumerate(lines)
    ]


def _hops(finding: Finding, hops: Mapping[str, HopReport]) -> list[str]:
    known = [hops[id] for id in finding.hops if id in hops]
    lines = [hop_line(hop) for hop in known[:_MOST_HOPS]]
    more = known[_MOST_HOPS:]
    return [*lines, f"and {counted(more, 'more hop')}"] if more else lines


def _summary(report: Report, palette: Palette) -> list[str]:
    """What was checked, what came out, and what was compared with what."""
    lines = []
    if report.roots:
        lines.append(palette.dim(f"checked {listed(map(shown, _roots(report)))}"))
    parts = (hop_counts(report, palette), finding_counts(report, palette), version(report))
    line = " · ".join(parts)
    if report.problems:
        count = counted(report.problems, "problem")
        line += " " + palette.severity(Severity.ERROR, f"(could not check everything: {count})")
    return [*lines, line, *comparisons(report, palette)]


def _roots(report: Report) -> list[str]:
    """The roots, those of deployments with what reads them."""
    readers: dict[str, list[str]] = {}
    for one in report.deployments:
        for root in one.roots:
            readers.setdefault(root, []).append(f"{one.nginx} of {one.name}")
    return [
        f"{root} ({listed(readers[root])})" if root in readers else root
        for root in dict.fromkeys(report.roots)
    ]
