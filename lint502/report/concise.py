"""``--format concise``: one line a finding, as editors and ``grep`` like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint502.findings import Finding
from lint502.reading import shown
from lint502.report import Style
from lint502.report.palette import Palette

if TYPE_CHECKING:
    from lint502.report_model import Report


def render(report: Report, style: Style) -> str:
    """``path:line:col: severity: message [rule]`` for each finding."""
    palette = Palette(style.colour)
    return "".join(f"{_line(finding, palette)}\n" for finding in report.findings)


def _line(finding: Finding, palette: Palette) -> str:
    place = finding.place
    where = palette.bold(f"{shown(place.file)}:{place.line}:{place.column}")
    severity = palette.severity(finding.severity, finding.severity.value)
    return f"{where}: {severity}: {shown(finding.message)} {palette.dim(f'[{finding.rule}]')}"
