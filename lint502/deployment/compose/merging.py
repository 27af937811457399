"""One service over another one, as Compose merges files and what ``extends`` names.

The rules are in the Compose Specification, 13-merge.md, and in compose-go, ``override/merge.go``
and ``override/uncity.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from lint502.deployment.compose.values import Bounds, Items, Keyed, Scalar, Value, as_keyed, each
from lint502.deployment.compose.volume_syntax import target_of

_Path = tuple[str, ...]

_REPLACED: frozenset[_Path] = frozenset((("command",), ("entrypoint",), ("healthcheck", "test")))
_VARIABLES: frozenset[_Path] = frozenset(
    (("environment",), ("build", "args"), ("build", "additional_contexts"), ("labels",))
)
"""A mapping or a sequence of ``NAME=VALUE``, of which the value is replaced."""

_NAMED: frozenset[_Path] = frozenset((("networks",), ("depends_on",), ("models",)))
"""A mapping or a sequence of names."""

_LISTS: frozenset[_Path] = frozenset(
    (("env_file",), ("tmpfs",), ("dns",), ("dns_search",), ("dns_opt",), ("label_file",))
)
"""A sequence or one text."""


def _mounted_text(item: Value) -> str | None:
    """What tells one config or secret from another: the path, or the name in the short form."""
    if isinstance(item, Keyed):
        return item.text("target") or item.text("source")
    return item.text if isinstance(item, Scalar) else None


def _same_text(item: Value) -> str | None:
    if isinstance(item, Keyed):
        return item.text("path")
    return item.text if isinstance(item, Scalar) else None


_UNIQUE: dict[_Path, Callable[[Value], str | None]] = {
    ("volumes",): target_of,
    ("configs",): _mounted_text,
    ("secrets",): _mounted_text,
    ("ports",): _same_text,
    ("expose",): _same_text,
    ("links",): _same_text,
    ("profiles",): _same_text,
    ("env_file",): _same_text,
    ("tmpfs",): _same_text,
    ("extra_hosts",): _same_text,
}


def merge(base: Keyed, over: Keyed, bounds: Bounds, path: _Path = ()) -> Keyed:
    """A mapping with another one over it; ``path`` is where they stand in a service."""
    bounds.take(len(base.entries) + len(over.entries))
    entries = {key: one for key, one in base.entries.items() if key not in over.removed}
    for key, value in over.entries.items():
        below = entries.get(key)
        if below is None or key in over.replaced:
            entries[key] = value
        else:
            entries[key] = _merged(below, value, bounds, (*path, key))
    return Keyed(entries, {**base.keys, **over.keys}, over.place, over.removed, over.replaced)


def _merged(below: Value, above: Value, bounds: Bounds, path: _Path) -> Value:
    if path in _REPLACED:
        return above
    if path in _VARIABLES:
        tables = as_keyed(below), as_keyed(above)
        bounds.take(sum(len(table.entries) for table in tables))
        entries = {**tables[0].entries, **tables[1].entries}
        return replace(
            tables[1],
            entries={key: one for key, one in entries.items() if key not in tables[1].removed},
            keys={**tables[0].keys, **tables[1].keys},
        )
    if isinstance(above, Scalar) and above.null:
        return below
    if path in _NAMED:
        return merge(as_keyed(below), as_keyed(above), bounds, path)
    if path == ("build",):
        return merge(as_build(below), as_build(above), bounds, path)
    if isinstance(below, Keyed) and isinstance(above, Keyed):
        return merge(below, above, bounds, path)
    if path in _LISTS or (isinstance(below, Items) and isinstance(above, Items)):
        return _joined([*each(below), *each(above)], above, bounds, path)
    return above


def _joined(items: Sequence[Value], above: Value, bounds: Bounds, path: _Path) -> Items:
    """Both sequences; of items that are of the same thing the later one, at the earlier place."""
    bounds.take(len(items))
    same = _UNIQUE.get(path)
    if same is None:
        return Items(items, above.place)
    kept: dict[object, Value] = {}
    for number, item in enumerate(items):
        name = same(item)
        kept[number if name is None else name] = item
    return Items(list(kept.values()), above.place)


def as_build(value: Value) -> Keyed:
    """A build as a mapping, where only its context is written too."""
    if isinstance(value, Keyed):
        return value
    entries = {"context": value} if isinstance(value, Scalar) else {}
    return Keyed(entries, {"context": value.place} if entries else {}, value.place)
