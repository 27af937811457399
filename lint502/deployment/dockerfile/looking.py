"""The files that a COPY means: by a pattern, or in another stage."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from lint502.deployment import ignored
from lint502.deployment.dockerfile.state import State
from lint502.deployment.filesystem import ContainerFiles, OnDisk
from lint502.deployment.layers import Files, Inline, Layer, Moved, Removed, Unseen
from lint502.deployment.repository import Repository
from lint502.places import Place


def matching(repository: Repository, folder: str, pattern: str, most: int) -> list[str]:
    """The paths below a folder of this machine that fit a pattern, sorted."""
    found = [""]
    for part in pattern.split("/"):
        matched: list[str] = []
        for above in found:
            here = os.path.join(folder, above) if above else folder
            for name in _names(repository, here, part):
                matched.append(posixpath.join(above, name))
                if len(matched) >= most:
                    return matched
        found = matched
    return [one for one in found if one]


def taken(stage: State, source: str, as_folder: str, as_file: str, place: Place) -> Sequence[Layer]:
    """The layers that copy a path of another stage: the content of a folder to one path, or a file
    to another."""
    files = ContainerFiles(stage.repository, stage.layers)
    found = files.find(source)
    if isinstance(found, Inline):
        return (replace(found, target=as_file),)
    if isinstance(found, OnDisk) and not stage.repository.is_folder(found.path):
        if found.rendered is not None:
            return (Unseen(as_file, place),)
        return (Files(as_file, found.path, place, merges=True),)
    where = as_folder if looks_like_folder(source) else as_file
    if isinstance(found, Unseen) and found in stage.layers:
        return (Unseen(where, place),)
    layers = list(_below(stage, files, source, as_folder, place))
    if layers and any(not isinstance(one, Removed) for one in layers):
        return layers
    if stage.runs or stage.base is None:
        return (Unseen(where, place),)
    return (Files(where, source, place, merges=True, from_image=stage.base.value),)


def looks_like_folder(path: str) -> bool:
    """Whether a path of which only the name is known is more likely that of a folder."""
    above, name = posixpath.split(path.rstrip("/"))
    return "." not in name and posixpath.basename(above) not in ("bin", "sbin", "lib")


def rest(above: str, path: str) -> str | None:
    """What follows a path in one that is it, or is below it."""
    above = above.rstrip("/")
    if path == above:
        return ""
    return path[len(above) + 1 :] if path.startswith(f"{above}/") else None


def _below(
    stage: State, files: ContainerFiles, source: str, target: str, place: Place
) -> Iterator[Layer]:
    """What the layers of a stage put at a path and below it, as they stand below another one."""
    made: list[Layer] = []
    for layer in stage.layers:
        inner, outer = rest(layer.target, source), rest(source, layer.target)
        if isinstance(layer, Moved):
            made += _moved(stage, files, layer, source, target, place)
        elif inner is None and outer is None:
            continue
        elif isinstance(layer, Files):
            if inner is None:
                made.append(replace(layer, target=posixpath.join(target, outer or "")))
            elif (one := _part(stage, layer, inner)) is not None:
                made.append(replace(one, target=target, place=place))
        elif isinstance(layer, Removed) and inner is not None:
            made.clear()
        elif isinstance(layer, (Inline, Removed, Unseen)):
            path = posixpath.join(target, outer) if outer else target
            made.append(replace(layer, target=path))
    yield from made


def _part(stage: State, layer: Files, inner: str) -> Files | None:
    """What a layer has at a path below its target."""
    source = posixpath.join(layer.source, inner) if inner else layer.source
    if layer.from_image is not None:
        return replace(layer, source=source)
    if ignored.ignored(inner, layer.excluded) or not stage.repository.exists(source):
        return None
    return replace(layer, source=source, excluded=ignored.below(inner, layer.excluded))


def _moved(
    stage: State, files: ContainerFiles, layer: Moved, source: str, target: str, place: Place
) -> Iterator[Layer]:
    """What a file that was moved in a stage comes to."""
    outer, inner = rest(source, layer.target), rest(layer.target, source)
    gone = rest(source, layer.source)
    if gone and not layer.kept:
        yield Removed(posixpath.join(target, gone), layer.place)
    if outer is None and inner is None:
        return
    found = files.find(layer.target if inner is None else source)
    where = posixpath.join(target, outer) if outer else target
    if isinstance(found, OnDisk) and found.rendered is None:
        yield Files(where, found.path, place, merges=True)
    elif isinstance(found, Inline):
        yield replace(found, target=where)
    elif found is not None:
        yield Unseen(where, place)


def _names(repository: Repository, folder: str, pattern: str) -> list[str]:
    if not ignored.has_wildcards(pattern):
        return [pattern] if repository.exists(os.path.join(folder, pattern)) else []
    if not repository.is_folder(folder):
        return []
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(name for name in names if ignored.matches(name, pattern))
