"""Patterns with ``*`` and ``?`` against texts, in a time that no pattern can blow up.

A set of indices of a text is a number, with one bit for each.
"""

from __future__ import annotations

from collections.abc import Sequence

MANY = "**"
ONE = "??"
"""The wildcards among the characters of a pattern."""

MAX_LENGTH = 512
"""Characters of texts and patterns that are compared."""


class Subject:
    """A text that patterns are tried on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._where: dict[str, int] = {}
        for index, character in enumerate(text):
            self._where[character] = self._where.get(character, 0) | 1 << index
        self._all = (1 << len(text) + 1) - 1

    def ends(self, pattern: Sequence[str], start: int = 0) -> int:
        """The set of indices at which a match that starts at one ends."""
        found = 1 << start
        for one in pattern:
            if not found:
                break
            if one == MANY:
                found = self._all & ~((found & -found) - 1)
            elif one == ONE:
                found = found << 1 & self._all
            else:
                found = (found & self._where.get(one, 0)) << 1
        return found


def without_start(text: str, pattern: Sequence[str], longest: bool) -> str:
    """A text without what a pattern matches at its start: the longest or the shortest such."""
    ends = Subject(text).ends(pattern)
    if not ends:
        return text
    return text[(ends.bit_length() if longest else (ends & -ends).bit_length()) - 1 :]


def without_end(text: str, pattern: Sequence[str], longest: bool) -> str:
    """A text without what a pattern matches at its end."""
    return without_start(text[::-1], pattern[::-1], longest)[::-1]


def replaced(text: str, pattern: Sequence[str], replacement: str, every: bool) -> str:
    """A text with the first match of a pattern, or every one, replaced; of matches that start
    together the longest counts."""
    subject = Subject(text)
    made: list[str] = []
    at = 0
    while at <= len(text):
        end = subject.ends(pattern, at).bit_length() - 1
        if end > at:
            made.append(replacement)
            at = end
            if not every:
                break
            continue
        made.append(text[at : at + 1])
        at += 1
    return "".join(made) + text[at:]
