"""The patches of a kustomization, and which objects they change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lint502.deployment.kubernetes import fields
from lint502.deployment.kubernetes.edits import Merge
from lint502.deployment.kubernetes.json_patches import patched
from lint502.deployment.kubernetes.objects import Object
from lint502.deployment.yaml import Yaml, YamlList, YamlMap, YamlText, documents
from lint502.patterns import regex
from lint502.places import Place, SourceFile
from lint502.reading import UnreadableError

_PLAIN = regex(r"[\w.-]*", re.ASCII)


class Patch(Struct, frozen=True):
    """A patch: the node that says what it changes, and what selects the objects; ``target`` is None
    where the patch itself names its object."""

    node: Yaml
    target: YamlMap | None
    place: Place


def inline(text: YamlText) -> Iterator[Yaml]:
    """The documents of a text that stands in a manifest, with their lines there."""
    start = text.place.line if text.block else text.place.line - 1
    yield from documents(SourceFile(text.place.file, "\n" * start + text.value))


def applied(objects: Sequence[Object], patch: Patch) -> tuple[list[Object], str | None]:
    """Some objects with a patch made to those that it is for, and why that could not be done; those
    that it may be for are left out then, for nobody knows what they are."""
    found: list[Object] = []
    why: str | None = None
    hit = False
    for one in objects:
        try:
            if not _is_for(patch, one):
                found.append(one)
                continue
            hit = True
            node = _changed(one.node, patch)
            if node is not None:
                found.append(replace(one, node=node))
        except UnreadableError as error:
            why = str(error)
    if not hit and why is None and patch.target is None:
        why = "is a patch of an object that is not among the resources"
    return found, why


def unknown(objects: Sequence[Object], targets: Iterable[YamlMap]) -> list[Object]:
    """Some objects without those that something else changes, by what selects them."""
    selecting = list(targets)

    def is_hit(one: Object) -> bool:
        try:
            return any(all(_selects(target, one)) for target in selecting)
        except UnreadableError:
            return True

    return [one for one in objects if not is_hit(one)]


def _changed(node: YamlMap, patch: Patch) -> YamlMap | None:
    if isinstance(patch.node, YamlList):
        return patched(node, patch.node)
    metadata = node.entries.get("metadata")
    result = Merge().merged(node, patch.node)
    if not isinstance(result, YamlMap) or metadata is None:
        return None
    return result


def _is_for(patch: Patch, one: Object) -> bool:
    if patch.target is not None:
        return all(_selects(patch.target, one))
    node = patch.node
    if not isinstance(node, YamlMap):
        return False
    kind, metadata = node.text("kind"), node.map("metadata")
    name = None if metadata is None else metadata.text("name")
    namespace = None if metadata is None else metadata.text("namespace")
    return (
        kind is not None
        and name is not None
        and kind.value == one.kind
        and name.value in (one.name.value, *one.former)
        and (namespace is None or namespace.value == one.namespace)
    )


def _selects(target: YamlMap, one: Object) -> Iterator[bool]:
    """Whether each condition of a target holds for an object."""
    for key, values in (
        ("kind", (one.kind,)),
        ("group", (one.group,)),
        ("namespace", (one.namespace,)),
        ("name", (one.name.value, *one.former)),
    ):
        pattern = target.text(key)
        yield pattern is None or any(_matches(pattern.value, value) for value in values)
    for key, section in (("labelSelector", "labels"), ("annotationSelector", "annotations")):
        selector = target.text(key)
        if selector is not None:
            metadata = one.node.map("metadata")
            has = fields.labels(None if metadata is None else metadata.map(section)) or {}
            yield _equal(selector.value, has.items())


def _equal(selector: str, labels: Iterable[tuple[str, str]]) -> bool:
    """Whether labels have all of ``a=b,c=d``. Raises UnreadableError for other selectors."""
    wanted = []
    for part in selector.split(","):
        key, equals, value = part.partition("=")
        if not equals or key.endswith("!") or not key.strip():
            raise UnreadableError("has a selector of labels that lint502 does not follow")
        wanted.append((key.strip(), value.removeprefix("=").strip()))
    return set(wanted) <= set(labels)


def _matches(pattern: str, value: str) -> bool:
    """Whether an expression matches a whole name: one of plain parts and ``.*`` or ``.+``."""
    if pattern == value or not pattern:
        return True
    parts = re.split(r"\.[*+]", pattern.removeprefix("^").removesuffix("$"))
    if not all(_PLAIN.fullmatch(part) for part in parts):
        raise UnreadableError("has a target that lint502 does not follow")
    if len(parts) == 1:
        return parts[0] == value
    if not value.startswith(parts[0]):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        found = value.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return value.endswith(parts[-1]) and len(value) - len(parts[-1]) >= at
