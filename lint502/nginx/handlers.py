"""Which content handler of a location runs: of several the last one.

Source: the handler of a location (``clcf->handler``) is one, and each directive that has a handler
sets it; ``content_handlers.toml`` says where. A ``return`` is none of them: it answers before.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from lint502.nginx.parse import Directive
from lint502.nginx.reached import denial
from lint502.nginx.tree import Context, once_a_context
from lint502.packaged import table_of


class Handler(Struct, frozen=True):
    """What a directive sets as the handler: several of one ``module`` are one handler.

    ``limit_except`` tells that a ``limit_except`` without a handler of its own takes it over.
    """

    module: int
    limit_except: bool
    source: str


@once_a_context
def handlers(level: Context) -> list[Directive]:
    """The lines directly within a location, an ``if`` or a ``limit_except`` that set its handler,
    in their order."""
    known = _known()
    found = [lines for name, lines in level.by_name.items() if name in known]
    if len(found) < 2:
        return found[0] if found else []
    return [item for item in level.items if isinstance(item, Directive) and item.name in known]


def overridden_by(level: Context, line: Directive) -> Directive | None:
    """The line that runs in the place of one of :func:`handlers`; None where this one runs, be it
    for the methods alone that a ``limit_except`` is for, or in one branch of a template."""
    lines = handlers(level)
    last = lines[-1]
    if last.conditional or line.conditional:
        return None
    if _module(line) == _module(last) or _taken_over(level) is line:
        return None
    return last


@once_a_context
def _taken_over(level: Context) -> Directive | None:
    """The line that a ``limit_except`` runs, if one does: it takes over the first in the order of
    the modules, not of the file, where it has none of its own."""
    known = _known()
    passes = [one for one in handlers(level) if known[one.name].limit_except]
    takes_over = any(
        child.name == "limit_except" and not handlers(child) and denial(child) is None
        for child in level.children
    )
    return min(passes, key=_module, default=None) if takes_over else None


def _module(line: Directive) -> int:
    return _known()[line.name].module


@cache
def _known() -> Mapping[str, Handler]:
    return {
        name: Handler(number, entry.get("limit_except", False), entry["source"])
        for number, entry in enumerate(table_of("lint502.nginx", "content_handlers.toml")["module"])
        for name in entry["directives"]
    }
