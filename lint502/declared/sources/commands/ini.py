"""Lines of the form ``key = value`` below ``[section]``, keys repeated as often as they are."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lint502.declared.sources.commands.words import Word
from lint502.places import Place, SourceFile


class Line(Struct, frozen=True):
    """A key with its value; a key without ``=`` has the value ``""``."""

    section: str
    key: str
    value: Word


def lines(
    source: SourceFile, comments: str = "#;", inline: str = "", folded: bool = False
) -> Iterator[Line]:
    """The lines of a file.

    ``comments`` are the characters that begin a comment at the start of a line, ``inline`` a text
    that begins one behind a value. ``folded``: a line that is indented goes on with the one before.
    """
    section, last = "", None
    for number, text in enumerate(source.text.split("\n"), 1):
        text = text.rstrip("\r")
        bare = text.strip()
        if not bare or bare[0] in comments:
            continue
        if bare.startswith("[") and bare.endswith("]"):
            if last is not None:
                yield last
            section, last = bare[1:-1].strip(), None
            continue
        if folded and text[0] in " \t" and last is not None:
            joined = f"{last.value.text} {bare}".strip()
            last = Line(last.section, last.key, last.value.cut(joined))
            continue
        if last is not None:
            yield last
        key, _, value = bare.partition("=")
        if inline and inline in value:
            value = value[: value.index(inline)]
        start = len(text) - len(text.lstrip())
        place = Place(source.name, number, start + 1, len(text.rstrip()) + 1, text)
        last = Line(section, key.strip(), Word(value.strip(), place))
    if last is not None:
        yield last
