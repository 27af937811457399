"""Which location of a server handles a request.

Source: ``ngx_http_core_find_location()`` in ``src/http/ngx_http_core_module.c``, and
https://nginx.org/en/docs/http/ngx_http_core_module.html#location
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import islice

from msgspec import Struct

from lint502.nginx.expressions import Prefixes, matches
from lint502.nginx.predicates import holds, is_predicate
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex

_PLAIN_URI = regex(r"/[A-Za-z0-9/_.-]*", re.ASCII)
_REGEX = ("~", "~*")
_MODIFIERS = ("^~", "=")


def find_location(level: Context, uri: str) -> Context | None:
    """The location for a URI below a server or a location, which is ``level`` where it has none;
    None where that is not certain, or nginx redirects instead."""
    if not _PLAIN_URI.fullmatch(uri) or "//" in uri or "/." in uri:
        return None
    found, _ = _find(level, uri)
    return found


def prefix_of(location: Context) -> str | None:
    """What the URIs of a location start with; None for a regular expression, a name, a variable."""
    args = location.args
    name = args[-1]
    if UNKNOWN in name or (len(args) == 2 and args[0] not in _MODIFIERS):
        return None
    return name if name.startswith("/") else None


def named_location(server: Context, name: str) -> Context | None:
    """The location of a server that is called like this, as ``@app``."""
    return _named(server).get(name)


def exact_location(server: Context, uri: str) -> Context | None:
    """The location of a server that is written ``= URI``, of several the first one."""
    return _exact(server).get(uri)


def takes_all_below(server: Context, location: Context, prefix: str) -> bool:
    """Whether no other location of a server can take a request whose URI starts with a prefix."""
    found = _prefixes(server)
    if any(other is not location for other in found.regexes):
        return False
    start = bisect_left(found.names, prefix)
    below = islice(range(start, len(found.names)), 2)
    return all(
        found.locations[index] is location or not found.names[index].startswith(prefix)
        for index in below
    )


@once_a_context
def _named(server: Context) -> Mapping[str, Context]:
    found: dict[str, Context] = {}
    for location in server.locations():
        if len(location.args) == 1:
            found.setdefault(location.args[0], location)
    return found


@once_a_context
def _exact(server: Context) -> Mapping[str, Context]:
    found: dict[str, Context] = {}
    for location in server.locations():
        if location.args[0] == "=":
            found.setdefault(location.args[-1], location)
    return found


class _Prefixes(Struct, frozen=True):
    """The locations of a server by what their URIs start with, in the order of these; ``regexes``
    are those for which that is not known."""

    names: tuple[str, ...]
    locations: tuple[Context, ...]
    regexes: tuple[Context, ...]


@once_a_context
def _prefixes(server: Context) -> _Prefixes:
    named, regexes = [], []
    for location in server.locations():
        if not location.args[0].startswith("@"):
            prefix = prefix_of(location)
            if prefix is None:
                regexes.append(location)
            else:
                named.append((prefix, location))
    named.sort(key=lambda one: one[0])
    return _Prefixes(
        tuple(name for name, _ in named), tuple(one for _, one in named), tuple(regexes)
    )


def _find(level: Context, uri: str) -> tuple[Context | None, bool]:
    """The location, and whether that is the last word: of an exact one, a regular expression or a
    variable."""
    here = within(level)
    if uri in here.exact:
        return here.exact[uri], True
    if here.open:
        return None, True
    if f"{uri}/" in here.names:
        return None, True  # nginx may send the client there
    best = next(
        (here.prefixes[uri[:end]] for end in range(len(uri), 0, -1) if uri[:end] in here.prefixes),
        None,
    )
    found: Context | None = level
    if best is not None:
        found, last = _find(best, uri)
        if last:
            return found, True
        if best.args[0].startswith("^~"):
            return found, False
    for index in here.regex_prefixes.of(uri):
        modifier, name, location = here.regexes[index]
        matched = matches(name, uri, case=modifier == "~")
        if matched is None:
            return None, True
        if matched:
            return _find(location, uri)[0], True
    for location in here.predicates:
        taken = holds(location)
        if taken is None:
            return None, True
        if taken:
            return _find(location, uri)[0], True
    return found, False


class Within(Struct, frozen=True):
    """The locations directly within a level: those with ``=``, all prefixes, of two that are the
    same the first; the names of both; the regular expressions in their order, and in theirs those
    that a variable decides on. ``open`` tells that a template may have others there."""

    exact: Mapping[str, Context]
    prefixes: Mapping[str, Context]
    names: frozenset[str]
    regexes: tuple[tuple[str, str, Context], ...]
    regex_prefixes: Prefixes
    predicates: tuple[Context, ...]
    open: bool


@once_a_context
def within(level: Context) -> Within:
    """The locations directly within a server or a location."""
    exact: dict[str, Context] = {}
    prefixes: dict[str, Context] = {}
    regexes = []
    predicates = []
    for modifier, name, location in _locations(level):
        if _is_open(location) or location.conditional:
            continue
        if is_predicate(location):
            predicates.append(location)
        elif modifier in _REGEX:
            regexes.append((modifier, name, location))
        elif not name.startswith("@"):
            (exact if modifier == "=" else prefixes).setdefault(name, location)
    several = any(child.conditional or _is_open(child) for child in level.children)
    return Within(
        exact,
        prefixes,
        frozenset((*exact, *prefixes)),
        tuple(regexes),
        Prefixes([regex for _, regex, _ in regexes]),
        tuple(predicates),
        several,
    )


def _is_open(location: Context) -> bool:
    """Whether a template leaves open which requests a location takes."""
    return any(UNKNOWN in arg for arg in location.args)


def _locations(level: Context) -> Iterator[tuple[str, str, Context]]:
    """Modifier, name and context of the locations directly within a level."""
    for child in level.children:
        if child.name != "location" or not child.args:
            continue
        if len(child.args) > 1:
            yield child.args[0], child.args[1], child
        else:
            modifier = next((m for m in ("~*", "^~", "=", "~") if child.args[0].startswith(m)), "")
            yield modifier, child.args[0][len(modifier) :], child
