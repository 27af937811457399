"""``upstreams.toml`` with what was observed in the place of what it claims otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import tomli
from msgspec import Struct

from lint502.declared.sources.upstreams_toml import declared_in
from lint502.declared.upstreams import FIELDS
from lint502.declared.written import plain
from lint502.initial.facts import toml
from lint502.nginx.addresses import normal_socket
from lint502.places import SourceFile
from lint502.probing.answers import Answer
from lint502.probing.subjects import Subject
from lint502.standing import Standing

_LEFT = frozenset(("port", "socket", "socket.directory", "socket.directories"))
"""What is to be corrected on the other side, or takes somebody who knows."""


class UncorrectableError(Exception):
    """A file that cannot be corrected; ``str()`` says why."""


class Correction(Struct, frozen=True):
    """A key of an upstream, with what stands in the file from now on."""

    upstream: str
    key: str
    value: Any

    def __str__(self) -> str:
        return f"{self.upstream}: {self.key} = {_toml(self.value)}"


class Corrected(Struct, frozen=True):
    """The new text, what is changed in it, and of what is not, why."""

    text: str
    changed: tuple[Correction, ...]
    left: tuple[str, ...]


def corrected(
    text: str, name: str, differing: Iterable[tuple[Subject, Answer]], *, adds: bool = True
) -> Corrected:
    """A spec file called ``name`` with what differs corrected, comments and layout kept. ``adds``:
    what other files claim wrongly is declared in it. Raises :class:`UncorrectableError`."""
    import tomlkit
    import tomlkit.exceptions

    mark = "\ufeff" if text.startswith("\ufeff") else ""
    try:
        document = tomlkit.parse(text.removeprefix(mark))
    except (tomlkit.exceptions.TOMLKitError, ValueError, RecursionError) as error:
        raise UncorrectableError(f"is not valid TOML: {error}") from None
    changed: dict[tuple[str, str], Correction] = {}
    left: list[str] = []
    for subject, answer in differing:
        said = f"{subject.upstream}: {answer.key}"
        known = answer.seen.value is not None and not answer.seen.at_least
        if answer.key not in FIELDS or answer.key in _LEFT or not known:
            left.append(f"{said}: {answer.seen.text or answer.seen.why}")
            continue
        claimed = answer.claimed
        declared = claimed is not None and claimed.standing is Standing.DECLARED
        if declared and claimed is not None and claimed.place.file != name:
            continue
        if not declared and not adds:
            continue
        table = _table(document, subject)
        if table is None:
            where = "" if claimed is None else f" {claimed.place.file}:{claimed.place.line} says it"
            left.append(f"{said}: no table of {name} is about it alone;{where}")
            continue
        value = plain(answer.key, answer.seen.value)
        _set(table, answer.key.split("."), value)
        changed[subject.upstream, answer.key] = Correction(subject.upstream, answer.key, value)
    after = mark + tomlkit.dumps(document)
    if changed:
        _check(after.removeprefix(mark), name)
    return Corrected(after if changed else text, tuple(changed.values()), tuple(left))


def _check(text: str, name: str) -> None:
    """Whether the corrected text is one that lint502 takes."""
    try:
        problems = declared_in(SourceFile(name, text), tomli.loads(text)).problems
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise UncorrectableError(f"would not be valid TOML any more: {error}") from None
    if problems:
        raise UncorrectableError(f"would contradict itself in line {problems[0].line}")


def _table(document: Mapping[str, Any], subject: Subject) -> Any:
    """The table that is about a listener, None where several may be, or none is."""
    upstreams = document.get("upstream")
    entry = upstreams.get(subject.upstream) if isinstance(upstreams, dict) else None
    if not isinstance(entry, list):
        return entry if isinstance(entry, dict) else None
    fitting = [one for one in _tables(entry) if _is_about(one, subject)]
    return fitting[0] if len(fitting) == 1 else None


def _tables(entry: Iterable[Any]) -> Iterator[dict[str, Any]]:
    return (one for one in entry if isinstance(one, dict))


def _is_about(table: Mapping[str, Any], subject: Subject) -> bool:
    port, socket = subject.listener.port, subject.listener.socket
    if socket is not None:
        written = table.get("socket")
        path = written.get("path") if isinstance(written, dict) else written
        return isinstance(path, str) and normal_socket(path) == normal_socket(socket.value)
    return port is not None and table.get("port") == port.value


def _set(table: Any, path: list[str], value: Any) -> None:
    """Set a key, also in a table that is still ``true`` or a path."""
    import tomlkit

    key, *below = path
    there = table.get(key)
    if not below:
        if isinstance(there, dict) and not isinstance(value, dict):
            if value is True:
                return
            del table[key]
        table[key] = value
        return
    if isinstance(there, dict):
        _set(there, below, value)
        return
    inner = tomlkit.inline_table()
    if isinstance(there, str):
        inner["path"] = str(there)
    inner[below[0]] = value
    table[key] = inner


def _toml(value: Any) -> str:
    return toml(value)
