"""Tables of plain text, fitted to the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from lint502.report import Style
from lint502.report.cells import cells, shortened

_UNBOUNDED = 100_000
_GAP = 2
_SHORTEST_PATH = 10

Paint = Callable[[int, str], str]
"""Given a column's number and what a cell says, the cell as it is printed."""


class Column(Struct, frozen=True):
    """A column by its heading. ``wraps``: where there is little room, its cells are wrapped;
    ``path``: they are shortened in the middle."""

    heading: str
    wraps: bool = False
    path: bool = False


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    style: Style,
    paint: Paint = lambda _column, text: text,
) -> str:
    """Aligned columns below their headings, a cell's lines below each other. Without a width every
    row is one line."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="")
    width = _UNBOUNDED if style.width is None else style.width
    for column in columns:
        made.add_column(column.heading, no_wrap=not column.wraps, overflow="fold")
    longest = _room_for_paths(columns, rows, style.width)
    for row in rows:
        fitted = (
            shortened(text, longest) if column.path else text
            for column, text in zip(columns, row, strict=True)
        )
        made.add_row(*(Text.from_ansi(paint(i, text)) for i, text in enumerate(fitted)))
    console = Console(
        width=width,
        color_system="standard" if style.colour else None,
        force_terminal=style.colour,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(made)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def fits(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> bool:
    """Whether every row has room in one line."""
    return width is None or sum(_widths(columns, rows)) + _GAP * (len(columns) - 1) <= width


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    cells_of = ([column.heading, *(row[i] for row in rows)] for i, column in enumerate(columns))
    return [max(map(cells, texts)) for texts in cells_of]


def _room_for_paths(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None
) -> int | None:
    """How long a path may be beside what is in the other columns."""
    if width is None:
        return None
    others = sum(
        taken + _GAP
        for taken, column in zip(_widths(columns, rows), columns, strict=True)
        if not column.path and not column.wraps
    )
    return max(_SHORTEST_PATH, width - others)
