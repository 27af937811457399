"""An nginx of a deployment, and the repository that says so."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator

from msgspec import Struct

from lint502.deployment.containers import Project
from lint502.deployment.filesystem import Entry, OnDisk
from lint502.deployment.layers import Files, Inline
from lint502.deployment.nginx_containers import NginxContainer
from lint502.deployment.repository import Repository
from lint502.patterns import regex

_USUAL = regex(
    r"/etc/nginx/(?:nginx\.conf|(?:conf|http)\.d/[^/]+\.conf|sites-enabled/[^/]+"
    r"|templates/.+\.template)"
)
"""What nginx reads where its main file is not known, but taken for a usual one."""


_PASS = regex(r"(?:^|[\s;{}])[a-z]+_pass\s+[^\s;]")


_NOT_IN_USE = (".example", ".sample", ".dist", ".disabled", ".off", ".bak", ".orig", ".old", "~")
"""How people call files that are not to be read."""


class Around(Struct, frozen=True, eq=False):
    """The deployments of a repository, beside nginx files that belong to none of them: an nginx on
    the machine itself reaches what runs there, and ports that containers publish."""

    projects: tuple[Project, ...]
    repository: Repository
    contained: bool = False
    """Whether these files are put into a container, though no nginx there is seen to read them."""

    def puts_into_a_container(self, path: str) -> bool:
        """Whether a file of the repository goes into a container."""
        return any(
            path == layer.source or path.startswith(f"{layer.source.rstrip('/')}/")
            for project in self.projects
            if project.kind != "host"
            for container in project.containers
            for layer in container.layers
            if isinstance(layer, Files) and layer.from_image is None
        )


class Deployed(Struct, frozen=True, eq=False):
    """An nginx of a deployment, with the other ones of it, which may stand behind it."""

    nginx: NginxContainer
    others: tuple[NginxContainer, ...]
    repository: Repository

    @property
    def name(self) -> str:
        """What reports call the root: the repository's file that nginx reads first."""
        main = self.nginx.files.find(self.nginx.main)
        for found in (main, *self._files()):
            if isinstance(found, OnDisk):
                return self.repository.name(found.path)
            if isinstance(found, Inline) and found in self.nginx.container.layers:
                return found.text.place.file
        return self.nginx.project.name

    @property
    def folder(self) -> str:
        """The folder of the repository that the main file is in, or else the deployment's."""
        found = self.nginx.files.find(self.nginx.main)
        if isinstance(found, OnDisk):
            return os.path.dirname(found.path)
        files = self.nginx.project.files
        return os.path.dirname(self.repository.absolute(files[0])) if files else "."

    def reads(self, path: str) -> bool:
        """Whether a file of the repository, or one in a folder, is among the files from which nginx
        may read its configuration."""
        inside = f"{path.rstrip('/')}/"
        return any(one == path or one.startswith(inside) for one in self.paths())

    def has_pass(self) -> bool:
        """Whether any of these files looks as if it had a pass."""
        for found in self._files():
            if isinstance(found, Inline) and "_pass" in found.text.value:
                return True
            source = self.repository.text(found.path) if isinstance(found, OnDisk) else None
            if source is not None and "_pass" in source.text:
                return True
        return False

    def left_out(self, read: Container[str]) -> Iterator[tuple[str, str]]:
        """The files with a pass beside those that nginx ``read``, all by their names, each with the
        path that it has in the container."""
        for path, found in self._at_paths():
            if path.endswith(_NOT_IN_USE) or "/sites-available/" in path:
                continue
            source = self.repository.text(found.path) if isinstance(found, OnDisk) else None
            if source is not None and source.name not in read and _PASS.search(source.text):
                yield source.name, path

    def paths(self) -> Iterator[str]:
        """The files of the repository from which nginx may read its configuration."""
        return (found.path for found in self._files() if isinstance(found, OnDisk))

    def _files(self) -> Iterator[Entry]:
        """The files from which nginx may read its configuration."""
        for path, found in self._at_paths():
            if not (self.nginx.guessed and not _USUAL.fullmatch(path)):
                yield found

    def _at_paths(self) -> Iterator[tuple[str, Entry]]:
        """The files in the folders that nginx is configured in, by their paths there."""
        nginx = self.nginx
        for folder in dict.fromkeys((os.path.dirname(nginx.main), *nginx.templates)):
            for path in nginx.files.below(folder):
                found = nginx.files.find(path)
                if found is not None:
                    yield path, found
