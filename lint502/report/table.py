"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lint502.report.cells import cells

_GAP = "  "

PaintCell = Callable[[int, str, str], str]
"""Given a column's number, what the cell says, and the cell padded: the cell as it is printed."""


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    paint: PaintCell = lambda _column, _text, padded: padded,
) -> str:
    """Aligned columns below their headings. Nothing is cut: a terminal that is too narrow wraps."""
    widths = [max(cells(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    lines = [_line(headings, widths, lambda _column, _text, padded: padded)]
    lines += [_line(row, widths, paint) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def _line(row: Sequence[str], widths: Sequence[int], paint: PaintCell) -> str:
    """One line; the last cell of it is not padded."""
    filled = max((i for i, text in enumerate(row) if text), default=0)
    parts = []
    for index, text in enumerate(row[: filled + 1]):
        padding = "" if index == filled else " " * (widths[index] - cells(text))
        parts.append(paint(index, text, text + padding))
    return _GAP.join(parts)
