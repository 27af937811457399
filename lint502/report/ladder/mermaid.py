"""``--format mermaid``: the rungs as a flowchart, with the timers, sizes and pools in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lint502.report import Style
from lint502.report.ladder.words import ending
from lint502.report.mermaid import CLASSES, escaped

if TYPE_CHECKING:
    from lint502.ladder.model import Ladder, Route, Rung
    from lint502.report_model import Report

_SHOWN = ("timer", "size", "retry", "pool")
_MOST_FIGURES = 12
_MOST_UPSTREAMS = 12
_MOST_OUTCOMES = 6


def render(ladder: Ladder, report: Report, style: Style) -> str:
    """One diagram for all routes."""
    lines = ["flowchart TD"]
    asked = f"{ladder.method} {ladder.url}".strip()
    lines.append(f'c(["{escaped(asked)}"]):::plain')
    for number, route in enumerate(ladder.routes):
        lines += _route(f"r{number}", route)
    lines += [f"classDef {name} {CLASSES[name]}" for name in ("failed", "undeclared", "plain")]
    return "\n".join(lines) + "\n"


def _route(name: str, route: Route) -> Iterator[str]:
    before, ends = "c", []
    upstreams = 0
    for number, rung in enumerate(route.rungs):
        here = f"{name}n{number}"
        if rung.kind == "upstream":
            upstreams += 1
            if upstreams > _MOST_UPSTREAMS:
                continue
            yield _node(here, "[(", ")]", rung)
            yield f"{before} --> {here}"
            ends.append(here)
            continue
        if rung.kind == "server" and ends and route.rungs[number - 1].kind == "upstream":
            before = ends.pop()  # which is nginx itself
        yield _node(here, "[", "]", rung)
        yield f"{before} --> {here}"
        before = here
    if upstreams > _MOST_UPSTREAMS:
        yield f'{name}more["{upstreams - _MOST_UPSTREAMS} more"]:::plain'
        yield f"{before} --> {name}more"
    if route.outcomes:
        shown = route.outcomes[:_MOST_OUTCOMES]
        text = "<br>".join(escaped(f"{one.when}: {ending(one)}") for one in shown)
        yield f'{name}v{{{{"{text}"}}}}:::failed'
        yield from (f"{end} -.-> {name}v" for end in ends or [before])


def _node(name: str, opens: str, closes: str, rung: Rung) -> str:
    figures = [one for one in rung.figures if one.kind in _SHOWN]
    about = [escaped(rung.title)]
    about += [escaped(f"{one.name} {one.value}") for one in figures[:_MOST_FIGURES]]
    if figures[_MOST_FIGURES:]:
        about.append(f"and {len(figures) - _MOST_FIGURES} more")
    kind = "undeclared" if rung.kind == "upstream" and not rung.figures else "plain"
    return f'{name}{opens}"{"<br>".join(about)}"{closes}:::{kind}'
