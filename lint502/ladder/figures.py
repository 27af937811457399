"""The figures of a rung: settings of nginx with where they are set, and claims with theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from lint502.declared.listeners import Fact
from lint502.ladder.model import Figure, FigureKind, Origin
from lint502.nginx.directives import directive
from lint502.nginx.scope import Scope, Setting
from lint502.nginx.symbols import UNKNOWN, written
from lint502.nginx.tree import Context
from lint502.nginx.values import format_size, format_time, parse_size, parse_time

_NOT_SEEN = "unknown"


def setting(scope: Scope, name: str, kind: FigureKind, about: str) -> Iterator[Figure]:
    """The figure of a directive; nothing where this version has none, or nothing is in effect."""
    area = "stream" if scope.context.enclosing("stream") is not None else "http"
    info = directive("upstream" if scope.context.name == "upstream" else area, name)
    if info is None or (info.since is not None and info.since > scope.version):
        return
    found = scope.setting(name)
    if found is None:
        yield Figure(kind, name, _NOT_SEEN, "unknown", about)
        return
    if not found.lines:
        return
    text = "; ".join(" ".join(line) for line in found.lines)
    known = UNKNOWN not in text and "$" not in text
    line = found.directives[-1] if found.directives else None
    yield Figure(
        kind,
        name,
        written(text).replace(UNKNOWN, "…"),
        found.origin,
        about,
        None if line is None else line.place(),
        _level(scope, found) if found.origin == "inherited" else "",
        info.source if line is None else "",
        _amount(kind, found.value) if known else None,
    )


def fact(
    name: str, stated: Fact[Any] | None, kind: FigureKind, about: str, faces: str = ""
) -> Iterator[Figure]:
    """The figure of a claim; nothing where nothing is claimed."""
    if stated is None:
        return
    value = stated.value
    yield Figure(
        kind,
        name,
        _written(kind, value),
        cast(Origin, stated.standing.word),
        about,
        stated.place,
        f"the default of {stated.profile}" if stated.profile else stated.what,
        stated.source or "",
        value if kind in ("timer", "size") else None,
        faces,
    )


def _written(kind: FigureKind, value: Any) -> str:
    if kind == "timer":
        return format_time(value)
    if kind == "size":
        return format_size(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _amount(kind: FigureKind, text: str) -> int | None:
    parse: Callable[[str], int]
    if kind == "timer":
        parse = parse_time
    elif kind == "size":
        parse = _size
    else:
        return None
    try:
        return parse(text)
    except ValueError:
        return None


def _size(text: str) -> int:
    return parse_size(text, offset=True)


def _level(scope: Scope, found: Setting) -> str:
    """The block that a setting is inherited from."""
    line = found.directives[-1]
    for level in scope.context.up():
        if any(one is line for one in level.by_name.get(found.name, ())):
            return called(level)
    return ""


def called(level: Context) -> str:
    """A block as its line names it: ``location /api/``, ``http``."""
    words = (level.name, *map(written, level.args))
    return " ".join(words).replace(UNKNOWN, "…")
