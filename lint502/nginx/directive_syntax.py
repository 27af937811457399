"""How nginx's directives are written: in which blocks, and with how many arguments.

Of directives that the table of nginx's own does not have, those of other people's modules, nothing
is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from msgspec import Struct

from lint502.nginx import directive_table
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex
from lint502.reading import shown

MOST_ARGUMENTS = 7
"""``NGX_CONF_MAX_ARGS`` without the name: so many where no number is open to the top."""

_ALONE = {
    "map": frozenset(("hostnames", "volatile")),
    "geo": frozenset(("ranges", "proxy_recursive", "volatile")),
}
"""The lines of these blocks that are one word; all others are two."""

_CLOSED = frozenset(("events", "mail"))
"""Blocks that bear on no hop, and whose directives are known all the same."""

_PLACEHOLDER = regex(r"(?s:.*[^\w].*)|[A-Z0-9_]*[A-Z][A-Z0-9_]*", re.ASCII)
"""What is no name of a directive, not of modules of others either: ``@NAME@``, ``__NAME__``."""

_MAIL = frozenset(("mail",))
_AREAS = frozenset(("main", "events", "http", "stream", "mail"))


class Syntax(Struct, frozen=True):
    """How one directive is written in some blocks: ``numbers`` of arguments, or ``least`` and
    more; ``block`` tells that ``{`` follows, and not ``;``."""

    contexts: frozenset[str]
    numbers: frozenset[int]
    least: int | None
    block: bool

    def refusal(self, name: str, arguments: int, block: bool) -> str | None:
        """What nginx says to so many arguments; None where it takes them."""
        if block and not self.block:
            return f'directive "{name}" is not terminated by ";"'
        if self.block and not block:
            return f'directive "{name}" has no opening "{{"'
        if arguments in self.numbers or (self.least is not None and arguments >= self.least):
            return None
        return f'invalid number of arguments in "{name}" directive'


def refused(
    context: str, places: frozenset[str] | None, directive: Directive
) -> Sequence[tuple[Directive, str]]:
    """What nginx refuses of a directive that stands in a context of this name and :func:`places`,
    and of what is in it where it is a block that is no context: the directive and why, in nginx's
    words.

    Nothing where nginx takes it, or where nothing is known of it.
    """
    args = directive.args
    if directive.open:
        return ()  # a symbol may be several words
    if context in _ALONE:
        if len(args) == 1 or (not args and directive.name in _ALONE[context]):
            return ()
        return ((directive, f"invalid number of the {context} parameters"),)
    if context == "split_clients":
        return ()
    if directive.name not in _CLOSED and places != _MAIL:
        said = refusal(directive.name, len(args), directive.block is not None, places)
        return () if said is None else ((directive, said),)
    return tuple(_refused(places, directive))


def _refused(
    places: frozenset[str] | None, directive: Directive
) -> Iterator[tuple[Directive, str]]:
    said = refusal(directive.name, len(directive.args), directive.block is not None, places)
    if said is not None:
        yield directive, said
    elif directive.name in _CLOSED or places == _MAIL:
        inner = _MAIL if directive.name == "mail" else frozenset((directive.name,))
        if places == _MAIL:
            inner = frozenset((f"mail.{directive.name}",))
        for one in directive.block or ():
            yield from _refused(inner, one)


@once_a_context
def places(context: Context) -> frozenset[str] | None:
    """A context as the table calls it, as ``http.location.if``: what it may be, where the file is a
    fragment; None where that may be any."""
    if context.partial:
        return None
    if context.name in _AREAS:
        return frozenset((context.name,))
    area = context.enclosing("http", "stream")
    areas = ("http", "stream") if area is None or area.partial else (area.name,)
    name = context.name
    if name == "if":
        outer = context.enclosing("server", "location")
        if outer is None or outer.partial:
            return _in_areas(areas, "server.if") | _in_areas(areas, "location.if")
        name = f"{outer.name}.if"
    return _in_areas(areas, name)


@cache
def _in_areas(areas: tuple[str, ...], name: str) -> frozenset[str]:
    return frozenset(f"{area}.{name}" for area in areas)


def is_placeholder(name: str) -> bool:
    """Whether a directive's name is none, so that what follows it may be another directive."""
    return _PLACEHOLDER.fullmatch(name) is not None


@cache
def refusal(name: str, arguments: int, block: bool, places: frozenset[str] | None) -> str | None:
    """Why nginx refuses a directive with so many arguments, in its words; None where it takes it,
    or nothing is known of it.

    ``places`` are the blocks that it may stand in, as the table calls them; None where any may be.
    """
    known = syntaxes(name)
    if is_placeholder(name):
        return (
            f'unknown directive "{shown(name)}"; if something is to be put in its place, do that '
            'first: as it stands it takes all up to the next ";" or "{"'
        )
    if not known:
        own = name.lower()
        if own == name or not syntaxes(own):
            return None
        return f'unknown directive "{name}"; its name is {own}, in small letters'
    here = [one for one in known if places is None or not one.contexts.isdisjoint((*places, "any"))]
    if not here:
        return f'"{name}" directive is not allowed here'
    said = [one.refusal(name, arguments, block) for one in here]
    return said[0] if all(said) else None


@cache
def syntaxes(name: str) -> Sequence[Syntax]:
    """How a directive is written, by block; empty where it is not known."""
    parts = (part for row in directive_table.rows(name) for part in row.takes.split("; "))
    return tuple(map(_syntax, parts))


def _syntax(text: str) -> Syntax:
    contexts, _, written = text.partition(": ")
    takes = written.split()
    open_ended = [int(one[:-1]) for one in takes if one.endswith("+")]
    return Syntax(
        frozenset(contexts.split()),
        frozenset(int(one) for one in takes if one.isdecimal()),
        open_ended[0] if open_ended else None,
        "{" in takes,
    )
