"""nginx's directives by module: in which blocks, with how many arguments, and in which releases.

The table is ``directive_table.toml``, which ``tools/from_nginx`` writes from nginx's sources.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache

from msgspec import Struct

from lint502.nginx.version import Version
from lint502.packaged import table_of

_AREAS = {
    "main": ("main", "main"),
    "http": ("http", "http"),
    "http.server": ("http", "server"),
    "http.location": ("http", "location"),
    "http.server.if": ("http", "if-in-server"),
    "http.location.if": ("http", "if-in-location"),
    "http.limit_except": ("http", "limit_except"),
    "http.upstream": ("upstream", "upstream"),
    "stream": ("stream", "stream"),
    "stream.server": ("stream", "server"),
    "stream.upstream": ("stream_upstream", "upstream"),
}
"""The blocks of the table, by the areas and contexts of ``directives.toml``."""


class Row(Struct, frozen=True):
    """One directive of a module. ``takes`` is as the table writes it: ``"http http.server: 1 2"``.
    ``since`` is the first release that has it, ``before`` the first that has it no more; None
    where the oldest and the newest that are known have it."""

    module: str
    takes: str
    since: Version | None = None
    before: Version | None = None

    def contexts(self, area: str) -> frozenset[str]:
        """The blocks of an area in which it stands, as ``directives.toml`` calls them."""
        blocks = (block for part in self.takes.split("; ") for block in part.split(": ")[0].split())
        found = (_AREAS[block] for block in blocks if block in _AREAS)
        return frozenset(context for of, context in found if of == area)

    def known_in(self, version: Version) -> bool:
        """Whether a release has it."""
        since = self.since is None or version >= self.since
        return since and (self.before is None or version < self.before)


@cache
def rows(name: str) -> Sequence[Row]:
    """A directive in each module that has one of that name; none where no module has."""
    return tuple(_row(module, table[name]) for module, table in _modules().items() if name in table)


@cache
def names() -> Sequence[str]:
    """The directives that the table has."""
    return tuple(dict.fromkeys(name for table in _modules().values() for name in table))


@cache
def interned() -> Mapping[str, str]:
    """Each name of a directive that the table has, as the text that Python keeps for it."""
    return {name: sys.intern(name) for name in names()}


@cache
def _modules() -> Mapping[str, Mapping[str, str | Mapping[str, str]]]:
    """The table as it is written: by module and name."""
    return table_of("lint502.nginx", "directive_table.toml")


def _row(module: str, row: str | Mapping[str, str]) -> Row:
    if isinstance(row, str):
        return Row(module, row)
    return Row(module, row["takes"], _version(row.get("since")), _version(row.get("before")))


def _version(text: str | None) -> Version | None:
    return None if text is None else Version.parse(text)
