"""The deployments of a repository, and the nginx of each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from msgspec import Struct

from lint502.deployment import compose, dockerfile, kubernetes, systemd
from lint502.deployment.containers import Container, Program, Project
from lint502.deployment.deployed import Deployed
from lint502.deployment.files import Files
from lint502.deployment.nginx_containers import nginx_containers
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Unread
from lint502.deployment.unstarted import unstarted
from lint502.places import Place
from lint502.reading import UnreadableError


class Discovered(Struct, frozen=True):
    """The nginx of each deployment; ``projects`` are all deployments, ``unread`` is what could not
    be made out of their files."""

    deployed: tuple[Deployed, ...]
    projects: tuple[Project, ...]
    unread: tuple[Unread, ...]


def discover(repository: Repository, files: Files) -> Discovered:
    """The deployments that files of a repository make up."""
    projects = [
        *compose.projects(repository, files.compose, dockerfile.build),
        *kubernetes.projects(repository, files.manifests),
    ]
    host = systemd.project(repository, files.units) if files.units else None
    alone = unstarted(repository, files.settings)
    projects += [one for one in (host, alone) if one is not None]
    built = {name for project in projects for name in project.files}
    left = (path for path in files.dockerfiles if repository.name(path) not in built)
    images = list(_images(repository, left))
    deployed: list[Deployed] = []
    for project in (*projects, *images):
        deployed += deployed_of(project, repository)
    read = {path for one in deployed if one.nginx.project.kind != "image" for path in one.paths()}
    deployed = [
        one
        for one in deployed
        if one.nginx.project.kind != "image" or not read.issuperset(one.paths())
    ]
    unread = tuple(one for project in projects for one in project.unread)
    return Discovered(tuple(deployed), (*projects, *images), unread)


def deployed_of(project: Project, repository: Repository) -> Iterator[Deployed]:
    """The nginx of a deployment."""
    found = tuple(nginx_containers(project, repository))
    for nginx in found:
        if nginx.container.active:
            others = tuple(other for other in found if other is not nginx)
            yield Deployed(nginx, others, repository)


def _images(repository: Repository, paths: Iterable[str]) -> Iterator[Project]:
    """What Dockerfiles build that no Compose file names: each an image on its own, of which nobody
    says where it runs."""
    for path in paths:
        for context in dict.fromkeys((os.path.dirname(path), repository.folder)):
            try:
                image = dockerfile.build(repository, path, context)
            except UnreadableError:
                break
            words = (image.entrypoint, image.command)
            texts = tuple(word for each in words if each is not None for word in each.words)
            first = next((each for each in words if each is not None), None)
            name = repository.name(path)
            place = Place(name, 1, 1, 2)
            program = Program(
                None if first is None else type(first)(texts, first.place),
                image.base,
                built=True,
                environment=image.environment,
                unknown=image.unknown,
                workdir=image.workdir,
                user=image.user,
                folder=context,
                installed=image.installed,
            )
            container = Container(name, place, program, ports=image.ports, layers=image.layers)
            project = Project(name, "image", (container,), files=(name,))
            if any(True for _ in nginx_containers(project, repository)):
                yield project
                break
