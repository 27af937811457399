"""Kustomizations: manifests of a folder with what others put over them.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from lint502.deployment.files import KUSTOMIZATIONS
from lint502.deployment.kubernetes import fields, objects, patches, renaming
from lint502.deployment.kubernetes.bounds import TOO_MUCH, Budget
from lint502.deployment.kubernetes.generators import Generator
from lint502.deployment.kubernetes.objects import Object
from lint502.deployment.kubernetes.patches import Patch
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Unread
from lint502.deployment.yaml import Yaml, YamlList, YamlMap, YamlText, documents
from lint502.places import Place
from lint502.reading import UnreadableError

MAX_DEPTH = 20
"""How many kustomizations stand one on the other."""

_NOT_FOLLOWED = ("helmCharts", "helmChartInflationGenerator", "generators", "transformers",
                 "replacements", "vars", "configurations")  # fmt: skip


class Built(Struct, frozen=True):
    """What a kustomization comes to: objects, the paths of the files that it is made of, and what
    was not read."""

    objects: tuple[Object, ...] = ()
    files: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()


class _Building(Struct):
    """A kustomization while it is built."""

    folder: str
    node: YamlMap
    objects: list[Object] = field(default_factory=list)
    files: dict[str, None] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)


def path_in(repository: Repository, folder: str) -> str | None:
    """The kustomization of a folder."""
    paths = (os.path.join(folder, name) for name in KUSTOMIZATIONS)
    return next((path for path in paths if repository.is_file(path)), None)


class Kustomizations:
    """The kustomizations of a repository; each is built once."""

    def __init__(self, repository: Repository, budget: Budget) -> None:
        self._repository = repository
        self._budget = budget
        self._built: dict[str, Built] = {}
        self._nodes: dict[str, YamlMap | Unread] = {}
        self.used: set[str] = set()
        """The folders of those that others are made of."""

    def is_component(self, folder: str) -> bool:
        """Whether it only changes what others have."""
        node = self._node(folder)
        kind = node.text("kind") if isinstance(node, YamlMap) else None
        return kind is not None and kind.value == "Component"

    def build(self, folder: str, depth: int = 0) -> Built:
        """What the kustomization of a folder comes to."""
        found = self._built.get(folder)
        if found is None:
            self._built[folder] = Built()  # one that leads back to itself has nothing more
            found = self._built[folder] = self._build(folder, (), depth)
        return found

    def _node(self, folder: str) -> YamlMap | Unread:
        found = self._nodes.get(folder)
        if found is None:
            found = self._nodes[folder] = self._read(folder)
        return found

    def _read(self, folder: str) -> YamlMap | Unread:
        path = path_in(self._repository, folder)
        place = Place(self._repository.name(path or folder), 1, 1, 2)
        if path is None:
            return Unread(place, "has no kustomization")
        try:
            nodes = list(documents(self._repository.source(path)))
        except UnreadableError as error:
            return Unread(place, str(error))
        if len(nodes) == 1 and isinstance(nodes[0], YamlMap):
            return nodes[0]
        return Unread(place, "is no kustomization")

    def _build(self, folder: str, before: Sequence[Object], depth: int) -> Built:
        node = self._node(folder)
        if isinstance(node, Unread):
            return Built(unread=(node,))
        building = _Building(folder, node, list(before))
        path = path_in(self._repository, folder)
        building.files = {} if path is None else {path: None}
        if depth > MAX_DEPTH:
            building.unread.append(Unread(node.place, f"is one of more than {MAX_DEPTH}"))
        else:
            self._resources(building, depth)
            self._generated(building)
            self._components(building, depth)
            self._changed(building)
        if not self._budget.take(len(building.objects)):
            return Built(unread=(Unread(node.place, TOO_MUCH),))
        return Built(tuple(building.objects), tuple(building.files), tuple(building.unread))

    def _resources(self, building: _Building, depth: int) -> None:
        for text in (*_texts(building.node, "resources"), *_texts(building.node, "bases")):
            path = self._path(building, text)
            if path is None:
                continue
            if self._repository.is_folder(path):
                self.used.add(path)
                base = self.build(path, depth + 1)
                self._take(building, base)
                building.objects += base.objects
            else:
                building.files[path] = None
                read = objects.read_file(self._repository, path)
                building.objects += read.objects
                building.unread += read.unread

    def _components(self, building: _Building, depth: int) -> None:
        for text in _texts(building.node, "components"):
            path = self._path(building, text)
            if path is not None and depth <= MAX_DEPTH:
                self.used.add(path)
                built = self._build(path, building.objects, depth + 1)
                self._take(building, built)
                building.objects = list(built.objects)

    def _take(self, building: _Building, other: Built) -> None:
        building.files.update(dict.fromkeys(other.files))
        building.unread += other.unread

    def _path(self, building: _Building, text: YamlText) -> str | None:
        """The file or folder that a text names; None where the repository has none."""
        path = self._repository.absolute(text.value, building.folder)
        remote = "://" in text.value or "?" in text.value or text.value.startswith("github.com/")
        if not remote and self._repository.holds(path) and self._repository.exists(path):
            return path
        building.unread.append(Unread(text.place, "is not in this repository"))
        return None

    def _generated(self, building: _Building) -> None:
        generator = Generator(self._repository, building.folder)
        for kind, key in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
            entries = fields.maps(building.node.list(key))
            building.objects = generator.made(kind, entries, building.objects)
        building.unread += generator.unread

    def _changed(self, building: _Building) -> None:
        for patch in self._patches(building):
            if not self._budget.take(1 + len(building.objects)):
                building.unread.append(Unread(patch.place, TOO_MUCH))
                return
            building.objects, why = patches.applied(building.objects, patch)
            if why is not None:
                building.unread.append(Unread(patch.place, why))
        building.objects = renaming.changed(building.objects, building.node)
        for key in _NOT_FOLLOWED:
            if building.node.get(key) is not None:
                why = f"has {key}, which lint502 does not follow"
                building.unread.append(Unread(building.node.keys[key], why))
        if building.node.get("transformers") is not None:
            building.objects = []
        targets = [
            target.map("select") or target
            for one in fields.maps(building.node.list("replacements"))
            for target in fields.maps(one.list("targets"))
        ]
        building.objects = patches.unknown(building.objects, targets)

    def _patches(self, building: _Building) -> Iterator[Patch]:
        """The patches of a kustomization, in the order in which they are made."""
        for text in _texts(building.node, "patchesStrategicMerge"):
            yield from self._read_patch(building, text, None, is_inline="\n" in text.value)
        for key in ("patches", "patchesJson6902"):
            for entry in fields.maps(building.node.list(key)):
                written, target = entry.text("patch"), entry.map("target")
                path = entry.text("path")
                if written is not None:
                    yield from self._read_patch(building, written, target, is_inline=True)
                elif path is not None:
                    yield from self._read_patch(building, path, target, is_inline=False)

    def _read_patch(
        self, building: _Building, text: YamlText, target: YamlMap | None, *, is_inline: bool
    ) -> Iterator[Patch]:
        try:
            nodes: list[Yaml] = []
            if is_inline:
                nodes += patches.inline(text)
            else:
                path = self._path(building, text)
                if path is not None:
                    building.files[path] = None
                    nodes += documents(self._repository.source(path))
        except UnreadableError as error:
            building.unread.append(Unread(text.place, str(error)))
            return
        yield from (Patch(node, target, text.place) for node in nodes)


def _texts(node: YamlMap, key: str) -> Iterator[YamlText]:
    found = node.get(key)
    items = found.items if isinstance(found, YamlList) else ()
    return (one for one in items if isinstance(one, YamlText) and not one.is_null)
