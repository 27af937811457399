"""How the reports for people lay their lines out."""

from __future__ import annotations

from collections.abc import Sequence

from lint502.report.cells import cells, wrap
from lint502.report.palette import Palette

INDENT = "  "
_LABEL = 8
"""Columns of a label, with what is before and after it."""


def beside_or_below(first: str, parts: Sequence[str], width: int | None) -> list[str]:
    """Parts in a line; all but the first below it, indented, where they do not fit."""
    line = INDENT.join((first, *parts))
    if width is None or cells(line) <= width:
        return [line]
    lines = [first]
    for number, part in enumerate(parts):
        longer = f"{lines[-1]}{INDENT}{part}"
        if number and cells(longer) <= width:
            lines[-1] = longer
        elif cells(part) + len(INDENT) <= width:
            lines.append(f"{INDENT}{part}")
        else:
            lines += sentence(part, width)
    return lines


def sentence(text: str, width: int | None) -> list[str]:
    """A text below a heading."""
    return [f"{INDENT}{line}" for line in wrap(text, None if width is None else width - 2)]


def labelled(label: str, texts: Sequence[str], width: int | None, palette: Palette) -> list[str]:
    """Texts beside a label, each in lines of its own: "  log   connect() failed …"."""
    lines = [line for text in texts for line in wrap(text, room(width))]
    before = f"{INDENT}{palette.dim(label)}{' ' * (_LABEL - 2 - len(label))}"
    return [f"{' ' * _LABEL if number else before}{line}" for number, line in enumerate(lines)]


def room(width: int | None) -> int | None:
    """How many columns there are beside a label."""
    return None if width is None else max(width - _LABEL, 1)


def running(text: str, width: int | None) -> list[str]:
    """A text in lines, all but the first indented."""
    first, *rest = wrap(text, None if width is None else width - len(INDENT))
    return [first, *(f"{INDENT}{line}" for line in rest)]
