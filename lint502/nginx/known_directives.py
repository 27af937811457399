"""Which directives there are: nginx's own, and those of other modules that are known.

The modules of others, and what Angie, Tengine and NGINX Plus have besides, are in
``other_modules.toml``, which ``tools/from_nginx`` writes from their sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from lint502.nginx import directive_table
from lint502.packaged import table_of


class Module(Struct, frozen=True):
    """A module that is not in nginx's repository: the names of its directives, or how these begin
    where nobody lists them."""

    name: str
    names: frozenset[str]
    prefixes: tuple[str, ...]


@cache
def other_modules() -> Mapping[str, Module]:
    """All that are known, by their names."""
    table = table_of("lint502.nginx", "other_modules.toml")
    return {
        name: Module(name, frozenset(row["names"].split()), tuple(row.get("prefixes", ())))
        for name, row in table.items()
    }


def is_known(name: str) -> bool:
    """Whether a directive of some module is called like this, in whatever release."""
    return bool(directive_table.rows(name)) or name in _others() or name.startswith(_prefixes())


@cache
def _others() -> frozenset[str]:
    return frozenset[str]().union(*(one.names for one in other_modules().values()))


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(prefix for one in other_modules().values() for prefix in one.prefixes)
