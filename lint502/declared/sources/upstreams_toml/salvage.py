"""What holds of a file with mistakes. Importing this module imports pydantic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from pydantic import ValidationError

from lint502.declared.claims import ANY
from lint502.declared.sources.upstreams_toml import values
from lint502.declared.sources.upstreams_toml.form import ListenerTable, SpecFile
from lint502.declared.sources.upstreams_toml.well_formed import Tables
from lint502.declared.sources.upstreams_toml.wording import FORM, meant_keys
from lint502.places import SourceFile
from lint502.quoting import MOST_HINTS
from lint502.toml.mistakes import KeyPath, Mistake, mistakes
from lint502.toml.positions import Key, Node

_KNOWN = frozenset(("complete", "front"))

Unsure = dict[KeyPath, frozenset[str]]


def salvaged(
    source: SourceFile, root: Node, data: dict[str, Any]
) -> tuple[Tables, tuple[Mistake, ...], Mapping[KeyPath, frozenset[str]], int | None]:
    """What is left of a file without its mistakes, which are taken out of ``data``; the mistakes;
    by the key path of a listener the keys of which a mistake leaves open what they state; and the
    line of a mistake for which it is not known which upstreams there are.

    A front with a mistake is left out: without one of its keys it would mean something else.
    """
    try:
        return _tables(SpecFile.model_validate(data)), (), {}, None
    except ValidationError as error:
        found = tuple(mistakes(error, data, root, source, FORM))
    table, unsure, lost = _salvaged(data, found)
    return _tables(table), found, unsure, lost


def _tables(table: SpecFile) -> Tables:
    return table.model_dump(exclude_none=True, warnings=False)


def _salvaged(
    data: dict[str, Any], found: Iterable[Mistake]
) -> tuple[SpecFile, Mapping[KeyPath, frozenset[str]], int | None]:
    unsure: Unsure = {}
    lost: int | None = None
    for number, mistake in enumerate(found):
        path = mistake.path
        if path[0] == "upstream" and path[1:] and _is_name(path[1]):
            _take_out_of_upstream(data, mistake, unsure, look=number < MOST_HINTS)
            continue
        line = mistake.problem.line
        if path[0] not in _KNOWN and _may_be_upstream(mistake) and line is not None:
            lost = line if lost is None else min(lost, line)
        _take_out(data, path[:2])
    try:
        return SpecFile.model_validate(data), unsure, lost
    except ValidationError as error:  # what is left contradicts itself
        for item in error.errors(include_url=False):
            _take_out(data, item["loc"][:2])
            unsure.pop(item["loc"][:2], None)
        return SpecFile.model_validate(data), unsure, lost or 1


def _may_be_upstream(mistake: Mistake) -> bool:
    """Whether something outside of all upstreams may be one, or a part of one."""
    is_table = isinstance(mistake.value, (dict, list))
    return (
        mistake.path[0] == "upstream" or is_table or mistake.path[0] in ListenerTable.model_fields
    )


def _take_out_of_upstream(
    data: dict[str, Any], mistake: Mistake, unsure: Unsure, *, look: bool
) -> None:
    """``look``: find out what an unknown key may be, which takes time."""
    path = mistake.path
    listener = path[:3] if len(path) > 2 and isinstance(path[2], int) else path[:2]
    inner = tuple(takewhile(lambda part: isinstance(part, str), path[len(listener) :]))
    if not inner:
        at = data["upstream"] if len(listener) == 2 else data["upstream"][path[1]]
        at[listener[-1]] = {}
        _add(unsure, listener, (ANY,))
        return
    if mistake.unknown:
        _add(unsure, listener, meant_keys(path, mistake.value) if look else (ANY,))
    else:
        _add(unsure, listener, (".".join(map(str, inner)),))
    _take_out(data, (*listener, *inner))
    if mistake.other is not None:
        _add(unsure, listener, (mistake.other,))
        _take_out(data, (*listener, mistake.other))


def _is_name(key: Key) -> bool:
    try:
        values.name(str(key))
    except ValueError:
        return False
    return True


def _add(unsure: Unsure, listener: KeyPath, keys: Iterable[str]) -> None:
    unsure[listener] = unsure.get(listener, frozenset()).union(keys)


def _take_out(data: Any, path: KeyPath) -> None:
    """Remove what stands at a key path, if it is still there."""
    for key in path[:-1]:
        if not isinstance(data, (dict, list)):
            return
        data = data.get(key) if isinstance(data, dict) else data[int(key)]
    if isinstance(data, dict):
        data.pop(path[-1], None)
