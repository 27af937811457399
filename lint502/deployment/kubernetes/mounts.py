"""What the volumes of a pod put into its containers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from lint502.deployment.kubernetes import fields
from lint502.deployment.kubernetes.bounds import TOO_MUCH, Budget
from lint502.deployment.kubernetes.configs import Configs
from lint502.deployment.layers import Layer, Removed, Unseen, Volume
from lint502.deployment.texts import Text, Unread
from lint502.deployment.yaml import YamlMap
from lint502.places import Place


class _Source(Struct, frozen=True):
    """What is in a volume: its files, by their paths in it, as a ConfigMap and a key; ``whole``:
    there are no others. ``name`` tells volumes of several pods apart."""

    files: Mapping[str, tuple[str, str]]
    whole: bool
    name: str


class _Mount(Struct, frozen=True):
    path: str
    inner: str
    source: _Source | None
    place: Place


def layers(
    pod: YamlMap, container: YamlMap, owner: str, namespace: str, configs: Configs, budget: Budget
) -> tuple[tuple[Layer, ...], tuple[Unread, ...]]:
    """The layers of a container of a pod, the volumes of which are its ``owner``'s; and what was
    not read."""
    volumes = {
        name.value: volume
        for volume in fields.maps(pod.list("volumes"))
        if (name := fields.text(volume.get("name"))) is not None
    }
    mounts: list[_Mount] = []
    unread: list[Unread] = []
    found: list[Layer] = []
    for mount in fields.maps(container.list("volumeMounts")):
        name, path = fields.text(mount.get("name")), fields.known(mount.get("mountPath"))
        if name is None or path is None:
            unread.append(Unread(mount.place, "mounts a volume at a path that is not known"))
            found.append(Unseen("/", mount.place))
            continue
        inner = fields.text(mount.get("subPath"))
        volume = volumes.get(name.value)
        source = None
        if volume is not None and "subPathExpr" not in mount.entries:
            source = _source(volume, owner, namespace, configs)
        below = "" if inner is None else posixpath.normpath(inner.value).strip("/")
        mounts.append(_Mount(posixpath.normpath(path.value), below, source, path.place))
    # a runtime mounts what is above before what is below it
    for one in sorted(mounts, key=lambda mount: mount.path.count("/")):
        if not budget.take(1 + (0 if one.source is None else len(one.source.files))):
            unread.append(Unread(one.place, TOO_MUCH))
            found.append(Unseen("/", one.place))
            break
        made = tuple(_mounted(one, namespace, configs, unread))
        found += made
    return tuple(found), tuple(unread)


def _source(volume: YamlMap, owner: str, namespace: str, configs: Configs) -> _Source:
    name = fields.text(volume.get("name"))
    shared = f"{owner}/{'' if name is None else name.value}"
    claim, host = volume.map("persistentVolumeClaim"), volume.map("hostPath")
    of_claim = None if claim is None else fields.known(claim.get("claimName"))
    of_host = None if host is None else fields.known(host.get("path"))
    if of_claim is not None:
        shared = f"{namespace}/{of_claim.value}"
    elif of_host is not None:
        shared = posixpath.normpath(of_host.value)
    projected, config_map = volume.map("projected"), volume.map("configMap")
    parts: Sequence[YamlMap | None] = (config_map,)
    if projected is not None:
        parts = [one.map("configMap") for one in fields.maps(projected.list("sources"))]
    files: dict[str, tuple[str, str]] = {}
    whole = True
    for part in parts:
        name = None if part is None else fields.known(part.get("name"))
        data = None if name is None else configs.config_map(name.value, namespace)
        if part is None or name is None or data is None:
            whole = False
            continue
        chosen = part.list("items")
        if chosen is None:
            files.update({key: (name.value, key) for key in data.keys})
        for item in fields.maps(chosen):
            key, path = fields.known(item.get("key")), fields.known(item.get("path"))
            if key is None or path is None:
                whole = False
            else:
                files[posixpath.normpath(path.value)] = (name.value, key.value)
    return _Source(files, whole, shared)


def _mounted(
    mount: _Mount, namespace: str, configs: Configs, unread: list[Unread]
) -> Iterator[Layer]:
    """What a mount puts there, in place of what was there."""
    source = mount.source
    if source is None:
        yield Volume(mount.path, mount.place)
        return
    files = {
        (path if not mount.inner else path[len(mount.inner) + 1 :]): of
        for path, of in source.files.items()
        if not mount.inner or path == mount.inner or path.startswith(f"{mount.inner}/")
    }
    if mount.inner in source.files:
        files = {"": source.files[mount.inner]}
    if not source.whole and "" not in files:
        name = source.name if not mount.inner else f"{source.name}/{mount.inner}"
        yield Volume(mount.path, mount.place, name=name)
    elif "" not in files:
        yield Removed(mount.path, mount.place)
        if mount.inner and not files:
            unread.append(Unread(mount.place, f"mounts {mount.inner}, which is not in its volume"))
    for path, (config_map, key) in sorted(files.items()):
        data = configs.config_map(config_map, namespace)
        target = mount.path if not path else f"{mount.path.rstrip('/')}/{path}"
        layer = None if data is None else data.layer(key, target, mount.place)
        if layer is not None:
            yield layer
        else:
            unread.append(
                Unread(mount.place, f"mounts the key {key}, which is not in {config_map}")
            )


def host_aliases(pod: YamlMap) -> dict[str, Text]:
    """The names of ``hostAliases``, with their addresses."""
    found: dict[str, Text] = {}
    for alias in fields.maps(pod.list("hostAliases")):
        address, names = fields.known(alias.get("ip")), alias.list("hostnames")
        for name in () if names is None or address is None else names.items:
            text = fields.known(name)
            if text is not None and address is not None:
                found[text.value] = address
    return found
