"""The version of a server, from the file that pins the packages of a program.

What pins a version is known; a range (``>=22``, ``~=22.0``) is none. Where several files of a
folder, or several lines of one, pin different versions, nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from lint502.declared.sources.lock_files import node, others, python
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.patterns import regex

_VERSION = regex(r"v?(\d{1,9}(?:\.\d{1,9}){0,9})(?:\.RELEASE|\.Final|\.GA|\+.*)?", re.ASCII)
_MOST = 50
"""So many lines of one package are compared."""
_READERS = {
    "pypi": python.versions,
    "npm": node.versions,
    "gem": others.gems,
    "composer": others.composer,
    "cargo": others.cargo,
    "go": others.go,
    "hex": others.hex_packages,
    "maven": others.maven,
}
_PACKAGES: dict[str, tuple[str, ...]] = {
    "actix": ("cargo:actix-web",),
    "aiohttp": ("pypi:aiohttp",),
    "axum": ("cargo:axum",),
    "bandit": ("hex:bandit",),
    "cowboy": ("hex:cowboy",),
    "daphne": ("pypi:daphne",),
    "fastify": ("npm:fastify",),
    "granian": ("pypi:granian",),
    "grpc-go": ("go:google.golang.org/grpc",),
    "gunicorn": ("pypi:gunicorn",),
    "gunicorn-gthread": ("pypi:gunicorn",),
    "gunicorn-uvicorn": ("pypi:gunicorn",),
    "hypercorn": ("pypi:hypercorn",),
    "nest": ("npm:@nestjs/core",),
    "next": ("npm:next",),
    "puma": ("gem:puma",),
    "rocket": ("cargo:rocket",),
    "spring-boot": ("maven:org.springframework.boot",),
    "tornado": ("pypi:tornado",),
    "unicorn": ("gem:unicorn",),
    "uvicorn": ("pypi:uvicorn",),
    "uwsgi": ("pypi:uwsgi", "pypi:pyuwsgi"),
    "waitress": ("pypi:waitress",),
    "werkzeug": ("pypi:werkzeug",),
}


def pinned(package: str, folder: str, repository: Repository) -> Text | None:
    """The version of a package that a program in a folder runs with, as its lock file writes it.

    ``package`` is its registry and its name: ``"pypi:gunicorn"``, ``"npm:@nestjs/core"``,
    ``"gem:puma"``, ``"composer:…"``, ``"cargo:…"``, ``"go:…"``, ``"hex:…"``, ``"maven:…"``.
    ``folder`` is absolute. The nearest folder that pins it counts; one above counts where its lock
    file has the program as a part of its workspace.
    """
    registry, _, name = package.partition(":")
    for parent, part in _folders(folder, repository):
        read = _READERS[registry](repository, parent, part, name)
        found = list(islice(read, _MOST))
        if found:
            return found[0] if len({text.value for text in found}) == 1 else None
    return None


def server_version(server: str, folder: str, repository: Repository) -> Text | None:
    """The version of a server, by the name of its profile, as ``server = "puma/6.4.2"`` takes it:
    numbers alone. None where nothing pins it, or it is a version before a release."""
    for package in _PACKAGES.get(server, ()):
        found = pinned(package, folder, repository)
        match = _VERSION.fullmatch(found.value) if found is not None else None
        if found is not None:
            return None if match is None else Text(match[1], found.place)
    return None


def _folders(folder: str, repository: Repository) -> Iterator[tuple[str, str]]:
    """A folder and those above it in the repository, with the path from there: "" for itself."""
    here, top = PurePosixPath(repository.absolute(folder)), PurePosixPath(repository.folder)
    for parent in (here, *here.parents):
        yield str(parent), "" if parent == here else str(here.relative_to(parent))
        if parent == top or top not in parent.parents:
            return
