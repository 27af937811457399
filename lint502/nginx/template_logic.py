"""What is read of a template in another language than envsubst's: all its text, with symbols in the
places of expressions, and each branch of its logic.

A loop is read once. What stands within a directive, as ``listen {% if x %}80{% else %}81{% endif
%};``, is one symbol. Branches that do not go together, for they open or close blocks or directives
of their own, are read up to the first ``else``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from msgspec import Struct, field

from lint502.findings import Problem
from lint502.nginx.rendered import Branch, Lines, Piece
from lint502.nginx.symbols import UNKNOWN, Symbol
from lint502.nginx.template_tags import Role, Tag, tags
from lint502.patterns import regex
from lint502.reading import UnreadableError

MAX_DEPTH = 50
"""Blocks of a template within blocks."""

_PASS = regex(r"(?:^|[\s;{}])(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass\s", re.ASCII)
_ENDS_DIRECTIVE = regex(r"[;{}]\s*$")
_COMMENT = regex(r"(?:^|(?<=[\s;{}]))#[^\n]*", re.MULTILINE)
_ALONE = regex(rf"[ \t\r]*{UNKNOWN}[ \t\r{UNKNOWN}]*(?:#.*)?")
_WHOLE = regex(rf"(^|[;{{}}])[ \t\r]*{UNKNOWN}[ \t\r{UNKNOWN}]*(?=$|\}})")
_MOST_SHOWN = 60
_NAME = r"([A-Za-z_][A-Za-z0-9_]*)"
_QUOTED = rf"['\"]{_NAME}['\"]"
_DEFAULT = r"(?:\s*\|\s*default\b.*|\s*(?:\|\||\?\?|\?:).*|\s*\|\s*(?:trim|string|int|quote)\s*)?"
_NAMED = tuple(
    regex(form + _DEFAULT, re.DOTALL)
    for form in (
        _NAME,
        rf"(?:ENV|env|environ|\$_ENV|process\.env)\[{_QUOTED}\]",
        rf"(?:ENV\.fetch|getenv|env|environ)\(\s*{_QUOTED}\s*(?:,[^()]*)?\)",
        rf"(?:ENV\.fetch|getenv|env)\s+{_QUOTED}(?:\s+['\"][^'\"]*['\"])?",
        rf"lookup\(\s*['\"]env['\"]\s*,\s*{_QUOTED}\s*\)",
        rf"(?:(?:process)?\.[Ee]nv|env)\.{_NAME}",
        rf"default\s+\.Env\.{_NAME}\s+\S+",
        rf"\$\{{?{_NAME}\}}?",
    )
)
_PATH = regex(
    r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[['\"]\w+['\"]\])+)(?:\s*\|\s*default\b.*)?", re.DOTALL
)


class Text(Struct, frozen=True):
    """What is put into the text of a template, and where its branches begin; ``problems`` are what
    is not read of it."""

    pieces: tuple[Piece, ...]
    branches: tuple[Branch, ...]
    problems: tuple[Problem, ...]


class _Block(Struct):
    """A block of the logic. ``role`` is that of the tag that opens it, ``parts`` are where its
    branches begin and end."""

    role: Role
    opening: Tag
    start: int
    parts: list[tuple[int, int]] = field(default_factory=list)
    middles: list[Tag] = field(default_factory=list)
    inner: list[_Block] = field(default_factory=list)
    closing: Tag | None = None
    """None until it is closed."""

    @property
    def end(self) -> int:
        """Where its last tag ends."""
        return self.opening.end if self.closing is None else self.closing.end


def name_of(expression: str) -> str | None:
    """The name by which an expression takes its value: that of a variable, or of one of the
    environment; None where it is something else."""
    found = (match for form in _NAMED if (match := form.fullmatch(expression)))
    match = next(found, None)
    return None if match is None else match[1]


def path_of(expression: str) -> str | None:
    """The names of an attribute, as ``nginx.port``; None where an expression is something else."""
    match = _PATH.fullmatch(expression)
    return None if match is None else re.sub(r"\[['\"](\w+)['\"]\]", r".\1", match[1])


def shown_tag(text: str) -> str:
    """A tag on one line of limited length."""
    line = " ".join(text.split())
    return line if len(line) <= _MOST_SHOWN else f"{line[: _MOST_SHOWN - 1]}…"


def read_template(file: str, text: str, value: Callable[[str], str | None]) -> Text:
    """The pieces of a template; ``value`` gives those of names that have one."""
    return _Reading(file, text, value).text()


class _Reading:
    def __init__(self, file: str, text: str, value: Callable[[str], str | None]) -> None:
        self._file = file
        self._source = text
        self._value = value
        self._tags = list(tags(text))
        self._problems: list[Problem] = []

    def text(self) -> Text:
        blocks = _blocks(self._tags, len(self._source))
        left_out: list[tuple[int, int]] = []
        whole: list[tuple[int, int, Piece | None]] = []
        self._sort(blocks, left_out, whole)
        single = {start: (end, piece) for start, end, piece in whole}
        single.update({start: (end, None) for start, end in left_out})
        pieces: list[Piece] = []
        taken = 0
        stretches = sorted(
            [(start, end, piece) for start, (end, piece) in single.items()]
            + [(tag.start, tag.end, self._piece(tag)) for tag in self._tags],
            key=lambda one: (one[0], -one[1]),
        )
        for start, end, piece in stretches:
            if start >= taken:
                pieces.append(Piece(start, end) if piece is None else piece)
                taken = end
        branches = sorted(_numbered(blocks), key=lambda one: (one[0].start, one[1]))
        return Text(tuple(pieces), tuple(one for one, _ in branches), tuple(self._problems))

    def _piece(self, tag: Tag) -> Piece | None:
        """What stands in the place of one tag."""
        if tag.expression is None:
            return None
        written = shown_tag(self._source[tag.start : tag.end])
        name = name_of(tag.expression)
        path = path_of(tag.expression) if name is None else None
        if path is not None and (found := self._value(path)) is not None:
            return Piece(tag.start, tag.end, found, path)
        if name is None:
            return Piece.of(tag.start, tag.end, Symbol.computed(written))
        value = self._value(name)
        if value is not None:
            return Piece(tag.start, tag.end, value, name)
        return Piece.of(tag.start, tag.end, Symbol.without_value(written, name))

    def _sort(
        self,
        blocks: Iterable[_Block],
        left_out: list[tuple[int, int]],
        whole: list[tuple[int, int, Piece | None]],
    ) -> None:
        """Which blocks are one piece, and what of others is left out."""
        for block in blocks:
            start, end = block.opening.start, block.end
            if block.role == "hidden":
                whole.append((start, end, None))
                self._say_unread(start, end, "this is rendered elsewhere")
                continue
            plain = self._plain(start, end)
            if block.role == "open" and not re.search(r"[;{}]", plain):
                whole.append((start, end, self._within(block, plain)))
                continue
            if block.middles and not self._regular(block):
                assert block.closing is not None, "what has branches is closed"
                first, last = block.middles[0].start, block.closing.start
                left_out.append((first, last))
                self._say_unread(first, last, "this branch does not go together with the first")
                inner = [one for one in block.inner if one.opening.start < first]
            else:
                inner = block.inner
            self._sort(inner, left_out, whole)

    def _within(self, block: _Block, plain: str) -> Piece | None:
        """What stands in the place of a block that has no directive whole."""
        start, end = block.opening.start, block.end
        puts_out = any(tag.expression is not None for tag in self._tags_between(start, end))
        if not plain.strip() and not puts_out:
            return None
        opening = self._source[start : block.opening.end]
        return Piece.of(start, end, Symbol.computed(shown_tag(f"{opening}…")))

    def _regular(self, block: _Block) -> bool:
        """Whether each branch of a block has directives and blocks whole."""
        before = self._plain(0, block.opening.start, most=2_000).rstrip()
        if before and not _ENDS_DIRECTIVE.search(before) and not self._ends_alone(before):
            return False
        for start, end in block.parts:
            plain = self._plain(start, end).rstrip()
            if plain.count("{") != plain.count("}"):
                return False
            if plain and not _ENDS_DIRECTIVE.search(plain) and not self._ends_alone(plain):
                return False
        return True

    @staticmethod
    def _ends_alone(plain: str) -> bool:
        return _ALONE.fullmatch(plain.rpartition("\n")[2]) is not None

    def _plain(self, start: int, end: int, most: int = 0) -> str:
        """The text between two offsets without tags and comments; expressions are symbols there.
        ``most``: only so many characters before the end."""
        start = max(start, end - most) if most else start
        parts = []
        position = start
        for tag in self._tags_between(start, end):
            parts += [self._source[position : tag.start], UNKNOWN * (tag.expression is not None)]
            position = tag.end
        parts.append(self._source[position:end])
        return _COMMENT.sub("", "".join(parts))

    def _tags_between(self, start: int, end: int) -> Iterator[Tag]:
        first = bisect_left(self._tags, start, key=lambda tag: tag.start)
        for index in range(first, len(self._tags)):
            if self._tags[index].end > end:
                return
            yield self._tags[index]

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._source)

    def _say_unread(self, start: int, end: int, why: str) -> None:
        found = _PASS.search(self._source, start, end)
        if found is not None:
            line, _ = self._lines.place(found.end() - 1)
            said = f"a pass that is not checked: {why}; render the template, and check the result"
            self._problems.append(Problem(self._file, line, said))


def _blocks(found: Iterable[Tag], size: int) -> list[_Block]:
    """The blocks of a template, those within others in them. One that is not closed ends with the
    text, unless what is in it is rendered elsewhere."""
    outermost: list[_Block] = []
    stack: list[_Block] = []
    for tag in found:
        for role in tag.roles:
            if role == "close":
                if stack:
                    block = stack.pop()
                    block.parts.append((block.start, tag.start))
                    block.closing = tag
                    (stack[-1].inner if stack else outermost).append(block)
            elif role == "middle":
                if stack:
                    stack[-1].parts.append((stack[-1].start, tag.start))
                    stack[-1].middles.append(tag)
                    stack[-1].start = tag.end
            else:
                stack.append(_Block(role, tag, tag.end))
                if len(stack) > MAX_DEPTH:
                    raise UnreadableError(
                        f"has blocks of a template nested more than {MAX_DEPTH} levels deep"
                    )
    while stack:
        block = stack.pop()
        around = stack[-1].inner if stack else outermost
        if block.role == "hidden":
            around.extend(block.inner)
        else:
            block.parts.append((block.start, size))
            block.closing = Tag(size, size)
            around.append(block)
    return outermost


def _numbered(blocks: Sequence[_Block]) -> Iterator[tuple[Branch, bool]]:
    """Where each branch begins, which is True, and where the text goes on after it."""
    number = 0
    waiting = [(block, 0) for block in blocks]
    while waiting:
        block, outer = waiting.pop()
        if block.role != "open":
            waiting += [(inner, outer) for inner in block.inner]
            continue
        numbers = []
        for start, _ in block.parts:
            number += 1
            numbers.append(number)
            yield Branch(start, number), True
        yield Branch(block.end, outer), False
        for inner in block.inner:
            own = max(
                index for index, (start, _) in enumerate(block.parts) if start <= inner.opening.end
            )
            waiting.append((inner, numbers[own]))


def with_whole_lines(text: str, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, with a semicolon behind symbols that stand where a directive begins, and behind
    which nothing follows on the line."""
    lines = _masked(text, pieces).split("\n")
    symbols = (index for index, piece in enumerate(pieces) if piece.symbol is not None)
    result = list(pieces)
    follows = ""
    following = [""] * len(lines)
    for number in range(len(lines) - 1, -1, -1):
        following[number] = follows
        follows = lines[number].lstrip()[:1] or follows
    begins = True
    for number, line in enumerate(lines):
        here = [next(symbols) for _ in range(line.count(UNKNOWN))]
        code = _COMMENT.sub("", line).rstrip()
        if not code:
            continue
        for match in _WHOLE.finditer(code):
            at_end = match.end() == len(code) and following[number] in (";", "{")
            if not at_end and (match[1] or begins):
                last = here[code.count(UNKNOWN, 0, match.end()) - 1]
                result[last] = result[last].as_directive()
        whole = begins and _ALONE.fullmatch(code) is not None
        begins = whole or line.rstrip().endswith((";", "{", "}")) or code.endswith((";", "{", "}"))
    return [piece for piece in result if not piece.tentative]


def _masked(text: str, pieces: Iterable[Piece]) -> str:
    """The text with blanks in the place of what vanishes, and a symbol as one character."""
    parts = []
    position = 0
    for piece in pieces:
        if piece.symbol is not None:
            put_in = UNKNOWN
        else:
            put_in = "." if piece.text.strip() else ""
            if piece.text.rstrip().endswith((";", "{", "}")):
                put_in = ";"
        parts += [text[position : piece.start], put_in]
        position = piece.end
    parts.append(text[position:])
    return "".join(parts)
