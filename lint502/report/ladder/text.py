"""``--format text``: the rungs from the top to the bottom, then what fails first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from lint502.reading import shown
from lint502.report import Style
from lint502.report.cells import cells, wrap
from lint502.report.ladder.words import ending, place_of, where
from lint502.report.layout import running, sentence
from lint502.report.palette import Palette

if TYPE_CHECKING:
    from lint502.findings import Finding
    from lint502.ladder.model import Figure, Ladder, Outcome, Route, Rung
    from lint502.report_model import Report

_INDENT = "     "
_NAME = 27
_VALUE = 16
_LEAST_ROOM = 20


def render(ladder: Ladder, report: Report, style: Style) -> str:
    """All routes, one below the other."""
    palette = Palette(style.colour)
    lines: list[str] = []
    asked = f"{ladder.method} {shown(ladder.url)}".strip()
    lines += _headed(asked, f"nginx {report.version}", style.width, palette.bold)
    for note in (*ladder.undecided, *ladder.notes):
        lines += sentence(shown(note), style.width)
    for route in ladder.routes:
        lines.append("")
        if len(ladder.routes) > 1:
            lines += _headed(f"One way, in {shown(route.root)}", "", style.width, palette.bold)
        lines += _route(route, str(report.version), style, palette)
    return "\n".join(lines) + "\n"


def _route(route: Route, version: str, style: Style, palette: Palette) -> Iterator[str]:
    for number, rung in enumerate(route.rungs, 1):
        yield from _rung(number, rung, version, style, palette)
    if route.outcomes:
        yield ""
        yield palette.bold("What fails first")
    for number, outcome in enumerate(route.outcomes):
        yield from _outcome(outcome, style, palette, first=number == 0)
    if route.findings:
        yield ""
        yield palette.bold("What lint502 check finds here")
        for finding in route.findings:
            yield from _finding(finding, style, palette)


def _headed(
    text: str, beside: str, width: int | None, paint: Callable[[str], str] = lambda text: text
) -> list[str]:
    """A heading in as many lines as it takes, and what stands beside it, or below."""
    lines = running(text, width)
    painted = [paint(line) for line in lines]
    if not beside:
        return painted
    if width is None or cells(f"{lines[-1]}  {beside}") <= width:
        return [*painted[:-1], f"{painted[-1]}  {beside}"]
    return [*painted, *sentence(beside, width)]


def _rung(number: int, rung: Rung, version: str, style: Style, palette: Palette) -> Iterator[str]:
    place = "" if rung.place is None else place_of(rung.place)
    yield from _headed(f"{number}. {shown(rung.title)}", place, style.width)
    for note in rung.notes:
        yield from _indented(shown(note), style.width)
    longest = max((cells(shown(one.value)) for one in rung.figures), default=0)
    for figure in rung.figures:
        yield from _figure(figure, version, style, palette, min(longest, _VALUE))


def _figure(
    figure: Figure, version: str, style: Style, palette: Palette, longest: int
) -> Iterator[str]:
    """``     proxy_read_timeout   60s   nginx.conf:4, inherited from http``."""
    faces = f"; nginx: {figure.faces}" if figure.faces else ""
    before = f"{_INDENT}{shown(figure.name):<{_NAME}}  {shown(figure.value):<{longest}}  "
    said = f"{where(figure, version)}{faces}"
    if style.width is None or cells(before) + _LEAST_ROOM <= style.width:
        room = None if style.width is None else style.width - cells(before)
        first, *rest = wrap(said, room)
        yield f"{before}{palette.dim(first)}"
        yield from (f"{' ' * cells(before)}{palette.dim(line)}" for line in rest)
        return
    yield from _indented(f"{shown(figure.name)}  {shown(figure.value)}", style.width)
    yield from (f"  {line}" for line in _indented(said, _less(style.width)))


def _less(width: int | None) -> int | None:
    return None if width is None else width - 2


def _indented(text: str, width: int | None) -> Sequence[str]:
    room = None if width is None else width - len(_INDENT)
    return [f"{_INDENT}{line}" for line in wrap(text, room)]


def _outcome(outcome: Outcome, style: Style, palette: Palette, *, first: bool) -> Iterator[str]:
    may = "" if outcome.always else "perhaps "
    status = f"{may}{ending(outcome)}"
    line = f"{shown(outcome.when)}: {shown(status)}"
    for number, part in enumerate(wrap(line, _less(style.width))):
        text = f"{'>' if first and not number else ' '} {part}"
        yield palette.bold(text) if first else text
    yield from (f"    {one}" for one in wrap(shown(outcome.why), _much_less(style.width)))


def _much_less(width: int | None) -> int | None:
    return None if width is None else width - 4


def _finding(finding: Finding, style: Style, palette: Palette) -> Iterator[str]:
    yield from _headed(
        f"{finding.severity.value} {finding.rule}",
        place_of(finding.place),
        style.width,
        lambda text: palette.severity(finding.severity, text),
    )
    yield from (f"    {one}" for one in wrap(shown(finding.message), _much_less(style.width)))
