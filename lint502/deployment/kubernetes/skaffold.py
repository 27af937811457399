"""Which folders the images of manifests are built from, where a ``skaffold.yaml`` says it.

https://skaffold.dev/docs/references/yaml/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from lint502.deployment.kubernetes import fields
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.deployment.yaml import Yaml, YamlMap, documents
from lint502.reading import UnreadableError


@dataclass(frozen=True, slots=True)
class Build:
    """What an image is built from: absolute paths of a folder and a Dockerfile, and the stage,
    None for the last one. ``image`` has neither tag nor digest."""

    image: Text
    folder: str
    dockerfile: str
    target: Text | None = None


def is_skaffold(node: Yaml) -> bool:
    """Whether a document is of skaffold."""
    version = node.text("apiVersion") if isinstance(node, YamlMap) else None
    return version is not None and version.value.startswith("skaffold/")


def builds(repository: Repository, path: str) -> tuple[Build, ...]:
    """The images that the skaffold of a file builds with Dockerfiles of the repository."""
    try:
        nodes = list(documents(repository.source(path)))
    except UnreadableError:
        return ()
    folder = os.path.dirname(path)
    return tuple(
        build
        for node in nodes
        if isinstance(node, YamlMap) and is_skaffold(node)
        for build in _builds(repository, node, folder)
    )


def _builds(repository: Repository, node: YamlMap, folder: str) -> Iterator[Build]:
    section = node.map("build")
    for artifact in fields.maps(None if section is None else section.list("artifacts")):
        image, context = fields.known(artifact.get("image")), fields.text(artifact.get("context"))
        others = {"bazel", "jib", "kaniko", "buildpacks", "custom", "ko"} & artifact.entries.keys()
        if image is None or others:
            continue
        docker = artifact.map("docker")
        name = None if docker is None else fields.text(docker.get("dockerfile"))
        own = repository.absolute("." if context is None else context.value, folder)
        dockerfile = repository.absolute("Dockerfile" if name is None else name.value, own)
        if repository.holds(own) and repository.holds(dockerfile):
            target = None if docker is None else fields.known(docker.get("target"))
            yield Build(image, own, dockerfile, target)
