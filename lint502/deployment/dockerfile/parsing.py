"""A Dockerfile read as BuildKit reads it: continued lines, comments, directives, heredocs.

https://docs.docker.com/reference/dockerfile/ and https://github.com/moby/buildkit,
frontend/dockerfile/parser/parser.go.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from msgspec.structs import replace

from lint502.deployment.dockerfile.heredocs import announced
from lint502.deployment.dockerfile.instructions import Dockerfile, Heredoc, Instruction, Segment
from lint502.deployment.dockerfile.splitting import (
    IS_TEMPLATE,
    SPACES,
    TEMPLATE,
    split_command,
    split_words,
)
from lint502.patterns import regex
from lint502.places import SourceFile
from lint502.reading import UnreadableError, shown

MAX_INSTRUCTIONS = 20_000
MAX_LINE = 65_535
"""Bytes of a line that Docker reads, with its end."""

_DIRECTIVE = regex(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_CONTINUED = {
    "\\": re.compile(r"(?:(?<=[^\\])|^)\\[ \t]*\Z", re.DOTALL),
    "`": re.compile(r"(?:(?<=[^`])|^)`[ \t]*\Z", re.DOTALL),
}
_MAY_HAVE_HEREDOCS = frozenset(("ADD", "COPY", "RUN"))


def parse(source: SourceFile) -> Dockerfile:
    """The instructions of a file.

    Raises :class:`~lint502.reading.UnreadableError`, worded to follow "this file".
    """
    return _Reading(source).read()


class _Reading:
    """A file, line by line."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        text = source.text.removeprefix("\ufeff")
        self._shift = len(source.text) - len(text)
        self._lines = text.split("\n")
        if self._lines[-1] == "":
            self._lines.pop()
        self._next = 0
        self._where: dict[bool, dict[str, list[int]]] = {}
        self._escape = "\\"
        self._directives: set[str] | None = set()
        """Those that were read; None once no more can come."""

    def read(self) -> Dockerfile:
        found: list[Instruction] = []
        for text, segments in self._texts():
            if len(found) >= MAX_INSTRUCTIONS:
                raise UnreadableError(
                    f"has more than {MAX_INSTRUCTIONS} instructions; lint502 stops here",
                    segments[0].line,
                )
            found.append(self._with_heredocs(self._instruction(text, segments)))
        if not found:
            raise UnreadableError("has no instruction", 1)
        return Dockerfile(self._source, tuple(found), self._escape)

    def _texts(self) -> Iterator[tuple[str, tuple[Segment, ...]]]:
        """Each instruction on one line, with where its parts stand."""
        while self._next < len(self._lines):
            line = self._take()
            stripped = line.lstrip(SPACES)
            column = len(line) - len(stripped) + 1 + (self._shift if self._next == 1 else 0)
            self._direct(stripped)
            if stripped.startswith("#"):
                stripped = ""
            text, continued = self._continued(stripped)
            if not continued and not text:
                continue
            parts = [text]
            segments = [Segment(0, self._next, column)]
            size = len(text)
            while continued and self._next < len(self._lines):
                line = self._take()
                bare = line.lstrip(SPACES)
                if not bare or bare.startswith("#"):
                    continue
                text, continued = self._continued(line)
                segments.append(Segment(size, self._next, 1))
                parts.append(text)
                size += len(text)
            yield "".join(parts), tuple(segments)

    def _take(self) -> str:
        line = self._lines[self._next]
        self._next += 1
        if len(line) >= MAX_LINE // 4 and len(line.encode("utf-8", "surrogateescape")) >= MAX_LINE:
            raise UnreadableError(
                f"has a line of more than {MAX_LINE} bytes, which Docker does not read", self._next
            )
        return line.rstrip("\r")

    def _direct(self, line: str) -> None:
        """Take a directive, ``# escape=```, where one can stand."""
        if self._directives is None:
            return
        match = _DIRECTIVE.match(line)
        name = match[1].lower() if match else ""
        if match is None or name not in ("syntax", "escape", "check"):
            self._directives = None
            return
        if name in self._directives:
            raise UnreadableError(f"has the directive {name} twice", self._next)
        self._directives.add(name)
        if name == "escape":
            if match[2] not in _CONTINUED:
                raise UnreadableError(
                    f"has {shown(match[2][:80])} as its escape character, which can be \\ or `",
                    self._next,
                )
            self._escape = match[2]

    def _continued(self, line: str) -> tuple[str, bool]:
        """A line without the mark that it goes on, and whether it does."""
        match = _CONTINUED[self._escape].search(line)
        return (line, False) if match is None else (line[: match.start()], True)

    def _instruction(self, text: str, segments: tuple[Segment, ...]) -> Instruction:
        written, flags, rest = split_command(text, self._escape)
        keyword = written.upper()
        line = segments[0].line
        try:
            words, listed = split_words(keyword, rest, self._escape, line)
        except UnreadableError:
            if TEMPLATE.search(text):
                raise UnreadableError(IS_TEMPLATE, line) from None
            raise
        inner = None
        if keyword == "ONBUILD" and rest:
            if rest.upper().startswith("ONBUILD"):
                raise UnreadableError("has ONBUILD in ONBUILD", line)
            inner = self._instruction(rest, _from(segments, text.rfind(rest)))
        return Instruction(
            self._source, keyword, text, rest, flags, words, listed, segments, self._next,
            inner=inner,
        )  # fmt: skip

    def _with_heredocs(self, instruction: Instruction) -> Instruction:
        holder = instruction.inner or instruction
        if holder.keyword not in _MAY_HAVE_HEREDOCS or holder.json or "<<" not in holder.text:
            return instruction
        found = tuple(self._heredocs(instruction))
        if not found:
            return instruction
        inner = instruction.inner
        if inner is not None:
            inner = _with(inner, found, self._next)
        return _with(instruction, found, self._next, inner)

    def _heredocs(self, instruction: Instruction) -> Iterator[Heredoc]:
        """The texts of the heredocs of an instruction. ``<< 2`` is one only where a line ends it:
        older versions of BuildKit know no blank there, and ``$((1 << 2))`` is none."""
        for one in announced(instruction.text):
            first = self._next
            end = self._end_of(one.name, one.tabs)
            if end is None and one.blank:
                continue
            if end is None:
                raise UnreadableError(
                    f"has a heredoc here that no line {shown(one.name[:80])} ends", instruction.line
                )
            self._next = end + 1
            text = "".join(f"{line}\n" for line in self._lines[first:end])
            yield Heredoc(one.name, text, first + 1, one.expands, one.tabs)

    def _end_of(self, name: str, tabs: bool) -> int | None:
        """The index of the line that ends a heredoc."""
        where = self._where.get(tabs)
        if where is None:
            where = self._where[tabs] = {}
            for index, line in enumerate(self._lines):
                bare = line.rstrip("\r")
                where.setdefault(bare.lstrip("\t") if tabs else bare, []).append(index)
        found = where.get(name, [])
        position = bisect_left(found, self._next)
        return found[position] if position < len(found) else None


def _with(
    instruction: Instruction,
    heredocs: tuple[Heredoc, ...],
    last: int,
    inner: Instruction | None = None,
) -> Instruction:
    return replace(instruction, heredocs=heredocs, last=last, inner=inner)


def _from(segments: tuple[Segment, ...], at: int) -> tuple[Segment, ...]:
    """Where the parts of a text stand from an index on."""
    begun = [one for one in segments if one.at <= at]
    first = begun[-1]
    moved = [Segment(0, first.line, first.column + at - first.at)]
    return (
        *moved,
        *(Segment(one.at - at, one.line, one.column) for one in segments if one.at > at),
    )
