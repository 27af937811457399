"""How many columns of a terminal a text takes, and lines that fit into them."""

from __future__ import annotations

import unicodedata

from lint502.patterns import regex

_STEERING = regex(r"\x1b\[[\d;]*m|\x1b\]8;;[^\x1b]*\x1b\\")
"""Colours and links, which take no column."""

_WORD = regex(r"\(line \d+\)|\S+")

_BREAKS = "/,:;=&?|"
"""After which a word that is too long for a line is broken, where one of them is near its end."""


def character_cells(character: str) -> int:
    """0 for what combines with the character before, 2 for a wide one, else 1."""
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cells(text: str) -> int:
    """The columns of a text without control characters but colours and links."""
    if "\x1b" in text:
        text = _STEERING.sub("", text)
    if text.isascii():
        return len(text)
    return sum(character_cells(character) for character in text)


def wrap(text: str, width: int | None) -> list[str]:
    """The words of a text in lines of at most ``width`` columns; longer words are broken."""
    if width is None:
        return [text]
    lines: list[str] = []
    line = ""
    for word in _WORD.findall(text):
        longer = f"{line} {word}" if line else word
        if cells(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width)
        lines += full
    return [*lines, line]


def _broken(word: str, width: int) -> list[str]:
    """A word in pieces that fit; as it is where it is painted."""
    if "\x1b" in word:
        return [word]
    pieces = []
    while cells(word) > width:
        end = max(1, _columns(word, width))
        at = max(word.rfind(mark, 0, end) for mark in _BREAKS) + 1
        end = at if at > end // 2 else end
        pieces.append(word[:end])
        word = word[end:]
    return [*pieces, word]


def _columns(text: str, width: int) -> int:
    """How many characters of a text fit into some columns."""
    taken = 0
    for number, character in enumerate(text):
        taken += character_cells(character)
        if taken > width:
            return number
    return len(text)


def shortened(path: str, width: int | None) -> str:
    """A path that fits: its end, and what there is room for of its beginning, with "…" between."""
    if width is None or cells(path) <= width:
        return path
    folder, slash, name = path.rpartition("/")
    room = width - cells(f"…{slash}{name}")
    if slash and room >= 0:
        return f"{folder[: _columns(folder, room)]}…{slash}{name}"
    backwards = path[::-1]
    tail = backwards[: _columns(backwards, (width - 1) * 2 // 3)][::-1]
    return f"{path[: _columns(path, width - 1 - cells(tail))]}…{tail}"
