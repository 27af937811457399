"""Rendering a template as envsubst does in nginx's container image, and finding the way back.

The entry point of the image gives envsubst the names that are defined in the environment, those
alone that ``NGINX_ENVSUBST_FILTER`` takes: ``$NAME`` and ``${NAME}`` of any other name stay as
they are, nginx's own variables among them. Sources: ``entrypoint/20-envsubst-on-templates.sh`` of
https://github.com/nginx/docker-nginx, and ``subst_from_stdin()`` in ``envsubst.c`` of GNU gettext.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lint502.reading import UnreadableError, shown

if TYPE_CHECKING:
    from lint502.findings import Finding

MAX_VALUE_BYTES = 64 * 1024
MAX_FILTER = 200
FILTER = "NGINX_ENVSUBST_FILTER"

MARKER = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
"""What envsubst looks for."""

_CAPITALS = re.compile(r"\$(?:\{([A-Z][A-Z0-9_]*)\}|([A-Z][A-Z0-9_]+)(?![A-Za-z0-9_]))")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UPPER = re.compile(r"[A-Z][A-Z0-9_]*")
_SIMPLE_FILTER = re.compile(
    r"(?:\[\^?(?:\w(?:-\w)?)+\][*+?]?|[\w.][*+?]?|[()|^$])*", re.ASCII
)  # with few groups and quantifiers, and none after a group, nothing takes long
_MOST_GROUPS = 3
_MOST_REPEATS = 1
_LONGEST_NAME = 1000


def is_name(text: str) -> bool:
    """Whether envsubst would replace a variable of this name."""
    return _NAME.fullmatch(text) is not None


def is_upper(name: str) -> bool:
    """Whether a name is written as those of the environment are; nginx's own are not."""
    return _UPPER.fullmatch(name) is not None


class Values:
    """The values that are given, as the environment of the container would have them."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        """Raises ``ValueError`` where a value or the filter is not one that can be used."""
        given = given or {}
        for name, value in given.items():
            size = len(value.encode("utf-8", "surrogatepass"))
            if size > MAX_VALUE_BYTES:
                raise ValueError(
                    f"the value of {shown(name)} has {size} bytes; lint502 takes at most "
                    f"{MAX_VALUE_BYTES // 1024} KiB"
                )
            if len(name) > _LONGEST_NAME:
                raise ValueError(
                    f"the name {shown(name[:20])}… is longer than {_LONGEST_NAME} characters"
                )
            if "\0" in value:
                raise ValueError(
                    f"the value of {shown(name)} has a NUL byte, which no environment can hold"
                )
        takes = _filter(given.get(FILTER, ""))
        self._given = dict(given)
        self._taken = {
            name: value for name, value in given.items() if is_name(name) and takes(name)
        }

    def __contains__(self, name: object) -> bool:
        return name in self._taken

    def __bool__(self) -> bool:
        return bool(self._taken)

    def __getitem__(self, name: str) -> str:
        return self._taken[name]

    def filtered(self, name: str) -> bool:
        """Whether a value is given, but the filter leaves it out."""
        return name in self._given and name not in self._taken


def _filter(pattern: str) -> Callable[[str], object]:
    """Tells which names ``NGINX_ENVSUBST_FILTER`` takes: awk's ``name ~ /pattern/``."""
    if not pattern:
        return lambda _name: True
    if (
        len(pattern) <= MAX_FILTER
        and pattern.count("(") <= _MOST_GROUPS
        and sum(map(pattern.count, "*+?")) <= _MOST_REPEATS
        and _SIMPLE_FILTER.fullmatch(pattern)
    ):
        try:
            return re.compile(pattern).search
        except re.error:
            pass
    raise ValueError(
        f'{FILTER} is "{shown(pattern)}"; lint502 reads only simple patterns of names, such as '
        "^APP_ or ^(API|WEB)_"
    )


@dataclass(frozen=True, slots=True)
class Span:
    """A ``${NAME}`` or, if it is not ``braced``, a ``$NAME`` in a template: where it stands,
    counted from 1, and up to where."""

    line: int
    column: int
    end_column: int
    name: str
    braced: bool


def markers(text: str) -> Iterator[Span]:
    """What looks like a variable of the environment: in capital letters, as nginx's own are not."""
    if _CAPITALS.search(text) is None:
        return
    lines = _Lines(text)
    for match in _CAPITALS.finditer(text):
        line, column = lines.place(match.start())
        end = column + match.end() - match.start()
        yield Span(line, column, end, match[1] or match[2], match[1] is not None)


def braced_names(text: str) -> set[str]:
    """The names that are written as ``${name}``, in whatever letters."""
    return {match[1] for match in MARKER.finditer(text) if match[1]}


Replaced = Mapping[tuple[str, int], Collection[Span]]
"""What stands in templates in the place of values, by file and line."""


def without_edits_in(finding: Finding, replaced: Replaced) -> Finding:
    """A finding whose fix, if it would touch a ``${NAME}``, only says what to do: what is written
    there is in no file that could be edited."""
    fix = finding.fix
    if fix is None or not any(
        edit.column < span.end_column and max(edit.end_column, edit.column + 1) > span.column
        for edit in fix.edits
        for span in replaced.get((edit.file, edit.line), ())
    ):
        return finding
    return replace(finding, fix=replace(fix, edits=()))


class Rendered:
    """A text that came out of a template; every place of it has one in the template.

    What comes out of a value has the place of its ``${NAME}``, from the start to the end of it.
    """

    def __init__(self, template: str, values: Values, takes: Callable[[str], bool]) -> None:
        """``takes`` tells the names that are to be replaced, of those that have a value."""
        pieces: list[str] = []
        self._starts: list[int] = []  # where the pieces start in the text
        self._origins: list[tuple[int, int, bool]] = []  # in the template; whether it is a value
        self._replaced: list[tuple[int, int, str]] = []
        self._template = _Lines(template)
        length = position = 0

        def add(piece: str, start: int, end: int, value: bool) -> None:
            nonlocal length
            if piece:
                pieces.append(piece)
                self._starts.append(length)
                self._origins.append((start, end, value))
                length += len(piece)

        for match in MARKER.finditer(template):
            name = match[1] or match[2]
            if name not in values or not takes(name):
                continue
            add(template[position : match.start()], position, match.start(), False)
            position = match.end()
            add(values[name], *match.span(), True)
            self._replaced.append((*match.span(), name))
            _check_size(length)
        add(template[position:], position, len(template), False)
        _check_size(length)
        self.text = "".join(pieces)
        self._lines = _Lines(self.text)

    @property
    def changed(self) -> bool:
        """Whether anything was replaced."""
        return bool(self._replaced)

    def names(self) -> list[str]:
        """The names that were replaced, in the order of the template, each once."""
        return list(dict.fromkeys(name for _, _, name in self._replaced))

    def spans(self) -> Iterator[Span]:
        """Where the template has something else than what nginx reads."""
        for start, end, name in self._replaced:
            line, column = self._template.place(start)
            braced = end - start > len(name) + 1
            yield Span(line, column, column + end - start, name, braced)

    def line(self, line: int) -> int:
        """The line of the template from which a line of the text comes."""
        return self._template.place(self._start(self._lines.offset(line, 1)))[0]

    def start(self, line: int, column: int) -> tuple[int, int]:
        """The line and column of the template for something that starts at those of the text."""
        return self._template.place(self._start(self._lines.offset(line, column)))

    def end_column(self, line: int, column: int) -> int:
        """The column of the template for something that ends before a column of the text, on the
        line where it starts."""
        return self._template.place(self._end(self._lines.offset(line, column)))[1]

    def in_value(self, line: int, column: int) -> bool:
        """Whether what stands there comes out of a value."""
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


class _Lines:
    """A text whose offsets have lines and columns, both counted from 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.size = len(text)
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column - 1

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def text(self, line: int) -> str:
        start = self._starts[line - 1]
        end = self._starts[line] - 1 if line < len(self._starts) else self.size
        return self._text[start:end]
