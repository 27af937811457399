"""``lint502 rules``: what is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lint502.cli import arguments, output
from lint502.cli.hops import Format, Shape

if TYPE_CHECKING:
    from lint502.pages import Page
    from lint502.report import Style

_HEADINGS = ("RULE", "SEVERITY", "CLIENT SEES", "SUMMARY")
_SEVERITY = _HEADINGS.index("SEVERITY")


def rules(
    shape: Format = Shape.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """List the rules."""
    from lint502.pages import page
    from lint502.rule_names import RULES

    pages = [page(rule) for rule in RULES]
    text = _json(pages) if shape is Shape.json else _text(pages, output.style(color))
    output.write(text, shape.value)


def _json(pages: list[Page]) -> str:
    from lint502.report import json

    return json.dump(
        {"schema_version": json.SCHEMA_VERSION, "rules": [_object(page) for page in pages]}
    )


def _object(page: Page) -> dict[str, Any]:
    return {
        "name": page.name,
        "severity": page.severity.value,
        "status": page.status,
        "frequency": page.frequency,
        "log": page.log,
        "nginx": page.nginx,
        "summary": page.summary,
    }


def _text(pages: list[Page], style: Style) -> str:
    from lint502.findings import Severity
    from lint502.report.lines import status_words
    from lint502.report.palette import Palette
    from lint502.report.table import Column, fits, table

    palette = Palette(style.colour)

    def paint(column: int, text: str) -> str:
        return palette.severity(Severity(text), text) if column == _SEVERITY else text

    rows = [
        (
            page.name,
            page.severity.value,
            status_words(page.status, page.frequency) or "-",
            page.summary,
        )
        for page in pages
    ]
    columns = [Column(heading) for heading in _HEADINGS]
    if fits(columns, rows, style.width):
        return table(columns, rows, style, paint)
    stacked = [(f"{rule}\n{severity} · {seen}", what) for rule, severity, seen, what in rows]
    return table([Column("RULE"), Column("SUMMARY", wraps=True)], stacked, style)
