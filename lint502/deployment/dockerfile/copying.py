"""COPY and ADD: which files stand where afterwards.

https://docs.docker.com/reference/dockerfile/#copy and https://github.com/moby/buildkit,
frontend/dockerfile/dockerfile2llb/convert_copy.go.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping

from msgspec import Struct

from lint502.deployment import ignored
from lint502.deployment.dockerfile.heredocs import heredoc
from lint502.deployment.dockerfile.instructions import Heredoc, Instruction
from lint502.deployment.dockerfile.looking import looks_like_folder, matching, taken
from lint502.deployment.dockerfile.state import State
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.layers import Files, Inline, Unseen
from lint502.deployment.shell import UNKNOWN
from lint502.deployment.yaml import YamlText
from lint502.patterns import regex
from lint502.places import Place

MAX_MATCHES = 2_000

_REMOTE = regex(r"https?://|ftp://|git@|git://|ssh://|.*\.git(?:#.*)?$")
_ARCHIVE = regex(r"\.(?:tar|tgz|tbz2?|txz|tar\.\w+)$")


class Context(Struct, frozen=True):
    """The folder that an image is built from, with the patterns of what is left out of it, and
    other such folders and images by name."""

    folder: str
    excluded: tuple[str, ...]
    others: Mapping[str, str]


class Target(Struct, frozen=True):
    """Where files go: ``path``, or the folder ``path``."""

    path: str
    folder: bool
    place: Place

    def of(self, name: str) -> str:
        """The path of a file of some name."""
        return posixpath.join(self.path, name) if self.folder else self.path


def copy(
    state: State, instruction: Instruction, context: Context, source: State | str | None
) -> None:
    """Take a COPY or ADD. ``source`` is the stage or the image that it copies from, None for the
    folder that is built from."""
    if len(instruction.words) < 2:
        state.not_known(instruction.place, f"{instruction.keyword} has no target")
        return
    target = _target(state, instruction)
    if target is None:
        return
    heredocs = {one.name: one for one in instruction.heredocs}
    for written in instruction.words[:-1]:
        announced = heredoc(written) if heredocs else None
        if announced is not None and announced.name in heredocs:
            _write(state, heredocs[announced.name], target)
            continue
        path = state.known(written)
        if path is None:
            why = "what is copied is named by a variable without a value"
            state.not_known(instruction.of(written), why)
            state.put(Unseen(target.path, target.place))
        elif instruction.keyword == "ADD" and _REMOTE.match(path):
            name = posixpath.basename(path.partition("?")[0])
            state.put(Unseen(target.of(name), target.place))
        else:
            bring(state, instruction, path, target, context, source)


def bring(
    state: State,
    instruction: Instruction,
    path: str,
    target: Target,
    context: Context,
    source: State | str | None,
) -> None:
    """Put what is at a path of a stage, an image or the build's folder where it goes."""
    if isinstance(source, State):
        _from_stage(state, source, path, target)
    elif isinstance(source, str):
        _from_image(state, source, path, target)
    else:
        _from_context(state, context, path, target, instruction)


def _target(state: State, instruction: Instruction) -> Target | None:
    written = instruction.words[-1]
    place = instruction.place
    expanded = state.expanded(written)
    if UNKNOWN in expanded:
        state.not_known(
            instruction.of(written), "the target is named by a variable without a value"
        )
        fixed = posixpath.dirname(expanded.partition(UNKNOWN)[0] + "x")
        if fixed.startswith("/") and fixed != "/":
            state.put(Unseen(fixed, place))
        return None
    path = state.path(expanded)
    if path is None:
        state.not_known(place, "the target is relative to a working directory of the base image")
        return None
    several = len(instruction.words) > 2
    folder = several or expanded.endswith(("/", "/.")) or expanded in (".", "", "..")
    folder = folder or state.is_folder(path)
    if folder:
        state.make_folder(path)
    else:
        state.make_folder(posixpath.dirname(path))
    return Target(path, folder, place)


def _write(state: State, written: Heredoc, target: Target) -> None:
    text = written.content
    if written.expands:
        text = state.filled(text)
    path = target.of(written.name)
    if UNKNOWN in text:
        state.put(Unseen(path, target.place))
        return
    first = target.place
    place = Place(first.file, written.line, 1, 2)
    state.put(Inline(path, YamlText(text, place, plain=False, block="heredoc"), first))


def _from_context(
    state: State, context: Context, path: str, target: Target, instruction: Instruction
) -> None:
    inner = posixpath.normpath("/" + path.lstrip("/")).lstrip("/")
    if ignored.has_wildcards(inner):
        names = matching(state.repository, context.folder, inner, MAX_MATCHES)
        names = [one for one in names if not ignored.ignored(one, context.excluded)]
        if not names:
            state.not_known(target.place, f"nothing in the build's folder matches {inner}")
            state.put(Unseen(target.path, target.place))
    else:
        names = [inner]
    parents = instruction.flag("parents") in ("", "true")
    left_out = tuple(
        one.partition("=")[2] for one in instruction.flags if one.startswith("--exclude=")
    )
    for name in names:
        if ignored.ignored(posixpath.basename(name), left_out):
            continue
        source = os.path.join(context.folder, name) if name else context.folder
        folder = state.repository.is_folder(source)
        if name and not _is_kept(name, context.excluded, folder):
            state.not_known(target.place, f"{name} is left out by .dockerignore")
            continue
        if not state.repository.exists(source):
            state.not_known(target.place, f"{name} is not in the build's folder")
            file = target.of(posixpath.basename(name))
            state.put(Unseen(target.path if looks_like_folder(name) else file, target.place))
            continue
        if instruction.keyword == "ADD" and _ARCHIVE.search(name):
            state.put(Unseen(target.path, target.place))
            continue
        where = target.path if folder else target.of(posixpath.basename(name))
        if parents:
            pivot = path.rpartition("/./")[2] if "/./" in path else name
            where = posixpath.join(target.path, pivot.lstrip("/"))
        if folder:
            state.make_folder(where)
        excluded = (*ignored.below(name, context.excluded), *left_out) if folder else ()
        state.put(Files(where, source, target.place, merges=True, excluded=excluded))


def _is_kept(name: str, excluded: tuple[str, ...], folder: bool) -> bool:
    """Whether a ``.dockerignore`` leaves something of a path."""
    if not ignored.ignored(name, excluded):
        return True
    return folder and any(one.startswith("!") for one in ignored.below(name, excluded))


def _from_image(state: State, image: str, path: str, target: Target) -> None:
    source = posixpath.normpath("/" + path.lstrip("/"))
    if ignored.has_wildcards(source):
        state.put(Unseen(target.path, target.place))
        return
    folder = path.endswith(("/", "/.")) or looks_like_folder(source)
    where = target.path if folder else target.of(posixpath.basename(source))
    if UNKNOWN in image:
        state.put(Unseen(where, target.place))
    else:
        state.put(Files(where, source, target.place, merges=True, from_image=image))


def _from_stage(state: State, stage: State, path: str, target: Target) -> None:
    source = posixpath.normpath("/" + path.lstrip("/"))
    if ignored.has_wildcards(source):
        folder, pattern = posixpath.split(source)
        files = ContainerFiles(stage.repository, stage.layers)
        names = () if ignored.has_wildcards(folder) else files.listing(folder).names
        found = [posixpath.join(folder, one) for one in names if ignored.matches(one, pattern)]
        if not found or stage.runs:
            state.put(Unseen(target.path, target.place))
    else:
        found = [source]
    for one in found:
        file = target.of(posixpath.basename(one))
        for layer in taken(stage, one, target.path, file, target.place):
            state.put(layer)
