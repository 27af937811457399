"""nginx's directives: their contexts, how they are inherited, their defaults by version.

The figures stand in ``directives.toml``, which says what each column means and where it is from;
contexts and releases in the table that is written from nginx's sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from lint502.nginx import directive_table
from lint502.nginx.version import OLDEST, Version
from lint502.packaged import table_of

Inherit: TypeAlias = Literal["value", "list", "none"]
"""How an inner level takes over what an outer one says: one by one, all or nothing, not at all."""

Type: TypeAlias = Literal[
    "address",
    "bare",
    "block",
    "buffers",
    "enum",
    "flag",
    "list",
    "mask",
    "number",
    "offset",
    "pairs",
    "pass",
    "size",
    "string",
    "time",
]
"""What the first argument is."""


class DirectiveInfo(Struct, frozen=True):
    """What nginx knows of one directive: a row of ``directives.toml``."""

    area: str
    """``main``, ``http``, ``upstream``, ``stream`` or ``stream_upstream``."""
    name: str
    contexts: frozenset[str]
    """The blocks in which it may be written."""
    inherit: Inherit
    type: Type
    defaults: tuple[tuple[Version, str], ...]
    """Each default with the version from which it holds, oldest first."""
    since: Version | None
    """The first version that knows it; ``None`` where even the oldest one does."""
    source: str
    """The URL of the page or of the source file that says so."""

    @property
    def is_constant(self) -> bool:
        """Whether the default is the same in all versions."""
        return all(start == OLDEST for start, _ in self.defaults)

    def default(self, version: Version) -> str | None:
        """What is in effect at ``version`` where nothing is written, as nginx writes it.

        ``None`` where nothing is: the directive has no default, or did not exist yet. For a version
        older than the table, the oldest default that it has.
        """
        if self.is_constant:
            return self.defaults[0][1] if self.defaults else None
        if tuple.__lt__(version, OLDEST):
            version = OLDEST
        in_effect = None
        for start, value in self.defaults:
            if version >= start:
                in_effect = value
        return in_effect


@cache
def directive(area: str, name: str) -> DirectiveInfo | None:
    """The directive ``name`` of ``area``, or ``None`` where the table has none of that name."""
    entry = _table().get(area, {}).get(name)
    if entry is None:
        return None
    section, row = entry
    found = [
        (one, contexts)
        for one in directive_table.rows(name)
        if (contexts := one.contexts(area)) and one.before is None
    ]
    since = None if any(one.since is None for one, _ in found) else found[0][0].since
    return DirectiveInfo(
        area=area,
        name=name,
        contexts=frozenset[str]().union(*(contexts for _, contexts in found)),
        inherit=row.get("inherit", section["inherit"]),
        type=row["type"],
        defaults=_defaults(row.get("default", []), since or OLDEST),
        since=since,
        source=row.get("source") or f"{section['page']}#{name}",
    )


def names(area: str) -> Iterable[str]:
    """The directives that the table has for ``area``, in its order; none for an unknown area."""
    return _table().get(area, {}).keys()


def areas() -> Iterable[str]:
    """The areas that the table has, in its order."""
    return _table().keys()


_Row: TypeAlias = Mapping[str, Any]


@cache
def _table() -> Mapping[str, Mapping[str, tuple[_Row, _Row]]]:
    """Area → name → the section and the row that describe it, both as the file has them."""
    return {
        area: {
            name: (section, row)
            for section in sections.values()
            for name, row in section["directives"].items()
        }
        for area, sections in table_of("lint502.nginx", "directives.toml").items()
    }


def _defaults(column: str | list[list[str]], first: Version) -> tuple[tuple[Version, str], ...]:
    if isinstance(column, str):
        return ((first, column),)
    return tuple((Version.parse(start), value) for start, value in column)
