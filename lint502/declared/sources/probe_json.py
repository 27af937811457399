"""What ``lint502 probe --format json`` wrote: claims of what was observed of each listener."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lint502.declared.claims import Claims
from lint502.declared.listeners import Fact
from lint502.declared.upstreams import FIELDS
from lint502.deployment.yaml import Yaml, YamlList, YamlMap, YamlText, documents
from lint502.findings import Problem
from lint502.places import SourceFile
from lint502.reading import UnreadableError
from lint502.standing import Standing

_SCHEMA_VERSION = "1"
_NOT_TAKEN = frozenset(("port", "socket", "socket.directory", "socket.directories", "published"))


def observed_in(source: SourceFile) -> tuple[tuple[Claims, ...], tuple[Problem, ...]]:
    """What was observed, and what is wrong in the file."""
    try:
        whole = next(documents(source), None)
    except UnreadableError as error:
        return (), (Problem(source.name, error.line, f"this file {error}"),)
    version = whole.text("schema_version") if isinstance(whole, YamlMap) else None
    if not isinstance(whole, YamlMap) or version is None or version.value != _SCHEMA_VERSION:
        said = "this file is not what lint502 probe --format json writes"
        return (), (Problem(source.name, 1, said),)
    when = whole.text("observed")
    claims: list[Claims] = []
    problems: list[Problem] = []
    for entry in _maps(whole.list("upstreams")):
        name = entry.text("upstream")
        if name is None:
            continue
        facts: dict[str, Fact[Any]] = {}
        where = entry.text("port") or entry.text("socket")
        if where is not None:
            key = "port" if entry.text("port") is not None else "socket"
            typed = _typed(key, _value(where))
            if typed is not None:
                facts[key] = Fact(typed, where.place, Standing.OBSERVED)
        for key, value in _facts(entry):
            found = _typed(key, _value(value))
            if found is None:
                said = f"{key} cannot be what it says here"
                problems.append(Problem(source.name, value.place.line, said))
                continue
            what = "observed" if when is None else f"observed at {when.value}"
            facts[key] = Fact(found, value.place, Standing.OBSERVED, what=what)
        claims.append(Claims(name.value, name.place, facts, derived=True))
    return tuple(claims), tuple(problems)


def _maps(entries: YamlList | None) -> Iterator[YamlMap]:
    return (one for one in (entries.items if entries else ()) if isinstance(one, YamlMap))


def _facts(entry: YamlMap) -> Iterator[tuple[str, Yaml]]:
    """The keys of which a value was seen."""
    for fact in _maps(entry.list("facts")):
        key, value = fact.text("key"), fact.get("observed")
        if key is None or value is None or key.value in _NOT_TAKEN or key.value not in FIELDS:
            continue
        yield key.value, value


def _value(node: Yaml) -> Any:
    """A value as JSON has it."""
    if isinstance(node, YamlMap):
        return {key: _value(value) for key, value in node.entries.items()}
    if isinstance(node, YamlList):
        return [_value(one) for one in node.items]
    assert isinstance(node, YamlText)
    if not node.plain:
        return node.value
    if node.value in ("true", "false"):
        return node.value == "true"
    return int(node.value) if node.value.isascii() and node.value.isdigit() else node.value


def _typed(key: str, value: Any) -> Any:
    """A value as :class:`~lint502.declared.listeners.Listener` has it; None where it cannot be
    one."""
    from pydantic import ValidationError

    from lint502.declared.sources.upstreams_toml.form import ListenerTable

    table, _, name = key.partition(".")
    wanted = {table: {name: value} if name else value}
    if table == "socket" and name:
        wanted[table]["path"] = "/"
    try:
        found: Any = ListenerTable.model_validate(wanted)
    except (ValidationError, ValueError):
        return None
    for part in key.split("."):
        found = getattr(found, part)
    return tuple(found) if isinstance(found, list) else found
