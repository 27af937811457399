"""``--format text``: the report for people, both sides of a hop below each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint502.findings import Severity
from lint502.reading import shown
from lint502.report import Style, counted
from lint502.report.layout import running
from lint502.report.palette import Palette
from lint502.report.summary import comparisons, finding_counts, hop_counts, version
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.report_model import Report


def render(report: Report, style: Style) -> str:
    """What was found, by cause and with the worst first, and a summary."""
    palette = Palette(style.colour, style.links)
    if style.statistics:
        from lint502.report.statistics import tables

        blocks = [text.rstrip("\n") for text in tables(report, style)]
    else:
        blocks = _findings(report, style, palette)
    blocks.append("\n".join(_summary(report, style, palette)))
    return "\n\n".join(blocks) + "\n"


def _findings(report: Report, style: Style, palette: Palette) -> list[str]:
    if not report.findings:
        return []
    from lint502.report.blocks import causes, infos

    return [*causes(report, style, palette), *infos(report, style, palette)]


def _summary(report: Report, style: Style, palette: Palette) -> list[str]:
    """What was checked, what came out, and what was compared with what."""
    lines = []
    if report.roots:
        checked = f"checked {listed(map(shown, _roots(report)))}"
        lines += [palette.dim(line) for line in running(checked, style.width)]
    parts = [hop_counts(report, palette), finding_counts(report, palette), version(report)]
    line = " · ".join(parts)
    if report.problems:
        count = counted(report.problems, "problem")
        line += " " + palette.severity(Severity.ERROR, f"(could not check everything: {count})")
    lines += running(line, style.width)
    return lines + [
        part for text in comparisons(report, palette) for part in running(text, style.width)
    ]


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
