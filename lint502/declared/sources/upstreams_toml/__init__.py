"""``upstreams.toml``: what people declare of the other side, and what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lint502.declared.claims import Claims
from lint502.declared.listeners import Directory, Fact
from lint502.declared.sources.upstreams_toml.well_formed import Tables, tables_in
from lint502.findings import Problem
from lint502.places import Place, SourceFile
from lint502.toml import positions
from lint502.toml.positions import Key, Node

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
    root = positions.scan(source.text)
    tables = tables_in(data)
    if tables is not None:
        return _Tables(source, root, {}).declared(tables)
    from lint502.declared.sources.upstreams_toml.salvage import salvaged

    tables, found, unsure, lost = salvaged(source, root, data)
    problems = tuple(mistake.problem for mistake in found)
    return replace(_Tables(source, root, unsure).declared(tables), problems=problems, lost=lost)


class _Tables:
    """The tables of a file, with the place of each key."""

    def __init__(
        self, source: SourceFile, root: Node, unsure: Mapping[_KeyPath, frozenset[str]]
    ) -> None:
        self._source = source
        self._root = root
        self._unsure = unsure

    def declared(self, tables: Tables) -> Declared:
        listeners = []
        upstreams, fronts = map(self._root.below, ("upstream", "front"))
        for name, entry in tables.get("upstream", {}).items():
            node, path = upstreams.below(name), ("upstream", name)
            if isinstance(entry, list):
                for number, one in enumerate(entry):
                    below = (*path, number)
                    listeners.append(
                        self._claims(name, node.below(number), one, below, listed=True)
                    )
            else:
                listeners.append(self._claims(name, node, entry, path))
        complete = None
        if "complete" in tables:
            complete = self._fact(self._root.below("complete"), tables["complete"])
        return Declared(
            tuple(listeners),
            tuple(
                self._claims(name, fronts.below(name), entry, ("front", name))
                for name, entry in tables.get("front", {}).items()
            ),
            complete,
            (),
        )

    def _claims(
        self, name: str, node: Node, table: Tables, path: _KeyPath, *, listed: bool = False
    ) -> Claims:
        facts = dict(self._facts(node, table, ""))
        unsure = self._unsure.get(path, frozenset())
        return Claims(name, self._place(node), facts, listed, unsure=unsure)

    def _facts(self, node: Node, table: Tables, above: str) -> Iterator[tuple[str, Fact[Any]]]:
        """The facts of a table by dotted key; ``above`` is what comes before the keys in it."""
        for name, value in table.items():
            below, key = node.below(name), f"{above}{name}"
            if key == "socket.path":
                yield "socket", self._fact(node, value)
            elif key == "socket.directory":
                yield key, self._fact(below, self._directory(below, value))
            elif key == "socket.directories":
                each = (self._directory(below.below(at), one) for at, one in enumerate(value))
                yield key, self._fact(below, tuple(each))
            elif isinstance(value, dict):
                if key in _SAYS_YES:
                    yield key, self._fact(below, True)
                yield from self._facts(below, value, f"{key}.")
            else:
                yield key, self._fact(below, tuple(value) if isinstance(value, list) else value)

    def _directory(self, node: Node, table: Tables) -> Directory:
        return Directory(**table, place=self._place(node))

    def _fact(self, node: Node, value: Any) -> Fact[Any]:
        return Fact(value, self._source.place(node.start, node.end))

    def _place(self, node: Node) -> Place:
        return self._source.place(node.start, node.end)
