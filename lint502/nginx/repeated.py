"""Lines that set one thing again and again at one level, more often than lint502 looks at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lint502.findings import Problem
from lint502.nginx.lines import lines_in
from lint502.nginx.parse import Directive
from lint502.nginx.setting_lines import MOST_ALIKE
from lint502.nginx.tree import Context
from lint502.reading import shown

_BY_NAME = (
    "proxy_set_header",
    "grpc_set_header",
    "proxy_ssl_conf_command",
    "grpc_ssl_conf_command",
    "uwsgi_ssl_conf_command",
)
"""The directives of which lines are looked up by their first argument."""


def repeated_lines(area: Context) -> list[Problem]:
    """What is said of lines of an ``http {}`` or ``stream {}`` that are not looked at."""
    found: list[Problem] = []
    names = [name for name in _BY_NAME if name in lines_in(area).of]
    if names:
        _collect(area, names, found)
    return found


def _collect(level: Context, names: Sequence[str], found: list[Problem]) -> None:
    for name in names:
        lines = level.by_name.get(name, ())
        if len(lines) > MOST_ALIKE:
            found += _beyond(lines)
    for child in level.children:
        _collect(child, names, found)


def _beyond(lines: Sequence[Directive]) -> Iterator[Problem]:
    alike: dict[str, list[Directive]] = {}
    for line in lines:
        if line.args:
            alike.setdefault(line.args[0].lower(), []).append(line)
    for same in alike.values():
        if len(same) > MOST_ALIKE:
            place, words = same[MOST_ALIKE].place(), f"{same[0].name} {shown(same[0].args[0])}"
            said = f"{words} stands here {len(same)} times; lint502 looks at the first {MOST_ALIKE}"
            yield Problem(place.file, place.line, said, place.column)
