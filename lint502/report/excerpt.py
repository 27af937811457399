"""A line of source with carets below the stretch that matters, cut to the width of a terminal."""

from __future__ import annotations

from collections.abc import Callable

from lint502.places import Place
from lint502.reading import shown
from lint502.report.cells import cells, wrap
from lint502.report.once import has_text

TAB = 8
DEFAULT_WIDTH = 120
"""How much of a line is shown where no terminal says how much it has room for."""

_MARGIN = 20
_LONG = 8192
_NARROW = frozenset(map(chr, range(32, 127)))

PaintText = Callable[[str], str]


def excerpt(
    place: Place, number_width: int, width: int | None, dim: PaintText, mark: PaintText
) -> list[str]:
    """The lines to print: the source line with its number, then carets and the place's note.

    ``dim`` paints what frames the source, ``mark`` the carets and the note.
    """
    number = f"    {place.line:>{number_width}} │ "
    empty = f"    {'':>{number_width}} │ "
    room = max(20, (DEFAULT_WIDTH if width is None else width) - cells(number))
    note = shown(place.note)
    if not has_text(place):
        return [dim(empty) + mark(line) for line in wrap(note, room)] if note else []
    pieces, start, end = _window(*_stretch(place), room)
    indent = sum(cells(piece) for piece in pieces[:start])
    carets = "^" * max(1, sum(cells(piece) for piece in pieces[start:end]))
    lines = [dim(number) + "".join(pieces).rstrip()]
    if not note:
        return [*lines, dim(empty) + " " * indent + mark(carets)]
    if width is None or indent + len(carets) + 1 + cells(note) <= room:
        return [*lines, dim(empty) + " " * indent + mark(f"{carets} {note}")]
    lines.append(dim(empty) + " " * indent + mark(carets))
    note_indent = max(0, min(indent, room - cells(note)))
    return [*lines, *(dim(empty) + " " * note_indent + mark(line) for line in wrap(note, room))]


def _stretch(place: Place) -> tuple[list[str], int, int]:
    """What is shown for each character, and the indexes of the stretch, which is never empty.

    Of a very long line only what is near the stretch.
    """
    text = place.text
    start = min(max(place.column - 1, 0), len(text))
    end = max(start + 1, min(place.end_column - 1, len(text)))
    if len(text) <= _LONG:
        return _pieces(text), start, end
    left = max(0, start - _LONG // 4)
    right = left + _LONG
    pieces = ["…"] * (left > 0) + _pieces(text[left:right]) + ["…"] * (right < len(text))
    shift = left - (left > 0)
    return pieces, start - shift, min(end, right) - shift


def _pieces(text: str) -> list[str]:
    """What is shown for each character: tabs as blanks, what cannot be printed escaped."""
    if text.isascii() and text.isprintable():
        return list(text)
    pieces = []
    column = 0
    for character in text:
        piece = " " * (TAB - column % TAB) if character == "\t" else shown(character)
        column += cells(piece)
        pieces.append(piece)
    return pieces


def _window(pieces: list[str], start: int, end: int, room: int) -> tuple[list[str], int, int]:
    """The pieces that fit into ``room`` columns, and the stretch among them.

    Where not all fit, the line is cut around the start of the stretch; ``…`` stands for the rest.
    """
    widths = [1 if piece in _NARROW else cells(piece) for piece in pieces]
    if sum(widths) <= room:
        return pieces, start, end
    left = 0
    if sum(widths[:end]) > room - 1:
        left, before = start, 0
        margin = max(0, min(_MARGIN, room // 4, room - 2 - sum(widths[start:end])))
        while left > 0 and before + widths[left - 1] <= margin:
            left -= 1
            before += widths[left]
    taken = 0
    available = room - (left > 0)
    right = left
    while right < len(pieces) and taken + widths[right] <= available - (right + 1 < len(pieces)):
        taken += widths[right]
        right += 1
    shift = left - (left > 0)
    result = ["…"] * (left > 0) + pieces[left:right] + ["…"] * (right < len(pieces))
    return result, start - shift, min(end, right) - shift
