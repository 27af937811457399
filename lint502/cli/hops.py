"""``lint502 hops``: what nginx passes on, and where it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from lint502.cli import arguments, output

if TYPE_CHECKING:
    from lint502.report import Style
    from lint502.report.palette import Palette
    from lint502.report_model import HopReport, Report
    from lint502.workspace import CheckRequest

_HEADINGS = (
    "WHERE", "SERVER", "LOCATION", "PASSES TO", "TARGET", "UPSTREAM", "COMPARED WITH", "STATE",
)  # fmt: skip
_MOST_PLACES = 2
_STATE = _HEADINGS.index("STATE")


class Shape(str, Enum):
    """How a list is shown."""

    text = "text"
    json = "json"


class View(str, Enum):
    """How hops are shown."""

    text = "text"
    json = "json"
    mermaid = "mermaid"
    html = "html"


Format = Annotated[
    Shape,
    typer.Option("--format", metavar="FORMAT", help="How to show it: text (the default) or json."),
]


@arguments.with_request()
def hops(
    request: CheckRequest,
    *,
    allow_paths: arguments.AllowPaths = None,
    view: Annotated[
        View,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="How to show them: text (the default), json, mermaid (a diagram that forges draw) "
            "or html (a page to look through).",
        ),
    ] = View.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Show every hop, its targets, upstream and state."""
    report = arguments.job(arguments.workspace_here(allow_paths), request).run().report
    output.say_notes(report.notes)
    output.say_problems(report.problems)
    if view is View.text:
        text = _text(report, output.style(color))
    elif view is View.json:
        text = _json(report)
    else:
        from lint502.report import renderer

        text = renderer(view.value)(report, output.style(color))
    output.write(text, view.value)
    raise typer.Exit(2 if report.problems else 0)


def _json(report: Report) -> str:
    from lint502.report import json

    return json.dump(
        {
            "schema_version": json.SCHEMA_VERSION,
            "hops": json.hop_objects(report.hops),
            "problems": [json.problem_object(problem) for problem in report.problems],
        }
    )


def _text(report: Report, style: Style) -> str:
    from lint502.report.limits import most_of_each
    from lint502.report.palette import Palette
    from lint502.report.table import Column, fits, table

    if not report.hops:
        return "no hops\n"
    palette = Palette(style.colour)

    def paint(column: int, text: str) -> str:
        return palette.state(text.partition(":")[0], text) if column == _STATE and text else text

    most = most_of_each([len(hop.targets) for hop in report.hops])
    rows = [row for hop in report.hops for row in _rows(hop, most)]
    columns = [Column(heading) for heading in _HEADINGS]
    if fits(columns, rows, style.width):
        return table(columns, rows, style, paint)
    return _stacked(rows, style, palette)


def _stacked(rows: Sequence[Sequence[str]], style: Style, palette: Palette) -> str:
    """The same in three columns, what belongs together below each other."""
    from lint502.report.table import Column, table

    found: list[list[str]] = []
    for where, server, location, passes, target, upstream, compared, state in rows:
        reached = "" if upstream in ("", "-") else f" = {upstream}"
        against = "" if compared in ("", "-") else f"\ncompared with {compared}"
        if where:
            word, _, reason = state.partition(": ")
            said = f"\n{reason}" if reason else ""
            found.append([word, f"{server} {location}\n{where}", f"{passes}{said}"])
        found[-1][-1] += f"\n{target}{reached}{against}"

    def paint(column: int, text: str) -> str:
        return palette.state(text, text) if column == 0 else text

    columns = [Column("STATE"), Column("REQUEST", wraps=True), Column("PASSES TO", wraps=True)]
    return table(columns, found, style, paint)


def _rows(hop: HopReport, most: int) -> list[tuple[str, ...]]:
    """A line for each target; what the hop is stands in the first."""
    from lint502.reading import shown

    place = hop.place
    state = f"{hop.state}: {shown(hop.reason)}" if hop.reason else hop.state
    first = [
        f"{shown(place.file)}:{place.line}",
        shown(hop.server) or "-",
        shown(hop.location) or "-",
        shown(f"{hop.directive} {hop.value}"),
    ]
    targets = [
        (shown(target.address), shown(target.upstream or "-"), _compared(target.compared_with))
        for target in hop.targets
    ]
    if not targets:
        targets = [("?", "-", "-")]
    rows = [(*first, *targets[0], state)]
    rows += [("", "", "", "", *target, "") for target in targets[1:most]]
    if targets[most:] and most:
        rows.append(("", "", "", "", f"and {len(targets) - most} more", "", "", ""))
    return rows


def _compared(places: Sequence[str]) -> str:
    """What a target was compared with: the first few places."""
    from lint502.reading import shown
    from lint502.wording import listed

    return listed(map(shown, places), _MOST_PLACES) or "-"
