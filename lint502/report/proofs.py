"""What ``lint502 prove`` shows of each finding: what ran, what came back, what nginx logged."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from lint502.evidence import received
from lint502.findings import Finding
from lint502.reading import shown
from lint502.report import Look, counted
from lint502.report.cells import cells
from lint502.report.evidence import conditions
from lint502.report.ink import Ink
from lint502.report.lines import head, hop_line

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import HopReport, Report

_VERDICTS = ("confirmed", "not confirmed", "cannot be shown here")
_COLOURS = {"confirmed": "failed", "not confirmed": "passed", "cannot be shown here": "undecidable"}


def render(report: Report, look: Look) -> str:
    """The findings in the order of the configuration, and a count of what came out."""
    ink = Ink(look.colour)
    hops = {hop.id: hop for hop in report.hops}
    blocks = [
        "\n".join(_block(finding, proof, hops, ink)) for finding, proof in report.proofs.items()
    ]
    return "\n\n".join([*blocks, _summary(report, ink)]) + "\n"


def _block(finding: Finding, proof: Proof, hops: Mapping[str, HopReport], ink: Ink) -> list[str]:
    verdict = ink.state(_COLOURS[proof.verdict], proof.verdict)
    lines = [f"{head(finding, ink)}  ·  {verdict}", f"  {shown(finding.message)}"]
    if proof.hop in hops:
        lines.append(f"  {ink.dim('hop')}    {hop_line(hops[proof.hop])}")
    if proof.configuration:
        lines.append(f"  {ink.dim('ran')}    nginx {proof.version} with")
        lines += [f"    {ink.dim('│')} {shown(line)}" for line in _inner(proof.configuration)]
    lines += _steps(proof, ink)
    for clause in conditions(proof):
        lines.append(f"  {ink.dim('where')}  {shown(clause)}")
    if proof.why:
        lines.append(f"  {ink.dim('why')}    {shown(proof.why)}")
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


def _steps(proof: Proof, ink: Ink) -> list[str]:

    lines = []
    width = max((cells(step.request) for step in proof.steps), default=0)
    for step, same in groupby(proof.steps):
        times = len(list(same))
        note = "  (to begin with)" if step.opening else "  (the failure)" if step.cause else ""
        note += f"  ({times} times)" if times > 1 else ""
        lines.append(
            f"  {ink.dim('sent')}   {step.request}{' ' * (width - cells(step.request))}"
            f"  →  {ink.bold(received(step))}{note}"
        )
        lines += [f"         {shown(line)}" for line in dict.fromkeys(step.log)]
    return lines


def _summary(report: Report, ink: Ink) -> str:
    proofs = list(report.proofs.values())
    found = {name: sum(proof.verdict == name for proof in proofs) for name in _VERDICTS}
    parts = [ink.state(_COLOURS[name], f"{count} {name}") for name, count in found.items() if count]
    total = counted(proofs, "finding")
    line = f"{total}: {', '.join(parts)}" if parts else total
    if proofs:
        line += f" · nginx {proofs[0].version}"
    if report.problems:
        line += f" (could not check everything: {counted(report.problems, 'problem')})"
    return line
