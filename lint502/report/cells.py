"""How many columns of a terminal a text takes."""

from __future__ import annotations

import unicodedata


def character_cells(character: str) -> int:
    """0 for what combines with the character before, 2 for a wide one, else 1."""
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cells(text: str) -> int:
    """The columns of a text without control characters."""
    if text.isascii():
        return len(text)
    return sum(character_cells(character) for character in text)


def wrap(text: str, width: int | None) -> list[str]:
    """The words of a text in lines of at most ``width`` columns; longer words stay whole."""
    if width is None:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and cells(longer) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]
