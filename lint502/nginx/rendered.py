"""A text that came out of a template, and the way back: every place of it has one there."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lint502.nginx.symbols import UNKNOWN, Symbol
from lint502.reading import UnreadableError


class Span(Struct, frozen=True):
    """Something of a template that stands on one line: where, counted from 1, and up to where.
    ``name`` is that of a ``${NAME}`` or, if it is not ``braced``, a ``$NAME``; "" where it is
    neither."""

    line: int
    column: int
    end_column: int
    name: str
    braced: bool


class Piece(Struct, frozen=True):
    """What is put in the place of a stretch of a template, by offsets: a value (``name`` has one),
    nothing, or a symbol, which is each :data:`~lint502.nginx.symbols.UNKNOWN` of the ``text``.
    ``tentative``: it is one only where a directive begins."""

    start: int
    end: int
    text: str = ""
    name: str = ""
    symbol: Symbol | None = None
    tentative: bool = False

    @classmethod
    def of(cls, start: int, end: int, symbol: Symbol, *, tentative: bool = False) -> Piece:
        """A symbol."""
        return cls(start, end, UNKNOWN, symbol=symbol, tentative=tentative)

    def as_directive(self) -> Piece:
        """The same symbol as a whole directive, where no semicolon is behind it."""
        return replace(self, text=UNKNOWN + ";", tentative=False)

    @classmethod
    def closing(cls, start: int, end: int, symbol: Symbol, depth: int) -> Piece:
        """A symbol that is a directive at the end of each of ``depth`` blocks."""
        text = f"\n{UNKNOWN};" + f"}}{UNKNOWN};" * depth
        return cls(start, end, text, symbol=symbol)


class Branch(Struct, frozen=True):
    """From an offset of the template on, what is there is of this branch of its logic; 0: of
    none."""

    start: int
    number: int


class Rendered:
    """A text that came out of a template.

    What is put in has the place of what stands there in the template, from its start to its end.
    """

    def __init__(
        self, template: str, pieces: Iterable[Piece], branches: Sequence[Branch] = ()
    ) -> None:
        """``pieces`` do not overlap and are in order, and so are ``branches``."""
        texts: list[str] = []
        self._starts: list[int] = []  # where the stretches start in the text
        self._origins: list[tuple[int, int, bool]] = []  # in the template; whether it is put in
        self._pieces = tuple(pieces)
        self._symbols: list[tuple[int, Symbol]] = []  # by their offsets in the text
        self._branches = branches
        self._branch_starts = [branch.start for branch in branches]
        self._template = Lines(template)
        length = position = 0

        def add(text: str, start: int, end: int, put_in: bool) -> None:
            nonlocal length
            if text:
                texts.append(text)
                self._starts.append(length)
                self._origins.append((start, end, put_in))
                length += len(text)

        for piece in self._pieces:
            add(template[position : piece.start], position, piece.start, False)
            position = piece.end
            if piece.symbol is not None:
                self._symbols += [
                    (length + match.start(), piece.symbol)
                    for match in re.finditer(UNKNOWN, piece.text)
                ]
            add(piece.text, piece.start, piece.end, True)
            _check_size(length)
        add(template[position:], position, len(template), False)
        _check_size(length)
        self.text = "".join(texts)
        self._lines = Lines(self.text)

    @property
    def changed(self) -> bool:
        """Whether anything was put in, or taken out."""
        return bool(self._pieces)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Its symbols, in their order."""
        return tuple(symbol for _, symbol in self._symbols)

    def names(self) -> list[str]:
        """The names of the values, in the order of the template, each once."""
        return list(dict.fromkeys(piece.name for piece in self._pieces if piece.name))

    def spans(self) -> Iterator[Span]:
        """Where the template has something else than what nginx reads, line by line."""
        for piece in self._pieces:
            line, column = self._template.place(piece.start)
            last, end = self._template.place(piece.end)
            braced = piece.end - piece.start > len(piece.name) + 1
            for number in range(line, last + 1):
                start = column if number == line else 1
                stop = end if number == last else len(self._template.text(number)) + 1
                yield Span(number, start, stop, piece.name, braced)

    def offset(self, offset: int) -> int:
        """The offset of the template where what comes before one of the text ends."""
        return self._end(offset)

    def symbols_at(self, line: int, column: int, count: int) -> Sequence[Symbol]:
        """The first symbols from a place of the text on."""
        first = bisect_left(self._symbols, self._lines.offset(line, column), key=lambda one: one[0])
        return [symbol for _, symbol in self._symbols[first : first + count]]

    @property
    def branches(self) -> bool:
        """Whether the template has branches."""
        return bool(self._branches)

    def branch(self, line: int, column: int) -> int:
        """The number of the branch that a place of the template is in; 0: it is in none."""
        index = bisect_right(self._branch_starts, self._template.offset(line, column)) - 1
        return 0 if index < 0 else self._branches[index].number

    def line(self, line: int) -> int:
        """The line of the template from which a line of the text comes."""
        return self._template.place(self._start(self._lines.offset(line, 1)))[0]

    def start(self, line: int, column: int) -> tuple[int, int]:
        """The line and column of the template for something that starts at those of the text."""
        return self._template.place(self._start(self._lines.offset(line, column)))

    def end(self, line: int, column: int) -> tuple[int, int]:
        """The line and column of the template for something that ends before those of the text."""
        return self._template.place(self._end(self._lines.offset(line, column)))

    def in_value(self, line: int, column: int) -> bool:
        """Whether what stands there is put in."""
        origin = self._origin(self._lines.offset(line, column))
        return origin is not None and origin[1][2]

    def text_line(self, line: int) -> str:
        """A line of the text, without its end."""
        return self._lines.text(line)

    def template_line(self, line: int) -> str:
        """A line of the template, without its end."""
        return self._template.text(line)

    def _origin(self, offset: int) -> tuple[int, tuple[int, int, bool]] | None:
        index = bisect_right(self._starts, offset) - 1
        return None if index < 0 else (self._starts[index], self._origins[index])

    def _start(self, offset: int) -> int:
        if offset >= len(self.text):
            return self._template.size
        origin = self._origin(offset)
        if origin is None:
            return 0
        begin, (start, _, value) = origin
        return start if value else start + offset - begin

    def _end(self, offset: int) -> int:
        origin = self._origin(offset - 1)
        if origin is None:
            return 0
        begin, (start, end, value) = origin
        return end if value else start + offset - begin


def _check_size(length: int) -> None:
    from lint502.nginx.files import MAX_FILE_BYTES

    if length > MAX_FILE_BYTES:
        raise UnreadableError(
            f"has more than {MAX_FILE_BYTES // 1024**2} MB with the values that are given", 1
        )


class Lines:
    """A text whose offsets have lines and columns, both counted from 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.size = len(text)
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def offset(self, line: int, column: int) -> int:
        """Where a line and a column are."""
        return self._starts[line - 1] + column - 1

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def text(self, line: int) -> str:
        """A line without its end."""
        start = self._starts[line - 1]
        end = self._starts[line] - 1 if line < len(self._starts) else self.size
        return self._text[start:end]
