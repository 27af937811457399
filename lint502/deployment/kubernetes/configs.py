"""The ConfigMaps of manifests: files and variables that pods take from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from lint502.deployment.kubernetes.objects import Object
from lint502.deployment.layers import Files, Inline, Layer, Volume
from lint502.deployment.texts import Text
from lint502.deployment.yaml import YamlText
from lint502.places import Place


class ConfigMap(Struct, frozen=True):
    """A ConfigMap: the texts that it has by their keys, and the files of this machine that others
    are made of. ``opaque`` are keys whose content is not read."""

    texts: Mapping[str, YamlText]
    files: Mapping[str, tuple[str, Place]]
    opaque: Mapping[str, Place]

    @property
    def keys(self) -> tuple[str, ...]:
        """All its keys."""
        return (*self.texts, *self.files, *self.opaque)

    def value(self, key: str) -> Text | None:
        """The value of a key, where it is known."""
        found = self.texts.get(key)
        return None if found is None else Text(found.value, found.place)

    def layer(self, key: str, target: str, place: Place) -> Layer | None:
        """What puts the file of a key at a path; None where there is no such key."""
        if key in self.texts:
            return Inline(target, self.texts[key], place)
        if key in self.files:
            return Files(target, self.files[key][0], place)
        return Volume(target, place) if key in self.opaque else None


class Configs:
    """The ConfigMaps of a project, and the Secrets by what they are called."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._maps: dict[tuple[str, str], ConfigMap] = {}
        self._secrets: dict[tuple[str, str], tuple[str, ...]] = {}
        for one in objects:
            if one.group or one.kind not in ("ConfigMap", "Secret"):
                continue
            where = (one.namespace, one.name.value)
            if one.kind == "ConfigMap":
                self._maps[where] = _config_map(one)
            else:
                self._secrets[where] = _secret_keys(one)

    def config_map(self, name: str, namespace: str) -> ConfigMap | None:
        """The ConfigMap that a pod of a namespace means."""
        return self._maps.get((namespace, name))

    def secret_keys(self, name: str, namespace: str) -> tuple[str, ...] | None:
        """The keys of a Secret that a pod of a namespace means."""
        return self._secrets.get((namespace, name))


def _config_map(one: Object) -> ConfigMap:
    data, binary = one.node.map("data"), one.node.map("binaryData")
    entries = {} if data is None else data.entries
    texts = {key: value for key, value in entries.items() if isinstance(value, YamlText)}
    opaque = {} if binary is None else dict(binary.keys)
    return ConfigMap(texts, one.generated, opaque)


def _secret_keys(one: Object) -> tuple[str, ...]:
    sections = (one.node.map("data"), one.node.map("stringData"))
    return tuple(key for section in sections if section is not None for key in section.entries)
