"""Where something is written: files as they were read, and places in them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate
from operator import attrgetter

from lint502.standing import Standing
from lint502.values import Compared


class SourceFile:
    """A text that was read, under the name that reports show.

    ``name`` is relative to the working directory where the file lies below it; for a file out of
    an ``nginx -T`` dump it is the original path.
    """

    __slots__ = ("_lines", "_starts", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._lines: list[str] | None = None
        self._starts: array[int] | None = None

    def line(self, number: int) -> str:
        """The text of a line (counted from 1) without its line end; "" where there is none."""
        if self._lines is None:
            self._lines = self.text.split("\n")
        if not 1 <= number <= len(self._lines):
            return ""
        return self._lines[number - 1].rstrip("\r")

    def place(self, start: int, end: int) -> Place:
        """The place of a stretch that begins and ends at these offsets, in one line."""
        if self._lines is None or self._starts is None:
            lines = self._lines = self.text.split("\n")
            self._starts = array("L", accumulate((len(line) + 1 for line in lines), initial=0))
        number = bisect_right(self._starts, start)
        before = self._starts[number - 1] - 1
        return Place(self.name, number, start - before, end - before, self.line(number))

    def line_end(self, number: int) -> str:
        """What ends a line, or the lines around it where it is the last one."""
        self.line(number)
        lines = self._lines or []
        ended = lines[number - 1 : number] if number < len(lines) else lines[:1]
        return "\r\n" if ended and ended[0].endswith("\r") else "\n"


class Place(Compared, frozen=True):
    """A stretch of one line in a file.

    Lines and columns count from 1, columns in characters; ``end_column`` is the column after the
    last character. ``text`` is the whole line, for reports that show it; ``note`` says what is
    to be seen there. ``standing`` is that of the fact which is stated there, if it is one.
    """

    identity = attrgetter("file", "line", "column", "end_column", "text", "note")

    file: str
    line: int
    column: int
    end_column: int
    text: str = ""
    note: str = ""
    standing: Standing | None = None
