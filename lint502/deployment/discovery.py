"""The deployments of a repository, and the nginx of each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from lint502.deployment import compose, dockerfile, kubernetes, systemd
from lint502.deployment.containers import Container, Program, Project
from lint502.deployment.deployed import Deployed
from lint502.deployment.nginx_containers import nginx_containers
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Unread
from lint502.deployment.unstarted import unstarted
from lint502.deployment.walk import walk
from lint502.deployment.yaml import Yaml, documents
from lint502.places import Place
from lint502.reading import UnreadableError

MOST_BYTES = 32 * 1024**2
"""Of all files together that are looked into."""

_LARGEST = 4 * 1024**2
_MAY_BE_COMPOSE = re.compile(r"^\s*[\"']?(?:image|build|extends|include|services)[\"']?\s*:", re.M)
_MAY_BE_MANIFEST = re.compile(r"^\s*[\"']?apiVersion[\"']?\s*:", re.M)
_DOCKERFILE = re.compile(r"(?:^|.*[.-])(?:Dockerfile|Containerfile)(?:[.-].*)?$", re.IGNORECASE)
_UNITS = (".service", ".socket")
_SETTINGS = (".ini", ".py", ".conf")


class Discovered(Struct, frozen=True):
    """The nginx of each deployment; ``projects`` are all deployments, ``unread`` is what could not
    be made out of their files, and ``whole`` tells that all files were looked at."""

    deployed: tuple[Deployed, ...]
    projects: tuple[Project, ...]
    unread: tuple[Unread, ...]
    whole: bool


class _Files(Struct, frozen=True):
    """The files that may say how something is run, by what they are."""

    compose: tuple[str, ...]
    manifests: tuple[str, ...]
    dockerfiles: tuple[str, ...]
    units: tuple[str, ...]
    settings: tuple[str, ...]
    whole: bool


def discover(repository: Repository) -> Discovered:
    """The deployments below the folder of a repository."""
    files = _sorted(repository)
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
    return Discovered(tuple(deployed), (*projects, *images), unread, files.whole)


def deployed_of(project: Project, repository: Repository) -> Iterator[Deployed]:
    """The nginx of a deployment."""
    found = tuple(nginx_containers(project, repository))
    for nginx in found:
        if nginx.container.active:
            others = tuple(other for other in found if other is not nginx)
            yield Deployed(nginx, others, repository)


def _sorted(repository: Repository) -> _Files:
    """The files of a repository by what they are, which their content says."""
    found = walk(repository.folder)
    left, whole = MOST_BYTES, found.whole
    compose_files: list[str] = []
    manifests: list[str] = []
    dockerfiles: list[str] = []
    units: list[str] = []
    settings: list[str] = []
    for path in found.paths:
        name = os.path.basename(path)
        if name.endswith((".yml", ".yaml")) or name in kubernetes.KUSTOMIZATIONS:
            left -= _size(path)
            if left < 0:
                whole = False
                break
            kind = _kind(repository, path)
            if kind == "compose":
                compose_files.append(path)
            elif kind == "manifest":
                manifests.append(path)
        elif name.endswith(_SETTINGS):
            settings.append(path)
        elif name.endswith(_UNITS):
            units.append(path)
        elif _DOCKERFILE.fullmatch(name):
            dockerfiles.append(path)
    return _Files(
        tuple(compose_files),
        tuple(manifests),
        tuple(dockerfiles),
        tuple(units),
        tuple(settings),
        whole,
    )


def _size(path: str) -> int:
    try:
        return min(os.path.getsize(path), _LARGEST)
    except OSError:
        return 0


def _kind(repository: Repository, path: str) -> str | None:
    """Whether a YAML file is one of Compose, or has manifests."""
    if os.path.basename(path) in kubernetes.KUSTOMIZATIONS:
        return "manifest"
    named = re.match(r"(?:docker-)?compose\b", os.path.basename(path))
    source = repository.text(path)
    if source is None:
        return "compose" if named else None
    if _MAY_BE_MANIFEST.search(source.text):
        return "manifest"
    if not _MAY_BE_COMPOSE.search(source.text):
        return None
    try:
        nodes: Iterable[Yaml] = documents(source)
        return "compose" if any(map(compose.is_compose, nodes)) else None
    except UnreadableError:
        return "compose" if named else None


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
