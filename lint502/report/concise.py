"""``--format concise``: one line a finding, as editors and ``grep`` like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint502.findings import Finding
from lint502.reading import shown
from lint502.report import Look
from lint502.report.ink import Ink

if TYPE_CHECKING:
    from lint502.report_model import Report


def render(report: Report, look: Look) -> str:
    """``path:line:col: severity: message [rule]`` for each finding."""
    ink = Ink(look.colour)
    return "".join(f"{_line(finding, ink)}\n" for finding in report.findings)


def _line(finding: Finding, ink: Ink) -> str:
    place = finding.place
    where = ink.bold(f"{shown(place.file)}:{place.line}:{place.column}")
    severity = ink.severity(finding.severity, finding.severity.value)
    return f"{where}: {severity}: {shown(finding.message)} {ink.dim(f'[{finding.rule}]')}"
