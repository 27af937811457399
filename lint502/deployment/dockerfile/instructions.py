"""The instructions of a Dockerfile."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from msgspec import Struct

from lint502.places import Place, SourceFile


class Heredoc(Struct, frozen=True):
    """The text of ``<<EOF``; ``line`` is its first line. ``expands``: Docker or the shell puts
    variables in. ``tabs``: those that lines begin with do not count (``<<-EOF``)."""

    name: str
    text: str
    line: int
    expands: bool
    tabs: bool = False

    @property
    def content(self) -> str:
        """The text as it is written to a file."""
        return re.sub(r"(?m)^\t+", "", self.text) if self.tabs else self.text


class Segment(Struct, frozen=True):
    """Where in the file a part of an instruction's text stands; ``at`` is its index there."""

    at: int
    line: int
    column: int


class Instruction(Struct, frozen=True, dict=True):
    """``RUN --mount=… npm ci``: the keyword in capitals, its flags, and what follows.

    ``text`` is the whole on one line, ``rest`` what follows the flags. ``words`` are the words of
    ``rest``; for ENV and LABEL each pair is two of them. Where it is written for a shell, they are
    one. ``json``: they are written as a list (``["nginx", "-g"]``). ``inner`` is what ONBUILD is
    given.
    """

    source: SourceFile
    keyword: str
    text: str
    rest: str
    flags: tuple[str, ...]
    words: tuple[str, ...]
    json: bool
    segments: tuple[Segment, ...]
    last: int
    """The last line that it takes, with its heredocs."""
    heredocs: tuple[Heredoc, ...] = ()
    inner: Instruction | None = None

    @property
    def line(self) -> int:
        """The first line."""
        return self.segments[0].line

    @cached_property
    def place(self) -> Place:
        """The first line, as far as the instruction goes on it."""
        return self.at(0)

    @cached_property
    def _starts(self) -> list[int]:
        return [one.at for one in self.segments]

    def at(self, index: int) -> Place:
        """The place of a character of ``text``, up to the end of its line."""
        segment = self.segments[max(bisect_right(self._starts, index) - 1, 0)]
        line = self.source.line(segment.line)
        column = segment.column + index - segment.at
        end = max(len(line.rstrip()) + 1, column + 1)
        return Place(self.source.name, segment.line, column, end, line)

    def of(self, written: str) -> Place:
        """The place of a word; that of the instruction where it does not stand in one piece."""
        match = re.search(
            rf"(?<![\w.-]){re.escape(written)}(?![\w-])", self.text[len(self.keyword) :]
        )
        if match is None or not written or "\n" in written:
            return self.place
        found = self.at(match.start() + len(self.keyword))
        end = min(found.column + len(written), found.end_column)
        return Place(found.file, found.line, found.column, end, found.text)

    def flag(self, name: str) -> str | None:
        """The value of a flag, the last one where it is given twice; "" without a value."""
        value = None
        for one in self.flags:
            key, _, given = one.partition("=")
            if key == f"--{name}":
                value = given
        return value


class Dockerfile(Struct, frozen=True):
    """The instructions of a file, in their order; ``escape`` is its escape character."""

    source: SourceFile
    instructions: tuple[Instruction, ...]
    escape: str = "\\"
