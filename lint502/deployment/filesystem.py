"""The files of a container, as far as a repository has them: what its layers come to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from lint502.deployment.ignored import ignored
from lint502.deployment.layers import Files, Inline, Layer, Moved, Removed, Unseen, Volume
from lint502.deployment.repository import Repository
from lint502.places import Place, SourceFile

MAX_MOVED = 20
"""How often one path leads to another one."""

MAX_LISTED = 10_000
"""Files below one folder."""


class OnDisk(Struct, frozen=True):
    """A file or folder of the container that this machine has at ``path``. ``place`` is what put it
    there. ``rendered``: envsubst is run over it, with the variables that it names, all where it is
    empty."""

    path: str
    place: Place
    rendered: tuple[str, ...] | None = None


class Missing(Struct, frozen=True):
    """A file or folder that is mounted at a path, but that this machine does not have."""

    path: str
    place: Place


class Listing(Struct, frozen=True):
    """The names in a folder of the container; ``whole`` is False where there may be more."""

    names: tuple[str, ...]
    whole: bool


Entry = OnDisk | Inline | Missing | Unseen | Volume


_MANY = 8
"""From so many paths on that are looked for, the layers are looked up."""


class _Index:
    """The numbers of layers by the paths that they are at, and of those that may change any."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self._anywhere: list[int] = []
        self._at: dict[str, list[int]] = {}
        for index, layer in enumerate(layers):
            if isinstance(layer, (Removed, Moved)):
                self._anywhere.append(index)
            else:
                self._at.setdefault(layer.target.rstrip("/"), []).append(index)

    def bearing_on(self, path: str) -> list[int]:
        """The numbers of those that bear on an absolute path."""
        above = path.rstrip("/")
        found = [*self._anywhere, *self._at.get(above, ())]
        while above:
            above = above.rpartition("/")[0]
            found += self._at.get(above, ())
        return found


class ContainerFiles:
    """The files of a container; of two layers that have the same path the later one counts."""

    def __init__(self, repository: Repository, layers: Sequence[Layer]) -> None:
        self.repository = repository
        self._layers = tuple(layers)
        self._asked = 0
        self._index: _Index | None = None

    def find(self, path: str) -> Entry | None:
        """What is at an absolute path of the container; None where no layer has put anything."""
        return self._find(os.path.normpath(path), len(self._layers), MAX_MOVED)

    def source(self, path: str) -> SourceFile | None:
        """The text of a file of the container; None where the repository does not have it."""
        found = self.find(path)
        if isinstance(found, OnDisk):
            return self.repository.text(found.path)
        if isinstance(found, Inline):
            return SourceFile(found.text.place.file, found.text.value)
        return None

    def listing(self, folder: str) -> Listing:
        """The names in a folder of the container."""
        return self._listing(os.path.normpath(folder), len(self._layers), MAX_MOVED)

    def _listing(self, folder: str, before: int, moves: int) -> Listing:
        names: dict[str, None] = {}
        whole = True
        for index, layer in enumerate(self._layers[:before]):
            inner = _rest(layer.target, folder)
            if isinstance(layer, Removed):
                names = {name: None for name in names if not _hits(layer, f"{folder}/{name}")}
            elif inner is None:
                if (outer := _rest(folder, layer.target)) is not None:
                    names[outer.partition("/")[0]] = None
                if isinstance(layer, Moved) and not layer.kept:
                    names.pop(_rest(folder, layer.source) or "", None)
            elif isinstance(layer, Files) and layer.from_image is None:
                if not layer.merges:
                    names, whole = {}, True
                found = self._names(layer, inner)
                names.update(dict.fromkeys(found))
            elif isinstance(layer, Volume):
                names = names if layer.keeps else {}
                whole = False
            elif isinstance(layer, Moved):
                source = os.path.normpath(f"{layer.source}/{inner}")
                moved = self._listing(source, index, moves - 1) if moves else Listing((), False)
                names.update(dict.fromkeys(moved.names))
                whole = whole and moved.whole
            elif not isinstance(layer, Inline):
                whole = False
        return Listing(tuple(sorted(names)), whole)

    def below(self, folder: str) -> Iterator[str]:
        """The paths of the files below a folder of the container, folder by folder."""
        waiting, seen = [os.path.normpath(folder)], 0
        while waiting:
            here = waiting.pop()
            for name in self.listing(here).names:
                path = f"{here.rstrip('/')}/{name}"
                found = self.find(path)
                seen += 1
                if seen > MAX_LISTED:
                    return
                if found is None or (isinstance(found, OnDisk) and os.path.isdir(found.path)):
                    waiting.append(path)
                else:
                    yield path

    def removes(self, path: str) -> bool:
        """Whether something takes away what an image has at a path, or may have."""
        return any(
            (isinstance(layer, Removed) and _hits(layer, path))
            or (isinstance(layer, Moved) and not layer.kept and _rest(layer.source, path) == "")
            or (isinstance(layer, Files) and not layer.merges and bool(_rest(layer.target, path)))
            for layer in self._layers
        )

    def _names(self, layer: Files, inner: str) -> list[str]:
        folder = os.path.normpath(os.path.join(layer.source, inner))
        if not self.repository.is_folder(folder):
            return []
        try:
            names = self.repository.names_in(folder)
        except OSError:
            return []
        if not layer.excluded:
            return names[:MAX_LISTED]
        paths = {name: os.path.join(inner, name) for name in names}
        return [name for name, path in paths.items() if not _excluded(layer, path)]

    def _bearing_on(self, path: str, before: int) -> Iterable[int]:
        """The numbers of the layers that may bear on a path, the last one first."""
        self._asked += 1
        if self._asked < _MANY:
            return range(before - 1, -1, -1)
        if self._index is None:
            self._index = _Index(self._layers)
        found = self._index.bearing_on(path)
        return sorted((index for index in found if index < before), reverse=True)

    def _find(self, path: str, before: int, moves: int) -> Entry | None:
        for index in self._bearing_on(path, before):
            layer = self._layers[index]
            if isinstance(layer, Removed):
                if _hits(layer, path):
                    return None
                continue
            if isinstance(layer, Moved):
                inner = _rest(layer.target, path)
                if inner is not None and moves:
                    source = os.path.normpath(f"{layer.source}/{inner}")
                    found = self._find(source, index, moves - 1)
                    if isinstance(found, OnDisk) and layer.rendered is not None:
                        return OnDisk(found.path, found.place, layer.rendered)
                    return found if found is not None else Unseen(path, layer.place)
                if not layer.kept and _rest(layer.source, path) is not None:
                    return None
                continue
            inner = _rest(layer.target, path)
            if inner is None:
                continue
            if isinstance(layer, Inline):
                if not inner:
                    return layer
            elif isinstance(layer, (Unseen, Volume)):
                if not (isinstance(layer, Volume) and layer.keeps):
                    return layer
            elif (entry := self._in(layer, inner)) is not None or not layer.merges:
                return entry
        return None

    def _in(self, layer: Files, inner: str) -> Entry | None:
        if layer.from_image is not None:
            return Unseen(layer.target, layer.place)
        path = os.path.normpath(os.path.join(layer.source, inner)) if inner else layer.source
        if _excluded(layer, inner):
            return None
        if self.repository.exists(path):
            return OnDisk(path, layer.place)
        return None if inner or layer.merges else Missing(path, layer.place)


def _rest(above: str, path: str) -> str | None:
    """What follows ``above`` in a path that is it, or is below it."""
    above = above.rstrip("/")
    if path == above or not (path or above):
        return ""
    return path[len(above) + 1 :] if path.startswith(f"{above}/") else None


def _hits(layer: Removed, path: str) -> bool:
    """Whether a path, or one above it, is what was removed."""
    pattern, parts = layer.target.rstrip("/").split("/"), path.split("/")
    return len(parts) >= len(pattern) and all(map(fnmatchcase, parts, pattern))


def _excluded(layer: Files, inner: str) -> bool:
    """Whether a ``.dockerignore`` leaves a path of the build folder out."""
    return False if not layer.excluded or not inner else ignored(inner, layer.excluded)
