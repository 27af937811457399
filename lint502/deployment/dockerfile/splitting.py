"""What follows the keyword of an instruction, as BuildKit splits it.

https://github.com/moby/buildkit, frontend/dockerfile/parser/line_parsers.go, split_command.go.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from lint502.patterns import regex
from lint502.reading import UnreadableError, shown

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What is a space; Python has some more."""

TEMPLATE = regex(r"\{\{|\{%|<%|%%[A-Z]\w*%%|@[A-Z]\w*@")
"""Marks of tools that make a Dockerfile from a template."""

IS_TEMPLATE = "is a template, of which only its tool makes a Dockerfile"

_BLANKS = regex(r"[\t\v\f\r ]+")
_LISTS = frozenset(("ADD", "COPY", "VOLUME"))
_COMMANDS = frozenset(("CMD", "ENTRYPOINT", "RUN", "SHELL"))
_WORDS = frozenset(("EXPOSE", "FROM"))
_TEXTS = frozenset(("MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"))
KEYWORDS = _LISTS | _COMMANDS | _WORDS | _TEXTS | {"ARG", "ENV", "HEALTHCHECK", "LABEL", "ONBUILD"}


def split_command(text: str, escape: str) -> tuple[str, tuple[str, ...], str]:
    """The keyword as it is written, the flags, and the rest."""
    parts = _BLANKS.split(text.strip(SPACES), maxsplit=1)
    if len(parts) == 1:
        return parts[0], (), ""
    flags, rest = _flags(parts[1], escape)
    return parts[0], flags, rest.strip(SPACES)


def split_words(keyword: str, rest: str, escape: str, line: int) -> tuple[tuple[str, ...], bool]:
    """The words of an instruction, and whether they are written as a list. Raises
    :class:`~lint502.reading.UnreadableError`."""
    if keyword == "HEALTHCHECK":
        kind = re.match(rf"[^{SPACES}]*", rest)
        end = kind.end() if kind else 0
        words, listed = _maybe_list(rest[end:].lstrip(SPACES), line)
        return ((rest[:end], *words), listed) if end else ((), False)
    if keyword in _COMMANDS or keyword in _LISTS:
        words, listed = _maybe_list(rest, line)
        if listed or keyword in _COMMANDS:
            return words, listed
    if keyword in _LISTS or keyword in _WORDS:
        return (tuple(_BLANKS.split(rest)) if rest else ()), False
    if keyword in ("ENV", "LABEL"):
        return _pairs(keyword, rest, escape, line), False
    if keyword == "ARG":
        return tuple(quoted_words(rest, escape)), False
    return ((rest,) if rest and keyword in _TEXTS else ()), False


def _maybe_list(rest: str, line: int) -> tuple[tuple[str, ...], bool]:
    if rest.startswith("["):
        try:
            found = json.loads(rest, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list):
            if not all(isinstance(one, str) for one in found):
                raise UnreadableError("has a list that has not only texts in quotes", line)
            return tuple(found), True
    return ((rest,) if rest else ()), False


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _pairs(keyword: str, rest: str, escape: str, line: int) -> tuple[str, ...]:
    """The names and values of ENV and LABEL, in both forms."""
    words = quoted_words(rest, escape)
    if not words:
        return ()
    if "=" not in words[0]:
        parts = _BLANKS.split(rest, maxsplit=1)
        if len(parts) < 2:
            raise UnreadableError(f"has {keyword} {shown(rest[:80])}, without a value", line)
        return parts[0], parts[1]
    pairs: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UnreadableError(f"has {shown(word[:80])} in {keyword}, without a value", line)
        pairs += (name, value)
    return tuple(pairs)


def quoted_words(rest: str, escape: str) -> list[str]:
    """Words in which quotes hold blanks together; the quotes stay."""
    words: list[str] = []
    current: list[str] = []
    begun = False
    quote = ""
    at = 0
    while at < len(rest):
        character = rest[at]
        at += 1
        if not quote and character in SPACES:
            if begun:
                words.append("".join(current))
                current, begun = [], False
            continue
        if character == escape and quote != "'":
            if at == len(rest):
                break
            current += (character, rest[at])
            begun = True
            at += 1
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        current.append(character)
        begun = True
    if begun:
        words.append("".join(current))
    return words


def _flags(line: str, escape: str) -> tuple[tuple[str, ...], str]:
    """The words at the start that begin with ``--``, and what follows them."""
    flags: list[str] = []
    at, size = 0, len(line)
    while True:
        while at < size and line[at] in SPACES:
            at += 1
        if not line.startswith("--", at):
            return tuple(flags), line[at:]
        word, at, quoted = _flag(line, at, escape)
        if word == "--":
            return tuple(flags), line[at:]
        if word or quoted:
            flags.append(word)


def _flag(line: str, at: int, escape: str) -> tuple[str, int, bool]:
    """A flag without its quotes, where it ends, and whether it has any."""
    text: list[str] = []
    quote, quoted = "", False
    while at < len(line):
        character = line[at]
        if quote:
            if character == quote:
                quote = ""
                at += 1
                continue
        elif character in SPACES:
            break
        elif character in "'\"":
            quote, quoted = character, True
            at += 1
            continue
        if character == escape:
            at += 1
            if at == len(line):
                break
            character = line[at]
        text.append(character)
        at += 1
    return "".join(text), at, quoted
