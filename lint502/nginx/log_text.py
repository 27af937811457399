"""The texts of ``error_log.toml``: filled with fields, and matched against what a log has.

A text is literal but for ``{name}``, a field; ``[ ]`` around a part that is there only where its
field is; ``…``, any text or none; and the name of a system's error, such as ``EPIPE``, which stands
for its number and words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from lint502.patterns import regex

ANY = "…"
"""Stands for any text, or for none."""

_TOKEN = regex(r"\{(?P<field>\w+)\}|(?P<any>…)|\b(?P<error>E[A-Z]{3,})\b|(?P<end>\])|\[")


class Field(Struct, frozen=True):
    """A named part, and what it can be: a regular expression."""

    name: str
    pattern: str


class Choice(Struct, frozen=True):
    """One of several words for the same; the first is the usual one."""

    words: tuple[str, ...]


class OptionalPart(Struct, frozen=True):
    """A part that is there only where one of its fields is."""

    parts: tuple[Part, ...]


Part: TypeAlias = "str | Field | Choice | OptionalPart"
"""A literal, where it is a ``str``; the literal ``…`` is any text."""


class Vocabulary(Struct, frozen=True):
    """What fields and errors stand for: regular expressions, and the words of each system."""

    fields: Mapping[str, str]
    errors: Mapping[str, tuple[str, ...]]


class Template(Struct, frozen=True):
    """A text in its parts."""

    parts: tuple[Part, ...]

    @property
    def open(self) -> bool:
        """Whether it ends in ``…``: the message may go on over several lines."""
        return self.parts[-1:] == (ANY,)

    def fields(self) -> Iterator[str]:
        """The names of its fields, in their order."""
        return (part.name for part in _flat(self.parts) if isinstance(part, Field))

    def filled(self, fields: Mapping[str, str]) -> str:
        """The text with these fields; ``…`` for others, but for a part that is optional: ``""``."""
        return _filled(self.parts, fields)

    def pattern(self) -> str:
        """A regular expression of all that the text can be, with a group for each field.

        It matches a text with ``…`` in it, too, where a field or an optional part may be.
        """
        return _pattern(self.parts)

    def literals(self) -> tuple[str, ...]:
        """What is in every such text, in order: the literals that are not optional."""
        return tuple(part for part in self.parts if isinstance(part, str) and part != ANY)

    def weight(self) -> int:
        """How many characters are certain: the more, the more specific the text is."""
        certain = sum(map(len, self.literals()))
        return certain + sum(len(part.words[0]) for part in self.parts if isinstance(part, Choice))


def parse(text: str, vocabulary: Vocabulary) -> Template:
    """A text of ``error_log.toml`` in its parts."""
    parts, end = _parse(text, 0, vocabulary)
    if end != len(text):
        raise ValueError(f"{text!r} has a ']' without a '['")
    return Template(parts)


def fits(pattern: str, line: str) -> bool:
    """Whether a line is what a pattern says, in which ``…`` stands for any text, or for none."""
    parts = map(re.escape, pattern.split(ANY))
    return re.fullmatch(".*".join(parts), line, re.DOTALL) is not None


def _parse(text: str, start: int, vocabulary: Vocabulary) -> tuple[tuple[Part, ...], int]:
    """The parts up to the end of the text, or of the optional part that begins at ``start``, and
    where they end."""
    parts: list[Part] = []
    literal = start
    position = start
    while (token := _TOKEN.search(text, position)) is not None:
        if token["error"] is not None and token["error"] not in vocabulary.errors:
            position = token.end()
            continue
        if literal < token.start():
            parts.append(text[literal : token.start()])
        if token["end"] is not None:
            return tuple(parts), token.start()
        position = token.end()
        if token["field"] is not None:
            name = token["field"]
            parts.append(Field(name, vocabulary.fields.get(name, ".*")))
        elif token["any"] is not None:
            parts.append(ANY)
        elif token["error"] is not None:
            parts.append(Choice(vocabulary.errors[token["error"]]))
        else:
            inner, end = _parse(text, position, vocabulary)
            if text[end : end + 1] != "]":
                raise ValueError(f"{text!r} has a '[' without a ']'")
            parts.append(OptionalPart(inner))
            position = end + 1
        literal = position
    if literal < len(text):
        parts.append(text[literal:])
    return tuple(parts), len(text)


def _flat(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, OptionalPart):
            yield from _flat(part.parts)
        else:
            yield part


def _filled(parts: Sequence[Part], fields: Mapping[str, str]) -> str:
    return "".join(_word(part, fields) for part in parts)


def _word(part: Part, fields: Mapping[str, str]) -> str:
    if isinstance(part, Field):
        return fields.get(part.name, ANY)
    if isinstance(part, Choice):
        return part.words[0]
    if isinstance(part, OptionalPart):
        there = _names(part.parts) & fields.keys()
        return _filled(part.parts, fields) if there else ""
    return part


def _names(parts: Sequence[Part]) -> Collection[str]:
    return {part.name for part in _flat(parts) if isinstance(part, Field)}


def _pattern(parts: Sequence[Part]) -> str:
    return "".join(map(_expression, parts))


def _expression(part: Part) -> str:
    if isinstance(part, Field):
        return f"(?P<{part.name}>{part.pattern}|{ANY})"
    if isinstance(part, Choice):
        return f"(?:{'|'.join(map(re.escape, part.words))})"
    if isinstance(part, OptionalPart):
        return f"(?:{_pattern(part.parts)}|{ANY})?"
    return ".*?" if part == ANY else re.escape(part)
