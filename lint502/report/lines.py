"""Lines that several reports have in common."""

from __future__ import annotations

from lint502.findings import Finding, Frequency
from lint502.places import Place
from lint502.reading import shown
from lint502.report.palette import Palette
from lint502.report_model import HopReport


def status_words(status: int | None, frequency: Frequency | None) -> str:
    """What the client sees: "502 on every request"."""
    if status is None:
        return ""
    if frequency is None:
        return str(status)
    return f"{status} on every request" if frequency == "always" else f"{status} sometimes"


def head(finding: Finding, palette: Palette) -> str:
    """Place, severity and rule of a finding."""
    place = finding.place
    where = palette.bold(f"{shown(place.file)}:{place.line}:{place.column}")
    severity = palette.severity(finding.severity, finding.severity.value)
    return f"{where}  {severity}  {palette.bold(finding.rule)}"


def hop_line(hop: HopReport) -> str:
    """A hop in one line: its server, its location, where it passes requests to, and its place."""
    return f"{shown(hop.label)} ({file_and_line(hop.place)})"


def file_and_line(place: Place) -> str:
    """``nginx.conf:12``."""
    return f"{shown(place.file)}:{place.line}"
