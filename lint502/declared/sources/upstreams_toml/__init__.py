"""``upstreams.toml``: what people declare of the other side, and what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from lint502.declared.claims import Claims
from lint502.declared.listeners import Directory, Fact
from lint502.findings import Problem
from lint502.places import Place, SourceFile
from lint502.toml import positions
from lint502.toml.positions import Key, Node

if TYPE_CHECKING:
    from pydantic import BaseModel

    from lint502.declared.sources.upstreams_toml.form import DirectoryTable, SpecFile

_SAYS_YES = frozenset(("tls", "keepalive"))
"""Tables that are facts by being there."""

_KeyPath = tuple[Key, ...]


class Declared(Struct, frozen=True):
    """What one file declares: of listeners, of fronts, and whether that is all there is (None
    where it does not say). What a mistake is about is left out, each with its problem; ``lost`` is
    the line of one for which it is not known which upstreams there are."""

    listeners: tuple[Claims, ...]
    fronts: tuple[Claims, ...]
    complete: Fact[bool] | None
    problems: tuple[Problem, ...]
    lost: int | None = None


def declared_in(source: SourceFile, data: dict[str, Any]) -> Declared:
    """What a file declares; ``data`` is what tomli read in it, of which mistakes are taken out."""
    from pydantic import ValidationError

    from lint502.declared.sources.upstreams_toml.form import SpecFile

    root = positions.scan(source.text)
    try:
        return _Tables(source, root, {}).declared(SpecFile.model_validate(data))
    except ValidationError as error:
        from lint502.declared.sources.upstreams_toml.salvage import salvaged
        from lint502.declared.sources.upstreams_toml.wording import FORM
        from lint502.toml.mistakes import mistakes

        found = mistakes(error, data, root, source.name, FORM)
    table, unsure, lost = salvaged(data, found)
    problems = tuple(mistake.problem for mistake in found)
    return replace(_Tables(source, root, unsure).declared(table), problems=problems, lost=lost)


class _Tables:
    """The tables of a file, with the place of each key."""

    def __init__(
        self, source: SourceFile, root: Node, unsure: Mapping[_KeyPath, frozenset[str]]
    ) -> None:
        self._source = source
        self._root = root
        self._unsure = unsure

    def declared(self, table: SpecFile) -> Declared:
        listeners = []
        for name, entry in (table.upstream or {}).items():
            path = ("upstream", name)
            if isinstance(entry, list):
                for number, one in enumerate(entry):
                    listeners.append(self._claims(name, (*path, number), one, listed=True))
            else:
                listeners.append(self._claims(name, path, entry))
        fronts = [
            self._claims(name, ("front", name), entry)
            for name, entry in (table.front or {}).items()
        ]
        complete = None
        if table.complete is not None:
            complete = self._fact(("complete",), table.complete)
        return Declared(tuple(listeners), tuple(fronts), complete, ())

    def _claims(
        self, name: str, path: _KeyPath, table: BaseModel, *, listed: bool = False
    ) -> Claims:
        facts = dict(self._facts(path, table, ""))
        unsure = self._unsure.get(path, frozenset())
        return Claims(name, self._place(path), facts, listed, unsure=unsure)

    def _facts(
        self, path: _KeyPath, table: BaseModel, above: str
    ) -> Iterator[tuple[str, Fact[Any]]]:
        """The facts of a table by dotted key; ``above`` is what comes before the keys in it."""
        for name in type(table).model_fields:
            value = getattr(table, name)
            if value is None:
                continue
            below, key = (*path, name), f"{above}{name}"
            if key == "socket.path":
                yield "socket", self._fact(path, value)
            elif key == "socket.directory":
                yield key, self._fact(below, self._directory(below, value))
            elif key == "socket.directories":
                each = (self._directory((*below, at), one) for at, one in enumerate(value))
                yield key, self._fact(below, tuple(each))
            elif isinstance(value, (bool, int, str)):
                yield key, self._fact(below, value)
            elif isinstance(value, list):
                yield key, self._fact(below, tuple(value))
            else:
                if key in _SAYS_YES:
                    yield key, self._fact(below, True)
                yield from self._facts(below, value, f"{key}.")

    def _directory(self, path: _KeyPath, table: DirectoryTable) -> Directory:
        return Directory(table.owner, table.group, table.mode, table.path, self._place(path))

    def _fact(self, path: _KeyPath, value: Any) -> Fact[Any]:
        return Fact(value, self._place(path))

    def _place(self, path: _KeyPath) -> Place:
        node = self._root.at(path)
        text = self._source.line(node.line)
        return Place(self._source.name, node.line, node.column, node.end_column, text)
