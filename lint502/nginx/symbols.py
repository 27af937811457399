"""Symbols: what a template leaves open, as ``${API_HOST}`` without a value, in the words of a file.

A symbol stands for a stretch of text that is not known. In the text of a word it is
:data:`UNKNOWN`, so that nothing is equal to it; the word itself knows how it is written.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from lint502.nginx.tokens import Token

UNKNOWN = "\0"
"""Stands for a stretch of text that cannot be known (nginx's own texts cannot hold it)."""

HOW = "with --env-file, or in [env] of lint502.toml"
"""Where values come from, besides ``--env``."""


class Symbol(Struct, frozen=True):
    """What stands in a template for a text that is not known: how it is written, on one line, and
    why it is not known, as a sentence."""

    written: str
    why: str

    @classmethod
    def without_value(cls, written: str, name: str) -> Symbol:
        """One whose value can be given by its name."""
        return cls(written, f"{written} has no value; give it one with --env {name}=VALUE, {HOW}")

    @classmethod
    def computed(cls, written: str) -> Symbol:
        """An expression: only who renders the template knows what it becomes."""
        return cls(written, f"what {written} becomes is not known before the template is rendered")


class Symbolic(Token):
    """A word with symbols in it, each of which is one :data:`UNKNOWN` of its text."""

    __slots__ = ("symbols",)

    symbols: tuple[Symbol, ...]


def symbolic(token: Token, text: str, symbols: Iterable[Symbol]) -> Symbolic:
    """A word at the place of another, with symbols."""
    made = Symbolic(text)
    made.line, made.column = token.line, token.column
    made.end_column, made.quoted = token.end_column, token.quoted
    made.symbols = tuple(symbols)
    return made


def carrying(text: str, symbols: Iterable[Symbol]) -> str:
    """A text that knows the symbols in it; it has no place."""
    found = tuple(symbols)
    if not found:
        return text
    made = Symbolic(text)
    made.symbols = found
    return made


def part(word: str, start: int, end: int) -> str:
    """A part of a word, with the symbols that are in it."""
    text = str(word)
    first = text.count(UNKNOWN, 0, start)
    count = text.count(UNKNOWN, start, end)
    return carrying(text[start:end], symbols_in(word)[first : first + count])


def symbols_in(word: str) -> tuple[Symbol, ...]:
    """The symbols of a word; none where its text is known."""
    return word.symbols if isinstance(word, Symbolic) else ()


def written(word: str) -> str:
    """A word as it is written, with its symbols in their places."""
    text = str(word)
    if UNKNOWN not in text:
        return text
    for symbol in symbols_in(word):
        text = text.replace(UNKNOWN, symbol.written, 1)
    return text.replace(UNKNOWN, "…")
