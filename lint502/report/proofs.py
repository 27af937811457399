"""What ``lint502 prove`` shows of each finding: what ran, what came back, what nginx logged."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from lint502.evidence import received
from lint502.findings import Finding
from lint502.reading import shown
from lint502.report import Style, counted
from lint502.report.cells import cells
from lint502.report.evidence import conditions
from lint502.report.layout import beside_or_below, labelled, room, running, sentence
from lint502.report.lines import head, hop_line
from lint502.report.palette import Palette

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import HopReport, Report

_VERDICTS = ("confirmed", "not confirmed", "cannot be shown here")
_COLOURS = {"confirmed": "failed", "not confirmed": "passed", "cannot be shown here": "undecidable"}


def render(report: Report, style: Style) -> str:
    """The findings in the order of the configuration, and a count of what came out."""
    palette = Palette(style.colour)
    hops = {hop.id: hop for hop in report.hops}
    blocks = [
        "\n".join(_block(finding, proof, hops, style, palette))
        for finding, proof in report.proofs.items()
    ]
    summary = "\n".join(running(_summary(report, palette), style.width))
    return "\n\n".join([*blocks, summary]) + "\n"


def _block(
    finding: Finding,
    proof: Proof,
    hops: Mapping[str, HopReport],
    style: Style,
    palette: Palette,
) -> list[str]:
    width = style.width
    verdict = palette.state(_COLOURS[proof.verdict], proof.verdict)
    where, *what = head(finding, palette, width=width)
    lines = beside_or_below(where, [*what, f"·  {verdict}"], width)
    lines += sentence(shown(finding.message), width)
    if proof.hop in hops:
        hop = hop_line(hops[proof.hop], width=room(width))
        lines += labelled("hop", [hop], width, palette)
    if proof.configuration:
        lines += labelled("ran", [f"nginx {proof.version} with"], width, palette)
        lines += [f"    {palette.dim('│')} {shown(line)}" for line in _inner(proof.configuration)]
    lines += labelled("sent", _steps(proof, palette), width, palette)
    lines += labelled("where", [shown(clause) for clause in conditions(proof)], width, palette)
    if proof.why:
        lines += labelled("why", [shown(proof.why)], width, palette)
    return lines


def _inner(configuration: str) -> list[str]:
    """What stands in ``http {}`` or ``stream {}``, without what every run has."""
    lines = configuration.splitlines()
    start = next(
        (number for number, line in enumerate(lines) if line.startswith(("http", "stream"))), 0
    )
    return [
        line
        for line in lines[start:]
        if "_temp_path" not in line and "log_format lab" not in line and "access_log" not in line
    ]


def _steps(proof: Proof, palette: Palette) -> list[str]:
    """What was sent, what came back, and what nginx logged."""
    lines = []
    width = max((cells(step.request) for step in proof.steps), default=0)
    for step, same in groupby(proof.steps):
        times = len(list(same))
        note = "  (to begin with)" if step.opening else "  (the failure)" if step.cause else ""
        note += f"  ({times} times)" if times > 1 else ""
        padding = " " * (width - cells(step.request))
        lines.append(f"{step.request}{padding}  →  {palette.bold(received(step))}{note}")
        lines += [shown(line) for line in dict.fromkeys(step.log)]
    return lines


def _summary(report: Report, palette: Palette) -> str:
    proofs = list(report.proofs.values())
    found = {name: sum(proof.verdict == name for proof in proofs) for name in _VERDICTS}
    parts = [
        palette.state(_COLOURS[name], f"{count} {name}") for name, count in found.items() if count
    ]
    total = counted(proofs, "finding")
    line = f"{total}: {', '.join(parts)}" if parts else total
    if proofs:
        line += f" · nginx {proofs[0].version}"
    if report.problems:
        line += f" (could not check everything: {counted(report.problems, 'problem')})"
    return line
