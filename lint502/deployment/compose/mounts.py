"""What a service mounts: volumes, tmpfs, configs, secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from lint502.deployment.compose.values import Items, Keyed, Scalar, Value, each_text
from lint502.deployment.compose.volume_syntax import is_foreign, is_path, parse_volume
from lint502.deployment.interpolation import Variables
from lint502.deployment.layers import Files, Inline, Layer, Volume
from lint502.deployment.repository import Repository
from lint502.deployment.texts import UNKNOWN, Unread
from lint502.deployment.yaml import YamlText
from lint502.places import Place

_SECRETS = "/run/secrets"


class Mounts(Struct, frozen=True):
    """What the services of a project mount, by the sections of its files."""

    repository: Repository
    sections: Mapping[str, Keyed]
    variables: Variables

    def of(self, name: str) -> tuple[tuple[Layer, ...], tuple[Unread, ...]]:
        """The mounts of a service, those of outer folders first, and what could not be made out."""
        unread: list[Unread] = []
        found: dict[str, Layer] = {}
        for layer in self._mounts(name, unread, ()):
            found[layer.target] = layer
        ordered = sorted(found.values(), key=lambda layer: layer.target.rstrip("/").count("/"))
        return tuple(ordered), tuple(unread)

    def _mounts(self, name: str, unread: list[Unread], trail: tuple[str, ...]) -> Iterator[Layer]:
        services = self.sections.get("services")
        service = None if services is None else services.entries.get(name)
        if not isinstance(service, Keyed):
            return
        for item in each_text(service.get("volumes_from")):
            kind, _, _ = item.text.partition(":")
            if kind == "container" or kind in trail or not item.known or len(trail) > 20:
                unread.append(Unread(item.place, "mounts what another container has"))
            else:
                yield from self._mounts(kind, unread, (*trail, name))
        for item in each_text(service.get("tmpfs")):
            target = item.text.partition(":")[0]
            if target and UNKNOWN not in target:
                yield Volume(os.path.normpath(target), item.place)
        volumes = service.get("volumes")
        for value in volumes.items if isinstance(volumes, Items) else ():
            layer = self._volume(value)
            if layer is not None:
                yield layer
            else:
                unread.append(Unread(value.place, "mounts something at a path that is not known"))
        yield from self._granted(service, "configs", "/")
        yield from self._granted(service, "secrets", _SECRETS)

    def _volume(self, value: Value) -> Layer | None:
        if isinstance(value, Scalar):
            parsed = parse_volume(value.text)
            if parsed is None or UNKNOWN in parsed.target:
                return None
            target = os.path.normpath(parsed.target)
            if parsed.source is None:
                return Volume(target, value.place, keeps=True)
            source = value.cut(parsed.source)
            if is_path(parsed.source) or UNKNOWN in parsed.source:
                return self._bind(source, target, value.place)
            return self._named(source, target, value.place, "nocopy" not in parsed.options)
        return self._long(value) if isinstance(value, Keyed) else None

    def _long(self, value: Keyed) -> Layer | None:
        target = value.text("target")
        if not target:
            return None
        target = os.path.normpath(target)
        source, kind = value.scalar("source"), value.text("type")
        if kind == "bind" or (kind is None and source is not None and is_path(source.text)):
            return None if source is None else self._bind(source, target, value.place)
        inner = value.keyed(kind) if kind in ("volume", "image") else None
        below = (inner.text("subpath") if inner is not None else None) or ""
        if kind == "image" and source is not None and source.known:
            path = os.path.normpath("/" + below)
            return Files(target, path, value.place, from_image=source.text)
        if kind not in ("volume", None):
            return Volume(target, value.place)
        if source is None:
            return Volume(target, value.place, keeps=True)
        keeps = not (inner is not None and inner.says_yes("nocopy"))
        return self._named(source, target, value.place, keeps, below)

    def _bind(self, source: Scalar, target: str, place: Place, below: str = "") -> Layer:
        """A file or folder of the machine; in the repository it is known what it has."""
        if not source.known:
            return Volume(target, place)
        if is_foreign(source.text):
            return Volume(target, place, name=_below(source.text, below))
        path = self.repository.absolute(_below(source.text, below), source.folder)
        if self.repository.holds(path):
            return Files(target, path, place)
        return Volume(target, place, name=path)

    def _named(
        self, source: Scalar, target: str, place: Place, keeps: bool, below: str = ""
    ) -> Layer:
        """A volume with a name, which its driver may bind to a folder."""
        if not source.known:
            return Volume(target, place)
        section = self.sections.get("volumes")
        declared = None if section is None else section.keyed(source.text)
        options = None if declared is None else declared.keyed("driver_opts")
        if options is not None and "bind" in (options.text("o") or "").split(","):
            device = options.scalar("device")
            return (
                Volume(target, place)
                if device is None
                else self._bind(device, target, place, below)
            )
        name = (declared.text("name") if declared is not None else None) or source.text
        return Volume(target, place, keeps and not below, _below(name, below))

    def _granted(self, service: Keyed, kind: str, folder: str) -> Iterator[Layer]:
        """The configs or secrets that a service is granted."""
        granted = service.get(kind)
        for item in granted.items if isinstance(granted, Items) else ():
            source = item.text("source") if isinstance(item, Keyed) else None
            if isinstance(item, Scalar) and item.known:
                source = item.text
            if source is None:
                continue
            target = (item.text("target") if isinstance(item, Keyed) else None) or source
            path = os.path.normpath(os.path.join(folder, target))
            section = self.sections.get(kind)
            declared = None if section is None else section.keyed(source)
            yield self._content(declared, path, item.place)

    def _content(self, declared: Keyed | None, target: str, place: Place) -> Layer:
        """What a config or secret has; a driver's template and what is outside is not known."""
        if declared is None or declared.get("template_driver") is not None:
            return Volume(target, place)
        file = declared.scalar("file")
        if file is not None:
            return self._bind(file, target, place)
        content = declared.scalar("content")
        if content is not None:
            text = content.with_names()
            if text is None:
                return Volume(target, place)
            exact = text == content.written.value
            return Inline(target, replace(content.written, value=text), place, exact)
        variable = declared.text("environment")
        value = self.variables.known.get(variable or "")
        if value is None:
            return Volume(target, place)
        return Inline(target, YamlText(value.value, value.place, False), place, False)


def _below(path: str, inner: str) -> str:
    return os.path.join(path, inner) if inner else path
