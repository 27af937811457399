"""Where the directives of a whole ``http {}`` or ``stream {}`` stand, by their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, once_a_context

_TABLES = ("map", "geo", "split_clients")
"""Blocks whose lines are no directives."""


class Lines(Struct, frozen=True):
    """The lines at whatever level of an area, by name: each once, wherever it is included.

    ``names`` are those of all directives, also of such as it is not known what they say; None where
    an include that was not seen may have others.
    """

    of: Mapping[str, Collection[Directive]]
    names: frozenset[str] | None


@once_a_context
def lines_in(area: Context) -> Lines:
    """The lines of an ``http {}`` or ``stream {}``."""
    found: dict[str, set[Directive]] = {}
    uncertain: set[str] = set()
    whole = True
    waiting = [area]
    while waiting:
        level = waiting.pop()
        whole = whole and not level.unseen
        if level.name not in _TABLES:
            uncertain.update(level.uncertain)
            for name, lines in level.by_name.items():
                if name in found:
                    found[name].update(lines)
                else:
                    found[name] = set(lines)
        waiting += level.children
    return Lines(found, frozenset((*found, *uncertain)) if whole else None)
