"""The files that an nginx reads in its container, at the paths where it reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from lint502.deployment.filesystem import ContainerFiles, Entry, Missing, OnDisk
from lint502.deployment.layers import Inline, Unseen, Volume
from lint502.deployment.nginx_containers import NginxContainer
from lint502.nginx.files import (
    MAX_GLOB_MATCHES,
    ElsewhereError,
    Files,
    glob_match,
    has_magic,
    posix_glob,
)
from lint502.nginx.template_names import SUFFIX
from lint502.places import SourceFile
from lint502.reading import MissingFileError, UnreadableError, shown


class DeployedFiles:
    """A store of files for nginx's includes: those of a container.

    ``templates`` has folders whose files the image renders when it starts, with where to. ``own``
    are the folders of which it is known what the image has there.
    """

    has_templates = False

    def __init__(
        self,
        files: Files,
        container: ContainerFiles,
        templates: Mapping[str, str],
        own: Sequence[str] = (),
    ) -> None:
        self._files = files
        self._container = container
        self._templates = templates
        self._own = tuple(own)
        self._sources: dict[str, SourceFile] = {}

    def name(self, path: str) -> str:
        """A path as reports show it: that of the repository's file, where there is one."""
        found = self._find(path)
        if isinstance(found, OnDisk):
            return self._files.name(found.path)
        return found.text.place.file if isinstance(found, Inline) else shown(path)

    def mapped(self, path: str) -> str:
        """A path of the container is where nginx reads it."""
        return path

    def matches(self, pattern: str) -> list[str]:
        """The paths that a glob finds, in nginx's order. Raises ``UnreadableError``."""
        folders = [""]
        *inner, last = posix_glob(pattern).split("/")[1:]
        for part in inner:
            folders = [path for folder in folders for path in self._named(folder, part)]
        found = sorted(path for folder in folders for path in self._named(folder, last))
        if len(found) > MAX_GLOB_MATCHES:
            raise UnreadableError(
                f"{shown(pattern)} matches {len(found)} files; lint502 reads at most "
                f"{MAX_GLOB_MATCHES}"
            )
        return found

    def sees(self, pattern: str) -> bool | None:
        """Whether all that is in the folder of a glob is known."""
        parts = pattern.split("/")
        folder = "/".join(parts[: next((at for at, one in enumerate(parts) if has_magic(one)), -1)])
        return bool(self._names(folder or "/")) or self._container.listing(folder or "/").whole

    def identity(self, path: str) -> str:
        """What tells one file from another."""
        found = self._find(path)
        return self._files.identity(found.path) if isinstance(found, OnDisk) else path

    def read(self, path: str) -> SourceFile:
        """The text of one file. Raises ``UnreadableError`` and its kinds."""
        found = self._find(path)
        if isinstance(found, OnDisk):
            if self._container.repository.is_file(found.path):
                self._files.allow(os.path.dirname(found.path))
            return self._files.read(found.path)
        if isinstance(found, Inline):
            place = found.text.place
            key = f"{place.file}\0{path}"
            if key not in self._sources:
                self._sources[key] = found.text.as_written()
            return self._sources[key]
        raise self._why(path, found)

    def _why(self, path: str, found: Entry | None) -> UnreadableError:
        if isinstance(found, Missing):
            name = self._files.name(found.path)
            place = found.place
            return MissingFileError(
                f"{name} is mounted there ({place.file}:{place.line}), but there is no such file"
            )
        if isinstance(found, Volume):
            place = found.place
            return ElsewhereError(f"is in a volume ({place.file}:{place.line})")
        if isinstance(found, Unseen):
            place = found.place
            return ElsewhereError(f"is made when the image is built ({place.file}:{place.line})")
        if any(path.startswith(f"{folder}/") for folder in self._own):
            return MissingFileError("the container has no such file")
        return ElsewhereError("is no file of the repository, but may be one of the image")

    def _find(self, path: str) -> Entry | None:
        for folder, rendered in self._templates.items():
            inner = path.removeprefix(f"{rendered}/")
            if inner != path:
                found = self._container.find(f"{folder}/{inner}{SUFFIX}")
                if isinstance(found, (OnDisk, Inline)):
                    return found
        return self._container.find(path)

    def _named(self, folder: str, pattern: str) -> Iterator[str]:
        if not has_magic(pattern):
            yield f"{folder}/{pattern}"
            return
        for name in self._names(folder or "/"):
            if glob_match(name, pattern):
                yield f"{folder}/{name}"

    def _names(self, folder: str) -> list[str]:
        names = dict.fromkeys(self._container.listing(folder).names)
        for source, rendered in self._templates.items():
            inner = folder.removeprefix(rendered)
            if folder == rendered or inner.startswith("/"):
                there = self._container.listing(f"{source}{inner}").names
                names.update(
                    dict.fromkeys(
                        name.removesuffix(SUFFIX) for name in there if name.endswith(SUFFIX)
                    )
                )
        return list(names)


def store_of(nginx: NginxContainer, files: Files) -> DeployedFiles:
    """The files that an nginx reads."""
    return DeployedFiles(files, nginx.files, nginx.templates, nginx.own)
