"""Which manifests belong together where no kustomization says it: those of a folder.

Two files that have an object of the same name are two ways of running it, such as ``dev.yaml`` and
``prod.yaml``: each of them is put beside what is said once.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from lint502.deployment.kubernetes.objects import Manifests, Object
from lint502.deployment.texts import Unread
from lint502.patterns import regex

MOST_VARIANTS = 50
"""Ways in which one folder is run."""

_TOPS = frozenset(
    ("k8s", "k8", "kube", "kubernetes", "manifests", "deploy", "deployment", "deployments",
     "openshift")
)  # fmt: skip
"""Folders that hold all manifests of a repository, in folders of their own perhaps."""

_USED = frozenset(("Service", "ConfigMap", "Secret"))
_MORE = f"is one more way to run this folder; lint502 reads {MOST_VARIANTS}"
_WORD = regex(r"[a-z0-9]+")


class Group(Struct, frozen=True):
    """Manifests that are run together: the paths of their files, and a name for them."""

    name: str
    paths: tuple[str, ...]
    unread: tuple[Unread, ...] = ()


class _Variant(Struct):
    paths: list[str] = field(default_factory=list)
    identities: set[tuple[str, ...]] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


def groups(paths: Mapping[str, Manifests]) -> Iterator[Group]:
    """The groups of files, by their paths relative to the repository."""
    by_folder: dict[str, list[str]] = {}
    folders = {posixpath.dirname(path) for path in paths}
    for path in sorted(paths):
        by_folder.setdefault(_top(posixpath.dirname(path), folders), []).append(path)
    for folder, together in by_folder.items():
        yield from _variants(folder, together, paths)


def _top(folder: str, folders: Iterable[str]) -> str:
    """The folder whose manifests are run together with those of a folder."""
    parts = folder.split("/")
    for index, part in enumerate(parts):
        above = "/".join(parts[: index + 1])
        if part.lower() in _TOPS or above in folders:
            return above
    return folder


def _variants(folder: str, paths: Sequence[str], read: Mapping[str, Manifests]) -> Iterator[Group]:
    owners: dict[tuple[str, ...], set[str]] = {}
    for path in paths:
        for one in _used(read[path].objects):
            owners.setdefault(one.identity, set()).add(path)
    doubled = {path for sharing in owners.values() if len(sharing) > 1 for path in sharing}
    if not doubled:
        yield Group(f"{folder or '.'}/", tuple(paths))
        return
    variants: list[_Variant] = []
    unread = []
    for path in (path for path in paths if path in doubled):
        identities = {one.identity for one in _used(read[path].objects)}
        words = set(_WORD.findall(path[len(folder) :].lower()))
        fitting = [one for one in variants if one.identities.isdisjoint(identities)]
        if fitting:
            variant = max(fitting, key=lambda one: len(one.words & words))
        elif len(variants) < MOST_VARIANTS:
            variants.append(variant := _Variant())
        else:
            place = read[path].objects[0].node.place
            unread.append(Unread(place, _MORE))
            continue
        variant.paths.append(path)
        variant.identities |= identities
        variant.words |= words
    for variant in variants:
        together = [path for path in paths if path not in doubled or path in variant.paths]
        others = doubled.difference(variant.paths)
        yield Group(_name(folder, variant.paths, others), tuple(together), tuple(unread))


def _used(objects: Iterable[Object]) -> Iterator[Object]:
    """The objects of which nobody has two of one name: no Namespace, which several files repeat."""
    return (one for one in objects if one.kind in _USED or one.node.map("spec") is not None)


def _name(folder: str, paths: Sequence[str], others: Iterable[str]) -> str:
    """What sets a way of running a folder apart: a folder in it, or a file."""
    above = posixpath.commonpath([posixpath.dirname(path) for path in paths])
    shared = above in ("", folder) or any(path.startswith(f"{above}/") for path in others)
    return paths[0] if shared else f"{above}/"
