"""What a service runs: its image or what is built, with what the service puts in its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from lint502.deployment.compose.environment import Environment
from lint502.deployment.compose.merging import as_build
from lint502.deployment.compose.values import Keyed, Scalar, as_keyed
from lint502.deployment.compose.words import words
from lint502.deployment.containers import Image, Program
from lint502.deployment.interpolation import Variables
from lint502.deployment.repository import Repository
from lint502.deployment.texts import UNKNOWN, Text, Unread, Words
from lint502.deployment.yaml import YamlText
from lint502.patterns import regex
from lint502.places import Place, SourceFile
from lint502.reading import MissingFileError, UnreadableError

_REMOTE = regex(r"(?:https?|git|ssh)://|github\.com/|git@")


class Builder(Protocol):
    """Builds an image from a Dockerfile, as far as its text tells."""

    def __call__(
        self,
        repository: Repository,
        dockerfile: str | SourceFile,
        context: str,
        *,
        target: str | None = None,
        args: Mapping[str, Text | None] = ...,
        contexts: Mapping[str, str] = ...,
    ) -> Image:
        """The image. Raises :class:`~lint502.reading.UnreadableError`."""


class Built(Struct, frozen=True):
    """What a service is built to; ``image`` is None where that cannot be known."""

    image: Image | None
    folder: str | None
    unread: tuple[Unread, ...] = ()


def built(
    service: Keyed, folder: str, variables: Variables, repository: Repository, builder: Builder
) -> Built | None:
    """What ``build`` of a service makes; None where it has none. ``folder`` is the project's."""
    value = service.get("build")
    if value is None:
        return None
    build = as_build(value)
    context = build.scalar("context") or Scalar(".", YamlText(".", build.place), folder)
    path, why = _context(context, repository)
    if path is None:
        return Built(None, None, (Unread(context.place, why),))
    dockerfile = _dockerfile(build, path, repository)
    target = build.scalar("target")
    if dockerfile is None or (target is not None and not target.known):
        why = "builds from a Dockerfile or a stage that a variable without a value names"
        return Built(None, path, (Unread(build.place, why),))
    try:
        image = builder(
            repository,
            dockerfile,
            path,
            target=None if target is None else target.text or None,
            args=_args(build, variables),
            contexts=_contexts(build, repository),
        )
    except UnreadableError as error:
        inline = isinstance(dockerfile, SourceFile)
        shown = "dockerfile_inline" if inline else repository.name(str(dockerfile))
        missing = isinstance(error, MissingFileError)
        why = f"{shown}, {'but' if missing else 'which'} {error}"
        return Built(None, path, (Unread(build.place, f"builds from {why}"),))
    return Built(image, path)


def _context(context: Scalar, repository: Repository) -> tuple[str | None, str]:
    """The folder of a build's context, or why it is not known."""
    if not context.known:
        return None, "builds from a folder that a variable without a value names"
    if _REMOTE.match(context.text):
        return None, "builds from another repository, which lint502 does not fetch"
    path = repository.absolute(context.text, context.folder)
    if not repository.is_folder(path) or not repository.holds(path):
        return None, f"builds from {repository.name(path)}, which is no folder of this repository"
    return path, ""


def _dockerfile(build: Keyed, context: str, repository: Repository) -> str | SourceFile | None:
    inline = build.scalar("dockerfile_inline")
    if inline is not None:
        if not inline.known:
            return None
        place = inline.place
        before = place.line if inline.written.block else place.line - 1
        return SourceFile(place.file, "\n" * before + inline.text)
    name = build.scalar("dockerfile")
    if name is None:
        return os.path.join(context, "Dockerfile")
    return repository.absolute(name.text, context) if name.known else None


def _args(build: Keyed, variables: Variables) -> dict[str, Text | None]:
    """The arguments of a build; one without a value has that of ``.env``, or none at all."""
    found: dict[str, Text | None] = {}
    value = build.get("args")
    for name, one in as_keyed(value).entries.items() if value is not None else ():
        if not isinstance(one, Scalar) or not one.null:
            found[name] = one.as_text() if isinstance(one, Scalar) else None
        elif name in variables.unknown:
            found[name] = None
        else:
            text = variables.known.get(name) or variables.examples.get(name)
            if text is not None:
                found[name] = Text(text.value, one.place, text.example)
    return found


def _contexts(build: Keyed, repository: Repository) -> dict[str, str]:
    """The folders of ``additional_contexts``; what is an image or elsewhere as it is written."""
    found = {}
    value = build.get("additional_contexts")
    for name, one in as_keyed(value).entries.items() if value is not None else ():
        if not isinstance(one, Scalar) or not one.known:
            continue
        kind = one.text.partition(":")[0]
        foreign = "://" in one.text or kind == "service" or _REMOTE.match(one.text)
        found[name] = one.text if foreign else repository.absolute(one.text, one.folder)
    return found


def program(service: Keyed, place: Place, build: Built | None, own: Environment) -> Program:
    """What a service runs: an ``entrypoint`` puts the image's command out of force, a ``command``
    comes in its place."""
    base = None if build is None else build.image
    image, named = None, service.scalar("image")
    if base is not None:
        image = base.base
    elif build is None and named is not None:
        image = named.as_text() or _without_tag(named)
    run, arguments = _run(service, base)
    environment = dict(base.environment) if base is not None else {}
    unknown = set(base.unknown) if base is not None else set()
    for name in own.unknown:
        environment.pop(name, None)
    environment.update(own.known)
    unknown = (unknown | own.unknown) - own.known.keys()
    workdir = service.text("working_dir")
    user = service.scalar("user")
    return Program(
        words=run,
        image=image,
        built=build is not None,
        environment=environment,
        unknown=frozenset(unknown),
        workdir=workdir or (base.workdir if base is not None else "/"),
        user=user.as_text() if user is not None else (base.user if base is not None else None),
        folder=None if build is None else build.folder,
        arguments=arguments,
        open=own.open,
        installed=base.installed if base is not None else frozenset(),
    )


def _without_tag(image: Scalar) -> Text | None:
    """An image of which the tag alone is not known, ``"nginx:${TAG}"``."""
    name, _, tag = image.text.rpartition(":")
    text = image.with_names()
    if not name or UNKNOWN in name or "/" in tag or "@" in name or text is None:
        return None
    return Text(text, image.place, image.example)


def _run(service: Keyed, base: Image | None) -> tuple[Words | None, Words | None]:
    """The words that are run, and what comes behind an entry point that is not known."""
    entrypoint_value, command_value = service.get("entrypoint"), service.get("command")
    command = words(command_value)
    if entrypoint_value is not None:
        entrypoint = words(entrypoint_value)
        if entrypoint is None or (command is None and command_value is not None):
            return None, None
        return _joined(entrypoint, command), None
    if base is not None and command_value is None:
        command = base.command
    if base is None or base.entrypoint is None:
        return None, command
    if command is None and command_value is not None:
        return None, None
    return _joined(base.entrypoint, command), None


def _joined(entrypoint: Words, command: Words | None) -> Words:
    if command is None:
        return entrypoint
    place = entrypoint.place if entrypoint.words else command.place
    example = entrypoint.example or command.example
    return Words((*entrypoint.words, *command.words), place, example)
