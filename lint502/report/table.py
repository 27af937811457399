"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lint502.report.cells import cells, cut

_GAP = "  "
_NARROWEST = 8

Paint = Callable[[int, str, str], str]
"""Given a column's number, what the cell says, and the cell padded: the cell as it is printed."""


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int | None,
    paint: Paint = lambda _column, _text, padded: padded,
) -> str:
    """Aligned columns below their headings; where ``width`` is too small, the widest are cut."""
    widths = [max(cells(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    if width is not None:
        _shrink(widths, width - len(_GAP) * (len(widths) - 1))
    lines = [_line(headings, widths, lambda _column, _text, padded: padded)]
    lines += [_line(row, widths, paint) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def _shrink(widths: list[int], available: int) -> None:
    while sum(widths) > available:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            return
        widths[widest] -= 1


def _line(row: Sequence[str], widths: Sequence[int], paint: Paint) -> str:
    """One line; the last cell of it is not padded."""
    filled = max((i for i, text in enumerate(row) if text), default=0)
    parts = []
    for index, text in enumerate(row[: filled + 1]):
        short = cut(text, widths[index])
        padding = "" if index == filled else " " * (widths[index] - cells(short))
        parts.append(paint(index, text, short + padding))
    return _GAP.join(parts)
