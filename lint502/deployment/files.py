"""The files of a repository that may say how something is run, by what they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import Struct

from lint502.deployment.repository import Repository
from lint502.deployment.walk import walk
from lint502.patterns import regex
from lint502.reading import UnreadableError

MOST_BYTES = 32 * 1024**2
"""Of all files together that are looked into."""

_LARGEST = 4 * 1024**2
_MAY_BE_COMPOSE = regex(r"^\s*[\"']?(?:image|build|extends|include|services)[\"']?\s*:", re.M)
_MAY_BE_MANIFEST = regex(r"^\s*[\"']?apiVersion[\"']?\s*:", re.M)
_DOCKERFILE = regex(r"(?:^|.*[.-])(?:Dockerfile|Containerfile)(?:[.-].*)?$", re.IGNORECASE)
_UNITS = (".service", ".socket")

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""Names of files that say how manifests are put together; they need not look like some."""


_MOST_SETTINGS = 50
_MOST_LOOKED_INTO = 1_000
"""Configurations of servers, and files that are looked into for them."""


class Server(Struct, frozen=True):
    """A server by the name of its configuration, by what that has, and by how it is started with
    ``{}``. What has not even the ``mark`` in it, as most files of nginx, is not searched."""

    name: re.Pattern[str]
    mark: str
    has: re.Pattern[str]
    words: tuple[str, ...]


_SERVERS = {
    "ini": Server(
        regex(r".*\.ini"),
        "[uwsgi]",
        regex(r"^\[uwsgi\]", re.MULTILINE),
        ("uwsgi", "--ini", "{}"),
    ),
    "py": Server(
        regex(r"gunicorn.*\.py|.*gunicorn\.conf\.py"),
        "bind",
        regex(r"^bind\s*=", re.MULTILINE),
        ("gunicorn", "-c", "{}", "app:app"),
    ),
    "conf": Server(
        regex(r".*\.conf"),
        "[",
        regex(r"^\[[\w.-]+\][^\[]*?^\s*listen\s*=[^\[]*?^\s*pm\b", re.MULTILINE | re.DOTALL),
        ("php-fpm", "-y", "{}"),
    ),
}
"""By the suffix of that name."""


class Files(Struct, frozen=True):
    """The files that may say how something is run, by what they are; ``settings`` of servers with
    how these are started."""

    compose: tuple[str, ...]
    manifests: tuple[str, ...]
    dockerfiles: tuple[str, ...]
    units: tuple[str, ...]
    settings: tuple[tuple[str, tuple[str, ...]], ...]
    whole: bool

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(
            self.compose or self.manifests or self.dockerfiles or self.units or self.settings
        )


def files_of(repository: Repository) -> Files:
    """The files of a repository by what they are, which their content says."""
    found = walk(repository.folder)
    left, whole = MOST_BYTES, found.whole
    compose_files: list[str] = []
    manifests: list[str] = []
    dockerfiles: list[str] = []
    units: list[str] = []
    others: list[str] = []
    for path in found.paths:
        name = os.path.basename(path)
        if name.endswith((".yml", ".yaml")) or name in KUSTOMIZATIONS:
            left -= _size(path)
            if left < 0:
                whole = False
                break
            kind = _kind(repository, path)
            if kind == "compose":
                compose_files.append(path)
            elif kind == "manifest":
                manifests.append(path)
        elif name.endswith(_UNITS):
            units.append(path)
        elif "file" in name.lower() and _DOCKERFILE.fullmatch(name):
            dockerfiles.append(path)
        else:
            others.append(path)
    return Files(
        tuple(compose_files),
        tuple(manifests),
        tuple(dockerfiles),
        tuple(units),
        tuple(islice(_settings(repository, others), _MOST_SETTINGS)),
        whole,
    )


def _settings(
    repository: Repository, paths: Iterable[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The configurations of servers among some files, each with how its server is started."""
    looked_into = 0
    for path in paths:
        name = os.path.basename(path)
        server = _SERVERS.get(name.rpartition(".")[2])
        if server is None or not server.name.fullmatch(name):
            continue
        looked_into += 1
        if looked_into > _MOST_LOOKED_INTO:
            return
        source = repository.text(path)
        if source is not None and server.mark in source.text and server.has.search(source.text):
            yield path, server.words


def _size(path: str) -> int:
    try:
        return min(os.path.getsize(path), _LARGEST)
    except OSError:
        return 0


def _kind(repository: Repository, path: str) -> str | None:
    """Whether a YAML file is one of Compose, or has manifests."""
    if os.path.basename(path) in KUSTOMIZATIONS:
        return "manifest"
    named = re.match(r"(?:docker-)?compose\b", os.path.basename(path))
    source = repository.text(path)
    if source is None:
        return "compose" if named else None
    if _MAY_BE_MANIFEST.search(source.text):
        return "manifest"
    if not _MAY_BE_COMPOSE.search(source.text):
        return None
    from lint502.deployment import compose
    from lint502.deployment.yaml import documents

    try:
        nodes = documents(source)
        return "compose" if any(map(compose.is_compose, nodes)) else None
    except UnreadableError:
        return "compose" if named else None
