"""ConfigMaps and Secrets that a kustomization makes of files and literals."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from lint502.deployment.kubernetes import fields
from lint502.deployment.kubernetes.edits import put, texts
from lint502.deployment.kubernetes.objects import Object
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text, Unread
from lint502.deployment.yaml import Yaml, YamlMap, YamlText
from lint502.places import Place

MOST_FILES = 1_000


class Generator:
    """Makes the objects of a kustomization in a folder; ``unread`` is what was not."""

    def __init__(self, repository: Repository, folder: str) -> None:
        self._repository = repository
        self._folder = folder
        self.unread: list[Unread] = []

    def made(self, kind: str, entries: Iterable[YamlMap], objects: list[Object]) -> list[Object]:
        """Some objects with those that entries of a generator make, or change."""
        for entry in entries:
            name = fields.known(entry.get("name"))
            if name is None:
                self.unread.append(Unread(entry.place, "makes an object without a name"))
                continue
            one = self._object(kind, name, entry)
            behavior = entry.text("behavior")
            old = next((other for other in objects if _is(other, kind, name.value)), None)
            if old is not None and behavior is not None and behavior.value in ("merge", "replace"):
                new = _merged(old, one) if behavior.value == "merge" else one
                new = replace(new, former=(*old.former, old.name.value), namespace=old.namespace)
                objects = [new if other is old else other for other in objects]
            else:
                objects = [*objects, one]
        return objects

    def _object(self, kind: str, name: Text, entry: YamlMap) -> Object:
        values: dict[str, YamlText] = {}
        for written in _several(entry, "envs", "env"):
            values |= self._variables(written)
        for written in _several(entry, "literals"):
            key, equals, value = written.value.partition("=")
            if equals:
                values[key] = YamlText(_without_quotes(value), written.place)
        files: dict[str, tuple[str, Place]] = {}
        for written in _several(entry, "files"):
            for key, path in self._files(written):
                files[key] = (path, written.place)
        section = texts(values, entry.place)
        metadata = YamlMap({}, {}, entry.place)
        data = YamlMap({"metadata": metadata}, {}, entry.place)
        if kind == "Secret":
            section = texts(
                {key: YamlText("", entry.place) for key in (*values, *files)}, entry.place
            )
            files = {}
        node = put(data, "data", section, entry.place)
        namespace = fields.known(entry.get("namespace"))
        home = "" if namespace is None else namespace.value
        return Object(kind, "", name, home, node, self._folder, files)

    def _files(self, written: YamlText) -> Iterator[tuple[str, str]]:
        """The keys and the paths that an entry of ``files`` stands for."""
        key, equals, name = written.value.rpartition("=")
        path = self._repository.absolute(name, self._folder)
        if not self._repository.holds(path):
            self.unread.append(Unread(written.place, "lies outside of the repository"))
        elif self._repository.is_folder(path):
            try:
                names = sorted(os.listdir(path))[:MOST_FILES]
            except OSError:
                names = []
            yield from ((one, f"{path}/{one}") for one in names)
        else:
            if not self._repository.is_file(path):
                self.unread.append(Unread(written.place, "is not there"))
            yield (key if equals else os.path.basename(path)), path

    def _variables(self, written: YamlText) -> dict[str, YamlText]:
        path = self._repository.absolute(written.value, self._folder)
        source = self._repository.text(path) if self._repository.holds(path) else None
        if source is None:
            self.unread.append(Unread(written.place, "is not there"))
            return {}
        found = {}
        for number, line in enumerate(source.text.split("\n"), 1):
            key, _, value = line.lstrip().rstrip("\r").partition("=")
            if key and not key.startswith("#"):
                start = line.find("=") + 2
                text = source.line(number)
                place = Place(source.name, number, start, max(len(text) + 1, start + 1), text)
                found[key] = YamlText(value, place)
        return found


def _several(entry: YamlMap, *keys: str) -> Iterator[YamlText]:
    for key in keys:
        one: Yaml | None = entry.get(key)
        written: Sequence[Yaml] = () if one is None else getattr(one, "items", (one,))
        yield from (text for text in written if isinstance(text, YamlText))


def _without_quotes(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _is(one: Object, kind: str, name: str) -> bool:
    return not one.group and one.kind == kind and name in (one.name.value, *one.former)


def _merged(old: Object, new: Object) -> Object:
    before, after = old.node.map("data"), new.node.map("data")
    data = YamlMap(
        {**({} if before is None else before.entries), **({} if after is None else after.entries)},
        {**({} if before is None else before.keys), **({} if after is None else after.keys)},
        new.node.place,
    )
    files = {key: of for key, of in old.generated.items() if after is None or key not in after.keys}
    left = {key: value for key, value in data.entries.items() if key not in new.generated}
    data = YamlMap(left, data.keys, data.place)
    node = put(old.node, "data", data, new.node.place)
    return replace(new, node=node, generated={**files, **new.generated})
