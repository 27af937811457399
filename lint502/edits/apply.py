"""Edits of texts: which of them get into each other's way, and a text with some of them made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lint502.findings import Edit


class MisplacedEditError(ValueError):
    """The text has no such place."""


def overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits of one file that are not equal change the same text. Of two insertions at
    one place nobody has said which comes first."""
    if one.line != other.line:
        return False
    if one.column == one.end_column == other.column == other.end_column:
        return True
    return one.column < other.end_column and other.column < one.end_column


def edited(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits made, equal ones once; every other character stays. A line of which nothing
    is left goes with its line end.

    Raises :class:`MisplacedEditError` for places that the text does not have, and for edits that
    overlap.
    """
    starts = _line_starts(text)
    parts: list[str] = []
    position = 0
    last: Edit | None = None
    for edit in sorted(set(edits), key=lambda one: (one.line, one.column, one.end_column)):
        if last is not None and overlap(last, edit):
            raise MisplacedEditError(f"two edits overlap on line {edit.line}")
        start, end = _span(text, starts, edit)
        parts += (text[position:start], edit.text)
        position, last = end, edit
    return "".join((*parts, text[position:]))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    found = text.find("\n")
    while found != -1:
        starts.append(found + 1)
        found = text.find("\n", found + 1)
    return starts


def _span(text: str, starts: Sequence[int], edit: Edit) -> tuple[int, int]:
    if not (1 <= edit.line <= len(starts) and 1 <= edit.column <= edit.end_column):
        raise MisplacedEditError(f"there is no column {edit.column} on line {edit.line}")
    start = starts[edit.line - 1]
    following = starts[edit.line] if edit.line < len(starts) else len(text)
    line = text[start:following].removesuffix("\n").removesuffix("\r")
    if edit.end_column > len(line) + 1:
        raise MisplacedEditError(f"there is no column {edit.end_column} on line {edit.line}")
    if line and not edit.text and (edit.column, edit.end_column) == (1, len(line) + 1):
        return start, following
    return start + edit.column - 1, start + edit.end_column - 1
