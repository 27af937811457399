"""Rendering a template as envsubst does in nginx's container image, and finding the way back.

The entry point of the image gives envsubst the names that are defined in the environment, those
alone that ``NGINX_ENVSUBST_FILTER`` takes: ``$NAME`` and ``${NAME}`` of any other name stay as
they are, nginx's own variables among them. Sources: ``entrypoint/20-envsubst-on-templates.sh`` of
https://github.com/nginx/docker-nginx, and ``subst_from_stdin()`` in ``envsubst.c`` of GNU gettext.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lint502.nginx.rendered import Lines, Piece, Rendered, Span
from lint502.nginx.symbols import Symbol
from lint502.patterns import regex
from lint502.reading import shown

if TYPE_CHECKING:
    from lint502.findings import Finding

MAX_VALUE_BYTES = 64 * 1024
MAX_FILTER = 200
FILTER = "NGINX_ENVSUBST_FILTER"

MARKER = regex(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
"""What envsubst looks for."""

_PLAIN = r"([A-Z][A-Z0-9_]+)(?![A-Za-z0-9_])"
_CAPITALS = regex(rf"\$(?:\{{([A-Z][A-Z0-9_]*)\}}|{_PLAIN})")
_BRACED = regex(rf"\$(?:\{{([A-Za-z_][A-Za-z0-9_]*)\}}|{_PLAIN})")
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_UPPER = regex(r"[A-Z][A-Z0-9_]*")
_SIMPLE_FILTER = regex(
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

    def get(self, name: str) -> str | None:
        """The value of a name, None where it has none."""
        return self._taken.get(name)

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


def markers(text: str, *, small: bool = False) -> Iterator[Span]:
    """What looks like a variable of the environment: in capital letters, as nginx's own are not;
    ``small``: in braces in any letters."""
    form = _BRACED if small else _CAPITALS
    if form.search(text) is None:
        return
    lines = Lines(text)
    for match in form.finditer(text):
        line, column = lines.place(match.start())
        end = column + match.end() - match.start()
        yield Span(line, column, end, match[1] or match[2], match[1] is not None)


def pieces(
    text: str,
    values: Values,
    takes: Callable[[str], bool],
    symbols: Container[str] = (),
    *,
    alone: bool = False,
) -> Iterator[Piece]:
    """What envsubst puts in: the values of the names that ``takes`` tells, of those that have one;
    and a symbol for each of ``symbols``, which have none. ``alone``: perhaps one also for each
    variable that is all that stands on a line, which is nothing that nginx reads where a directive
    begins."""
    given, line_end = bool(values), -1
    for match in MARKER.finditer(text):
        name = match[1] or match[2]
        first = match.start() > line_end  # on its line
        if first and alone:
            line_end = text.find("\n", match.end())
            line_end = len(text) if line_end == -1 else line_end
        if given and name in values and takes(name):
            yield Piece(*match.span(), values[name], name)
        elif name in symbols:
            yield Piece.of(*match.span(), symbol_of(name, values))
        elif alone and first and _is_alone(text, match, line_end):
            yield Piece.of(*match.span(), symbol_of(name, values), tentative=True)


def symbol_of(name: str, values: Values) -> Symbol:
    """The symbol for a variable that has no value."""
    written = f"${{{name}}}"
    if values.filtered(name):
        return Symbol(written, f"{written} has no value; {FILTER} leaves it out")
    return Symbol.without_value(written, name)


def _is_alone(text: str, match: re.Match[str], line_end: int) -> bool:
    if match[1] is None and not is_upper(match[2]):
        return False
    start = text.rfind("\n", 0, match.start()) + 1
    return not (text[start : match.start()].strip() or text[match.end() : line_end].strip())


def render(text: str, values: Values, takes: Callable[[str], bool] = lambda _: True) -> Rendered:
    """What envsubst makes of a template; ``takes`` tells the names that are to be replaced, of
    those that have a value."""
    return Rendered(text, pieces(text, values, takes))


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
