"""Directives that no module has, as far as is known: misspelt, or of a module of somebody's own.

Where an unknown module is loaded nothing is said: they may be its directives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import PurePosixPath

from lint502.findings import Note, UnknownDirective
from lint502.nginx import directive_table
from lint502.nginx.known_directives import is_known
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, Tree
from lint502.nginx.version import NEWEST, Version
from lint502.quoting import candidates, quote

_MOST = 3
_LONGEST = 100
_TABLES = frozenset(("map", "geo", "split_clients"))
"""Blocks whose lines are no directives."""


def unknown_directives(trees: Iterable[Tree], allowed: Sequence[str]) -> list[UnknownDirective]:
    """Those of some roots, in the order in which they come; ``allowed`` are patterns of the names
    that somebody knows better."""
    found: dict[str, dict[tuple[str, int], Directive]] = {}
    for tree in trees:
        if not _loads_other_modules(tree.main):
            for line in _unknown_in(tree.main):
                found.setdefault(line.name, {})[line.source.name, line.line] = line
    return [
        UnknownDirective(name, next(iter(lines.values())).place(), len(lines), _meant(name))
        for name, lines in found.items()
        if not any(fnmatchcase(name, pattern) for pattern in allowed)
    ]


def notes_on(unknown: Sequence[UnknownDirective], version: Version) -> Iterator[Note]:
    """One for each, the first few of them; ``version`` is the newest that they are checked for."""
    newer = f"; nginx {version} may have brought it" if version > NEWEST else ""
    for one in unknown[:_MOST]:
        lines = "" if one.lines == 1 else f" ({one.lines} lines)"
        hint = f"; is it {one.meant}?" if one.meant is not None else newer
        yield Note(
            one.place.file,
            one.place.line,
            f"{quote(one.name)} is no directive of nginx or of a module that lint502 knows{lines}"
            f"{hint}",
        )
    if unknown[_MOST:]:
        place = unknown[_MOST].place
        names = [quote(one.name) for one in unknown[_MOST:]]
        left = f" and {len(names) - _MOST} more" if names[_MOST:] else ""
        yield Note(place.file, place.line, f"nor is any of {', '.join(names[:_MOST])}{left}")
    if any(one.meant is None for one in unknown) and not newer:
        yield Note(
            unknown[0].place.file,
            None,
            "where they are of a module of your own, known_directives in lint502.toml names them",
        )


def _unknown_in(context: Context) -> Iterator[Directive]:
    if context.name in _TABLES:
        return
    for name, lines in context.by_name.items():
        if not _is_known(name):
            yield from lines
    for child in context.children:
        yield from _unknown_in(child)


_is_known = cache(is_known)


def _loads_other_modules(main: Context) -> bool:
    """Whether a module is loaded that is not one of nginx's own."""
    if main.uncertain_of("load_module") and "load_module" in main.uncertain:
        return True
    return any(
        not line.args or PurePosixPath(line.args[0]).stem not in _own_modules()
        for line in main.by_name.get("load_module", ())
    )


@cache
def _own_modules() -> frozenset[str]:
    """The modules of nginx's repository, by the names of their files."""
    modules = {row.module for name in directive_table.names() for row in directive_table.rows(name)}
    filters = {f"{one.removesuffix('_module')}_filter_module" for one in modules}
    return frozenset((*modules, *filters, "ngx_stream_module", "ngx_mail_module"))


def _meant(name: str) -> str | None:
    """The directive of nginx's own that somebody may have meant."""
    if len(name) > _LONGEST:
        return None
    return next(iter(candidates(name, directive_table.names())), None)
