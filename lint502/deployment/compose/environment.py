"""The environment of a service: ``env_file`` and ``environment``."""

from __future__ import annotations

from collections.abc import Mapping, Set

from msgspec import Struct

from lint502.deployment.compose.env_files import EnvFiles, outer_of
from lint502.deployment.compose.values import Keyed, Scalar, Value, as_keyed, each
from lint502.deployment.dotenv import EnvFile
from lint502.deployment.interpolation import Variables
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text, Unread
from lint502.reading import UnreadableError


class Environment(Struct, frozen=True):
    """The variables of ``known`` value, the names of the ``unknown`` ones; ``open``: a file that is
    not there may set more."""

    known: Mapping[str, Text]
    unknown: frozenset[str] = frozenset()
    open: bool = False
    unread: tuple[Unread, ...] = ()


def environment(
    service: Keyed, variables: Variables, repository: Repository, files: EnvFiles
) -> Environment:
    """What a service has in its environment. ``environment`` counts before ``env_file``, a later
    file before an earlier one."""
    own, own_unknown = _own(service.get("environment"), variables)
    known: dict[str, Text] = {}
    unknown: set[str] = set()
    unread: list[Unread] = []
    whole = True
    outer = outer_of(own, variables)
    for item in each(service.get("env_file")):
        scalar = item.scalar("path") if isinstance(item, Keyed) else item
        if not isinstance(scalar, Scalar):
            continue
        raw = isinstance(item, Keyed) and item.text("format") == "raw"
        path = repository.absolute(scalar.text, scalar.folder) if scalar.known else None
        read = _read(path, raw, outer, repository, files)
        if read is not None:
            _put(known, unknown, read.variables.known, read.variables.unknown)
            unread += read.unread
            continue
        whole = False
        shown = scalar.with_names() or "a file"
        why = f"names {shown}, which cannot be read here: it may set more variables"
        unread.append(Unread(scalar.place, why))
        if path is not None:
            _put(known, unknown, files.examples(path), frozenset())
    _put(known, unknown, own, own_unknown)
    return Environment(known, frozenset(unknown), not whole, tuple(unread))


def _own(value: Value | None, variables: Variables) -> tuple[dict[str, Text], frozenset[str]]:
    """The variables of ``environment``; one without a value has that of ``.env``."""
    known: dict[str, Text] = {}
    unknown: set[str] = set()
    table = None if value is None else as_keyed(value)
    for name, one in {} if table is None else table.entries.items():
        text = one.as_text() if isinstance(one, Scalar) else None
        if isinstance(one, Scalar) and one.null:
            found = variables.known.get(name)
            if found is None and name not in variables.unknown:
                found = variables.examples.get(name)
            if found is not None:
                text = Text(found.value, one.place, found.example)
        if text is None:
            unknown.add(name)
        else:
            known[name] = text
    return known, frozenset(unknown)


def _read(
    path: str | None, raw: bool, outer: Variables, repository: Repository, files: EnvFiles
) -> EnvFile | None:
    if path is None or not repository.is_file(path):
        return None
    try:
        return files.read(path, outer, raw=raw)
    except UnreadableError:
        return None


def _put(
    known: dict[str, Text], unknown: set[str], more: Mapping[str, Text], others: Set[str]
) -> None:
    """Put variables over those that are there."""
    for name in others:
        known.pop(name, None)
    known.update(more)
    unknown.update(others)
    unknown.difference_update(more)
