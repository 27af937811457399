"""Services that are commented out: ``#  api:`` with ``#    image:`` below it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lint502.deployment.yaml import YamlMap
from lint502.patterns import regex
from lint502.places import Place, SourceFile

_COMMENT = regex(r"[ \t]*#+(.*)")
_KEY = regex(r"([ \t]*)([A-Za-z0-9_][A-Za-z0-9._-]*):[ \t]*(.*)")
_RUNS = frozenset(("image", "build", "extends"))


class _Open(Struct):
    """A key without a value; ``inner`` is the column of the keys below it."""

    name: str
    place: Place
    inner: int = 0


def absent(source: SourceFile, document: YamlMap) -> dict[str, Place]:
    """The services that comments in ``services`` have, with the place of the name; not those that
    the file has besides."""
    services = document.map("services")
    if services is None:
        return {}
    first = document.keys["services"].line
    others = [place.line for place in document.keys.values() if place.line > first]
    last = min(others, default=source.text.count("\n") + 2)
    found: dict[str, Place] = {}
    for block in _blocks(source, first + 1, last):
        for name, place in _services(source, block):
            if name not in services.entries:
                found.setdefault(name, place)
    return found


def _blocks(source: SourceFile, first: int, last: int) -> Iterator[list[int]]:
    """The lines of each run of comments; empty lines do not end one."""
    block: list[int] = []
    for number in range(first, last):
        text = source.line(number)
        if _COMMENT.match(text):
            block.append(number)
        elif text.strip():
            yield block
            block = []
    yield block


def _services(source: SourceFile, block: list[int]) -> Iterator[tuple[str, Place]]:
    """The services in a run of comments: a key alone, below no other than ``services``, with
    ``image`` or ``build`` among those one step below it."""
    opened: list[_Open] = []
    for number in block:
        text = source.line(number)
        comment = _COMMENT.match(text)
        key = None if comment is None else _KEY.fullmatch(comment[1])
        if comment is None or key is None:
            continue
        column = comment.start(1) + key.start(2) + 1
        name, value = key[2], key[3]
        while opened and column < (opened[-1].inner or opened[-1].place.column + 1):
            opened.pop()
        if opened:
            above = opened[-1]
            above.inner = above.inner or column
            alone = len(opened) == 1 or (opened[0].name == "services" and len(opened) == 2)
            if alone and column == above.inner and name in _RUNS:
                yield above.name, above.place
        if not value or value.startswith("#"):
            place = Place(source.name, number, column, column + len(name), text)
            opened.append(_Open(name, place))
