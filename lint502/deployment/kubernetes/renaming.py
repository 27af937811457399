"""What a kustomization changes in all its objects: names, namespace, labels, images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from lint502.deployment.kubernetes import fields
from lint502.deployment.kubernetes.edits import Editor, put
from lint502.deployment.kubernetes.objects import Object
from lint502.deployment.kubernetes.workloads import PODS
from lint502.deployment.texts import Text
from lint502.deployment.yaml import Yaml, YamlMap, YamlText

_CONTAINERS = (("containers", "*"), ("initContainers", "*"))
_NAMES_OF = {
    "ConfigMap": (
        ("volumes", "*", "configMap", "name"),
        ("volumes", "*", "projected", "sources", "*", "configMap", "name"),
        *((*one, "envFrom", "*", "configMapRef", "name") for one in _CONTAINERS),
        *((*one, "env", "*", "valueFrom", "configMapKeyRef", "name") for one in _CONTAINERS),
    ),
    "Secret": tuple((*one, "envFrom", "*", "secretRef", "name") for one in _CONTAINERS),
}
"""Where a pod names a ConfigMap or a Secret."""


def changed(objects: Sequence[Object], node: YamlMap) -> list[Object]:
    """Some objects with what a kustomization says of all of them."""
    found = list(objects)
    namespace = fields.known(node.get("namespace"))
    if namespace is not None:
        found = [replace(one, namespace=namespace.value) for one in found]
    prefix, suffix = node.text("namePrefix"), node.text("nameSuffix")
    if prefix is not None or suffix is not None:
        found = _renamed(found, prefix, suffix)
    for labels, selects in _labels(node):
        found = [_labelled(one, labels, selects=selects) for one in found]
    for entry in fields.maps(node.list("replicas")):
        name, count = entry.text("name"), entry.text("count")
        if name is not None and count is not None:
            found = [_scaled(one, count) if _is(one, name.value) else one for one in found]
    images = [one for one in fields.maps(node.list("images")) if one.text("name") is not None]
    return [_with_images(one, images) for one in found] if images else found


def _renamed(
    objects: Sequence[Object], prefix: YamlText | None, suffix: YamlText | None
) -> list[Object]:
    """Objects with something put before and behind their names, and those who name them."""
    before, after = (("" if one is None else one.value) for one in (prefix, suffix))
    names = {kind: {one.name.value for one in objects if one.kind == kind} for kind in _NAMES_OF}
    services = {one.name.value for one in objects if (one.group, one.kind) == ("", "Service")}
    editors = {kind: Editor(_renaming(names[kind], before, after)) for kind in _NAMES_OF}
    of_services = Editor(_renaming(services, before, after))
    found = []
    for one in objects:
        new: Yaml = one.node
        where = PODS.get((one.group, one.kind))
        if where is not None:
            for kind, paths in _NAMES_OF.items():
                for path in paths:
                    new = editors[kind].edited(new, (*where, "spec", *path))
            new = of_services.edited(new, ("spec", "serviceName"))
        if one.kind in ("Namespace", "CustomResourceDefinition") or not isinstance(new, YamlMap):
            found.append(one)
            continue
        name = Text(f"{before}{one.name.value}{after}", one.name.place)
        found.append(replace(one, name=name, node=new, former=(*one.former, one.name.value)))
    return found


def _renaming(names: set[str], before: str, after: str) -> Callable[[Yaml], Yaml]:
    def renamed(node: Yaml) -> Yaml:
        if isinstance(node, YamlText) and node.value in names:
            return YamlText(f"{before}{node.value}{after}", node.place)
        return node

    return renamed


def _labels(node: YamlMap) -> Iterable[tuple[YamlMap, bool]]:
    """The labels that are put to the pods, and whether selectors have them too."""
    common = node.map("commonLabels")
    if common is not None:
        yield common, True
    for entry in fields.maps(node.list("labels")):
        pairs, selectors = entry.map("pairs"), entry.text("includeSelectors")
        templates = entry.text("includeTemplates")
        selects = selectors is not None and selectors.is_true
        if pairs is not None and (selects or (templates is not None and templates.is_true)):
            yield pairs, selects


def _labelled(one: Object, labels: YamlMap, *, selects: bool) -> Object:
    def put_to(node: Yaml) -> Yaml:
        if not isinstance(node, YamlMap):
            return node
        entries, keys = {**node.entries, **labels.entries}, {**node.keys, **labels.keys}
        return YamlMap(entries, keys, node.place)

    new: Yaml = one.node
    where = PODS.get((one.group, one.kind))
    if where is not None:
        new = Editor(_with_map("metadata")).edited(new, where) if where else new
        new = Editor(_with_map("labels")).edited(new, (*where, "metadata"))
        new = Editor(put_to).edited(new, (*where, "metadata", "labels"))
    elif selects and (one.group, one.kind) == ("", "Service"):
        new = Editor(put_to).edited(new, ("spec", "selector"))
    return replace(one, node=new) if isinstance(new, YamlMap) else one


def _is(one: Object, name: str) -> bool:
    return (one.group, one.kind) in PODS and name in (one.name.value, *one.former)


def _scaled(one: Object, count: YamlText) -> Object:
    """A workload with another number of pods."""
    spec = one.node.map("spec")
    if spec is None:
        return one
    new = put(spec, "replicas", count, count.place)
    return replace(one, node=put(one.node, "spec", new, spec.place))


def _with_map(key: str) -> Callable[[Yaml], Yaml]:
    """Puts an empty mapping under a key where there is none."""

    def given(node: Yaml) -> Yaml:
        if not isinstance(node, YamlMap) or node.map(key) is not None:
            return node
        return put(node, key, YamlMap({}, {}, node.place), node.place)

    return given


def _with_images(one: Object, images: Sequence[YamlMap]) -> Object:
    where = PODS.get((one.group, one.kind))
    if where is None:
        return one
    new: Yaml = one.node
    editor = Editor(lambda node: _image(node, images))
    for path in _CONTAINERS:
        new = editor.edited(new, (*where, "spec", *path, "image"))
    return replace(one, node=new) if isinstance(new, YamlMap) else one


def _image(node: Yaml, images: Sequence[YamlMap]) -> Yaml:
    """An image with the name, tag or digest that a kustomization gives it."""
    if not isinstance(node, YamlText):
        return node
    name, tag = _parted(node.value)
    for entry in images:
        about = entry.text("name")
        if about is None or about.value != name:
            continue
        new_name, new_tag, digest = (entry.text(key) for key in ("newName", "newTag", "digest"))
        if new_name is not None:
            name = new_name.value
        if digest is not None:
            tag = f"@{digest.value}"
        elif new_tag is not None:
            tag = f":{new_tag.value}"
        place = (digest or new_tag or new_name or about).place
        return YamlText(f"{name}{tag}", place)
    return node


def _parted(image: str) -> tuple[str, str]:
    """The name of an image, and its tag or digest with the mark before it."""
    name, at, digest = image.partition("@")
    start = name.rfind(":")
    if start > name.rfind("/"):
        name, tag = name[:start], name[start:]
    else:
        tag = ""
    return name, f"@{digest}" if at else tag
