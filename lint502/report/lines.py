"""Lines that several reports have in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from lint502.findings import Finding, Frequency
from lint502.pages import folder
from lint502.places import Place
from lint502.published import rule_address
from lint502.reading import shown
from lint502.report import Style, counted
from lint502.report.cells import shortened
from lint502.report.layout import beside_or_below
from lint502.report.palette import Palette

if TYPE_CHECKING:
    from lint502.report_model import HopReport


def status_words(status: int | None, frequency: Frequency | None) -> str:
    """What the client sees: "502 on every request"."""
    if status is None:
        return ""
    if frequency is None:
        return str(status)
    return f"{status} on every request" if frequency == "always" else f"{status} sometimes"


def head(
    finding: Finding, palette: Palette, place: Place | None = None, width: int | None = None
) -> list[str]:
    """Place, severity and rule of a finding, as parts of a line."""
    return [
        palette.bold(position(place or finding.place, width)),
        palette.severity(finding.severity, finding.severity.value),
        palette.link(partial(_page, finding.rule), palette.bold(finding.rule)),
    ]


def _page(rule: str) -> str:
    """The address of a rule's page: the published one, or the file that travels with lint502."""
    from socket import gethostname
    from urllib.parse import quote

    return rule_address(rule) or f"file://{gethostname()}{quote(str(folder() / f'{rule}.md'))}"


def in_brief(finding: Finding, style: Style, palette: Palette) -> list[str]:
    """A finding by its place, severity, rule and message."""
    where, *what = head(finding, palette, width=style.width)
    return beside_or_below(where, [*what, shown(finding.message)], style.width)


def position(place: Place, width: int | None = None) -> str:
    """``nginx.conf:12:5``, in at most ``width`` columns."""
    return shortened(f"{shown(place.file)}:{place.line}:{place.column}", width)


def hop_line(hop: HopReport, beside: Place | None = None, width: int | None = None) -> str:
    """A hop in one line: its server, its location, where it passes requests to, and its place.

    What the place ``beside`` which it stands shows already is left out.
    """
    if beside is None or beside.file != hop.place.file:
        return f"{shown(hop.label)} {_bracketed(hop.place, width)}"
    if beside.line != hop.place.line:
        return f"{shown(hop.label)} (line {hop.place.line})"
    return shown(hop.request or hop.label)


def hop_lines(
    hops: Sequence[HopReport], most: int, beside: Place | None = None, width: int | None = None
) -> list[str]:
    """The first few of several hops, without what they pass on to, and how many more there are."""
    if len(hops) < 2:
        return [hop_line(hop, beside, width) for hop in hops]
    lines = [
        f"{shown(hop.request or hop.label)} {_bracketed(hop.place, width)}" for hop in hops[:most]
    ]
    more = hops[most:]
    return [*lines, f"and {counted(more, 'more hop')}"] if more else lines


def _bracketed(place: Place, width: int | None) -> str:
    return f"({file_and_line(place, None if width is None else width - len('()'))})"


def file_and_line(place: Place, width: int | None = None) -> str:
    """``nginx.conf:12``, in at most ``width`` columns."""
    return shortened(f"{shown(place.file)}:{place.line}", width)
