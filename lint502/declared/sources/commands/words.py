"""Words of a command as it runs: with variables put in, and where each stands."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from lint502.places import Place
from lint502.standing import Standing

MAX_LENGTH = 10_000
"""Characters of a word; one that is made longer is not known."""

UNKNOWN = "\0"
"""Stands in a text for what is not known: no argument of a program can have it."""


class Word(Struct, frozen=True):
    """An argument, or the value of a variable, ``"0.0.0.0:8000"``.

    A part that is not known is :data:`UNKNOWN` in the text. ``standing`` is that of the least of
    what it was made from.
    """

    text: str
    place: Place
    standing: Standing = Standing.STATED

    @property
    def known(self) -> bool:
        """Whether the whole text is known."""
        return UNKNOWN not in self.text

    def cut(self, text: str) -> Word:
        """A part of it, at the same place, or what it becomes."""
        return replace(self, text=bounded(text))


def bounded(text: str) -> str:
    """A text that is not too long, else :data:`UNKNOWN`."""
    return text if len(text) <= MAX_LENGTH else UNKNOWN


Variables = Mapping[str, Word]
"""The environment of a process, by name; those that are set to something unknown have the text
:data:`UNKNOWN`."""


def narrowed(place: Place, text: str) -> Place:
    """The place of a text in a line, if it stands there as it is; else the whole place."""
    if not text:
        return place
    start = place.text.find(text, place.column - 1, place.end_column - 1)
    if start == -1:
        return place
    return replace(place, column=start + 1, end_column=start + 1 + len(text))


def name_of(word: Word) -> str:
    """The name of a program without the folder that it is in."""
    return word.text.rpartition("/")[2]
