"""``.env`` files, as Compose reads them.

The format is in the Compose Specification, 05-services.md, "Env_file format", and in compose-go,
``dotenv/parser.go``: names with ``=`` or ``:``, quotes that may go over several lines, comments,
``export``, variables in unquoted and double-quoted values.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from msgspec import Struct

from lint502.deployment.interpolation import Stacked, Variables, interpolate
from lint502.deployment.texts import UNKNOWN, Text, Unread
from lint502.patterns import regex
from lint502.places import Place, SourceFile

MAX_TOTAL = 4 * 1024**2
"""Characters of all values of a file together, once variables are put in."""

_BLANK = " \t\v\f\r\x85\xa0"
_SKIPPED = regex(r"\s*(?:#[^\n]*\s*)*")
_NAME = regex(rf"(?:export[{_BLANK}]+)?([\w.\-\[\]]+)[{_BLANK}]*([=:]|\n|\Z)")
_BLANKS = regex(rf"[{_BLANK}]*")
_QUOTED = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
}
_ESCAPE = regex(r'\\(?:([abcfnrtv$"\\])|0([0-7]{1,3}))')
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class EnvFile(Struct, frozen=True):
    """The variables of a file, each with the place of its value, and what could not be read.
    ``alone``: it says the same whatever is set already."""

    variables: Variables
    unread: tuple[Unread, ...] = ()
    alone: bool = True


class Layout(Struct, frozen=True):
    """Where the marks of the comments of a file stand, and where its statements begin and end:
    offsets."""

    comments: tuple[int, ...]
    statements: tuple[tuple[int, int], ...]


def layout(source: SourceFile) -> Layout:
    """Where the comments and statements of a file are."""
    reading = _Reading(source, Variables(), False, False)
    reading.read()
    return Layout(tuple(reading.comments), tuple(reading.statements))


def read(
    source: SourceFile, outer: Variables | None = None, *, raw: bool = False, example: bool = False
) -> EnvFile:
    """The variables that a file sets.

    ``outer`` has variables that are set already, and that count before those of the file in its
    values. ``raw``: quotes and ``$`` are part of a value. ``example``: the file is an example.
    """
    return _Reading(source, outer or Variables(), raw, example).read()


class _Reading:
    def __init__(self, source: SourceFile, outer: Variables, raw: bool, example: bool) -> None:
        self._source = source
        self._text = source.text
        self._outer = outer
        self._raw = raw
        self._example = example
        self._known: dict[str, Text] = {}
        self._unknown: set[str] = set()
        self._unread: list[Unread] = []
        self._starts = [0, *(match.end() for match in re.finditer("\n", source.text))]
        self._left = MAX_TOTAL
        self._alone = True
        self.comments: list[int] = []
        self.statements: list[tuple[int, int]] = []
        self._seen = Variables(Stacked(outer.known, self._known), self._unknown)

    def read(self) -> EnvFile:
        at = 0
        while True:
            skipped = _SKIPPED.match(self._text, at)
            if skipped:
                while (mark := self._text.find("#", at, skipped.end())) != -1:
                    self._note_comment(mark)
                    at = self._line_end(mark)
                at = skipped.end()
            if at >= len(self._text):
                break
            start, at = at, self._statement(at)
            self.statements.append((start, at))
        variables = Variables(self._known, frozenset(self._unknown))
        return EnvFile(variables, tuple(self._unread), self._alone)

    def _statement(self, at: int) -> int:
        """Read what begins here; where the next one may begin."""
        end = self._line_end(at)
        name = _NAME.match(self._text, at)
        if name is None:
            self._refuse(at, "is no NAME=VALUE")
            return end
        if name[2] not in ("=", ":"):
            self._alone = False
            inherited = self._outer.known.get(name[1])
            if inherited is not None:
                self._set(name[1], inherited.value, name.start(1), name.end(1))
            return end
        blanks = _BLANKS.match(self._text, name.end())
        start = blanks.end() if blanks else name.end()
        quote = self._text[start : start + 1]
        if self._raw or quote not in _QUOTED:
            value = self._text[start : max(start, end)]
            if not self._raw:
                value, mark, _ = value.partition(" #")
                self._note_comment(start + len(value) + 1 if mark else -1)
            value = value.rstrip()
            self._set(name[1], value, start, start + len(value), interpolated=not self._raw)
            return max(start, end)
        quoted = _QUOTED[quote].match(self._text, start)
        if quoted is None:
            self._refuse(start, "has a quote that is not closed")
            return end
        value = quoted[1].replace("\\" + quote, quote)
        if quote == '"':
            value = _ESCAPE.sub(_unescaped, value)
        self._set(name[1], value, start, quoted.end(), interpolated=quote == '"')
        end = self._line_end(quoted.end())
        self._note_comment(self._text.find("#", quoted.end(), end))
        return end

    def _set(
        self, name: str, value: str, start: int, end: int, *, interpolated: bool = False
    ) -> None:
        example = self._example
        if interpolated and "$" in value:
            self._alone = False
            made = interpolate(value, self._seen)
            value, example = made.text, example or made.example
        self._left -= len(value)
        self._known.pop(name, None)
        self._unknown.discard(name)
        if self._left < 0 or UNKNOWN in value:
            self._unknown.add(name)
        else:
            self._known[name] = Text(value, self._place(start, end), example)

    def _note_comment(self, at: int) -> None:
        if at != -1:
            self.comments.append(at)

    def _refuse(self, at: int, why: str) -> None:
        self._unread.append(Unread(self._place(at, self._line_end(at)), why))

    def _line_end(self, at: int) -> int:
        end = self._text.find("\n", at)
        return len(self._text) if end == -1 else end

    def _place(self, start: int, end: int) -> Place:
        line = bisect_right(self._starts, start)
        column = start - self._starts[line - 1] + 1
        text = self._source.line(line)
        stop = min(column + end - start, len(text) + 1)
        return Place(self._source.name, line, column, max(stop, column + 1), text)


def _unescaped(found: re.Match[str]) -> str:
    """What an escape in double quotes stands for. ``\\$`` stays a dollar sign without meaning."""
    if found[2] is not None:
        return chr(int(found[2], 8) & 0xFF)
    return "$$" if found[1] == "$" else _ESCAPED.get(found[1], found[1])
