"""Which heredocs an instruction announces, as BuildKit finds them.

https://github.com/moby/buildkit, frontend/dockerfile/parser/parser.go (heredocsFromLine) and
frontend/dockerfile/shell/lex.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from lint502.deployment.dockerfile.splitting import SPACES
from lint502.patterns import regex

_HEREDOC = regex(r"[0-9]*<<(-?)([\t\n\f\r ]*)([^<]*)", re.DOTALL)
_VARIABLE = regex(r"\$(?:\{[^{}:][^}]*\}|\w*)")


class Announced(Struct, frozen=True):
    """``<<-"EOF"``: the line that ends it, and whether variables are put in. ``tabs``: those at the
    beginning of lines do not count. ``blank``: there is one before the name."""

    name: str
    expands: bool
    tabs: bool
    blank: bool


class _NotClosedError(Exception):
    """A quote that is not closed."""


def announced(text: str) -> Iterator[Announced]:
    """The heredocs of a whole instruction, in their order."""
    try:
        words = list(_words(text, raw=True))
    except _NotClosedError:
        return
    for word in words:
        found = heredoc(word)
        if found is not None:
            yield found


def heredoc(word: str) -> Announced | None:
    """The heredoc that a word announces, if it does."""
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[3]:
        return None
    try:
        words = list(_words(match[3], raw=False))
    except _NotClosedError:
        return None
    if len(words) != 1:
        return None
    (name,) = words
    (kept,) = _words(match[3], raw=True, escapes=False)
    expands = sum(map(kept.count, "'\"")) == sum(map(name.count, "'\""))
    return Announced(name, expands, match[1] == "-", bool(match[2]))


def _words(text: str, raw: bool, escapes: bool | None = None) -> Iterator[str]:
    """The words of a text; ``raw``: quotes stay in them, and so do ``escapes``."""
    keep = raw if escapes is None else escapes
    current: list[str] = []
    at, size = 0, len(text)
    while at < size:
        character = text[at]
        if character in "'\"":
            end = _closing(text, at, keep)
            inner = text[at + 1 : end]
            current.append(f"{character}{inner}{character}" if raw else inner)
            if not current[-1]:
                current.pop()
            at = end + 1
        elif character == "$":
            match = _VARIABLE.match(text, at)
            end = match.end() if match else at + 1
            current.append(text[at:end])
            at = end
        elif text.startswith("<<", at):
            end = at + 2
            while end < size and text[end] in "\t\r ":
                end += 1
            current.append(text[at:end])
            at = end
        elif character == "\\":
            current.append(text[at : at + 2] if keep else text[at + 1 : at + 2])
            at += 2
        elif character in SPACES:
            if "".join(current):
                yield "".join(current)
            current = []
            at += 1
        else:
            current.append(character)
            at += 1
    if "".join(current):
        yield "".join(current)


def _closing(text: str, at: int, escapes: bool) -> int:
    """The index of the quote that ends what the one at an index begins."""
    quote = text[at]
    end = at + 1
    while end < len(text):
        if text[end] == quote:
            return end
        if text[end] == "\\" and quote == '"':
            end += 1
        end += 1
    raise _NotClosedError
