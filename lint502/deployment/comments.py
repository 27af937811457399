"""The comments of files that say how something is run, and what each of them is about: what
follows it, or the line that it ends; in a Dockerfile also the instruction that it stands in.

What looks like a comment within a text (a string, a block of YAML, a heredoc) is none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct

from lint502.deployment import dotenv
from lint502.deployment.dockerfile import parsing
from lint502.deployment.yaml_stretches import stretches
from lint502.patterns import regex
from lint502.places import SourceFile
from lint502.reading import UnreadableError

_DOCKERFILE = regex(r"(?:^|[.-])(?:Docker|Container)file(?:[.-]|$)", re.IGNORECASE)
_ENV = regex(r"(?:^|[._-])env(?:[._-]|$)", re.IGNORECASE)
_YAML = regex(r"\.ya?ml$|^Kustomization$")
_MARK = regex(r"[ \t]*(?:#|;|//)")
_COMMENT_OF_YAML = regex(r"(?:^|(?<=[ \t]))#", re.MULTILINE)


class Comment(Struct, frozen=True):
    """``text`` is what follows the mark, which stands at ``line`` and ``column``. It is about the
    lines from ``first`` to ``last``."""

    text: str
    line: int
    column: int
    first: int
    last: int


def comments(source: SourceFile) -> Iterator[Comment]:
    """The comments of a file, by the kind of file that its name says it is: YAML, a Dockerfile,
    variables; in any other one those on lines of their own. None where it cannot be read."""
    name = source.name.rpartition("/")[2]
    try:
        if _YAML.search(name):
            yield from _in_yaml(source)
        elif _DOCKERFILE.search(name):
            yield from _in_dockerfile(source)
        elif _ENV.search(name):
            yield from _in_variables(source)
        else:
            yield from _on_own_lines(source)
    except UnreadableError:
        return


def _in_yaml(source: SourceFile) -> Iterator[Comment]:
    found = stretches(source)
    text, lines = source.text, _Lines(source.text)
    starts = [one.start for one in found.texts]
    entries = sorted((lines.of(one.start), -lines.of(one.end - 1)) for one in found.entries)
    blocks = {lines.of(one.start) - 1: lines.of(one.end - 1) for one in found.blocks}
    ended = {lines.of(one.end - 1): lines.of(one.start) for one in reversed(found.texts)}
    next_line = 0
    for mark in _COMMENT_OF_YAML.finditer(text):
        at = mark.start()
        before = bisect_right(starts, at) - 1
        if at < next_line or (before >= 0 and at < found.texts[before].end):
            continue
        line = lines.of(at)
        next_line = lines.end(line)
        first = last = line
        if text[lines.start(line) : at].strip():
            first, last = ended.get(line, line), blocks.get(line, line)
        else:
            index = bisect_right(entries, (line, 0))
            if index < len(entries):
                first, last = entries[index][0], -entries[index][1]
        yield _comment(source, line, at - lines.start(line), first, last)


def _in_dockerfile(source: SourceFile) -> Iterator[Comment]:
    instructions = parsing.parse(source).instructions
    starts = [one.line for one in instructions]
    for number, text in _marked(source):
        if not text.lstrip().startswith("#"):
            continue
        before = bisect_right(starts, number) - 1
        inside = instructions[before] if before >= 0 else None
        if inside is not None and number <= inside.last:
            if number > inside.segments[-1].line:
                continue  # in a heredoc, where there are no comments of Docker's
            first, last = inside.line, inside.last
        elif before + 1 < len(instructions):
            first, last = instructions[before + 1].line, instructions[before + 1].last
        else:
            first = last = number
        yield _comment(source, number, len(text) - len(text.lstrip()), first, last)


def _in_variables(source: SourceFile) -> Iterator[Comment]:
    lines = _Lines(source.text)
    found = dotenv.layout(source)
    spans = [(lines.of(start), lines.of(end)) for start, end in found.statements]
    for at in found.comments:
        line = lines.of(at)
        column = at - lines.start(line)
        index = bisect_right(spans, (line, 0))
        first = last = line
        if source.line(line)[:column].strip():
            before = bisect_right(spans, (line, line)) - 1
            first = spans[before][0] if before >= 0 else line
        elif index < len(spans):
            first, last = spans[index]
        yield _comment(source, line, column, first, last)


def _on_own_lines(source: SourceFile) -> Iterator[Comment]:
    marked = dict(_marked(source))
    total = source.text.count("\n") + 1
    following = total
    about: dict[int, int] = {}
    for number in range(total, 0, -1):
        if number in marked:
            about[number] = following
        elif source.line(number).strip():
            following = number
    for number, text in marked.items():
        first = last = max(about[number], number)
        while source.line(last).endswith("\\") and last < total:
            last += 1
        yield _comment(source, number, len(text) - len(text.lstrip()), first, last)


def _marked(source: SourceFile) -> Iterator[tuple[int, str]]:
    """The lines that begin with a mark."""
    for number in range(1, source.text.count("\n") + 2):
        line = source.line(number)
        if _MARK.match(line):
            yield number, line


def _comment(source: SourceFile, line: int, column: int, first: int, last: int) -> Comment:
    text = source.line(line)[column:]
    return Comment(re.sub(r"^(?://|;|#)", "", text), line, column + 1, first, last)


class _Lines:
    """The lines of a text by offsets."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._length = len(text)

    def of(self, at: int) -> int:
        """The line of an offset."""
        return bisect_right(self._starts, max(at, 0))

    def start(self, line: int) -> int:
        """Where a line starts."""
        return self._starts[line - 1]

    def end(self, line: int) -> int:
        """Where the next one starts."""
        return self._starts[line] if line < len(self._starts) else self._length
