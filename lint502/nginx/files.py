"""The files that a run may read: bounded, of the right kind, and inside the tree.

nginx opens whatever an ``include`` names; lint502 opens what lies below the roots' directories,
what ``--map`` brings in, and what ``allow_paths`` names, and nothing else: a configuration under
review must not make it show the text of another file.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lint502.places import SourceFile
from lint502.reading import UnreadableError, decode, read_regular, shown

MAX_FILE_BYTES = 16 * 1024**2
MAX_TOTAL_BYTES = 64 * 1024**2
MAX_FILES = 10_000
MAX_GLOB_MATCHES = 10_000


class OutsideTreeError(UnreadableError):
    """The file lies where lint502 may not read."""


@dataclass(frozen=True, slots=True)
class PathMap:
    """``FROM=TO``: what nginx reads at ``source`` is read at ``target`` instead; both absolute."""

    source: str
    target: str

    @classmethod
    def parse(cls, text: str, base: Path) -> PathMap:
        """``text`` as on the command line; relative paths are below ``base``."""
        source, separator, target = text.partition("=")
        if not (separator and source and target):
            raise ValueError(f"{text!r} is not FROM=TO, such as /etc/nginx=deploy/nginx")
        return cls(_absolute(source, base), _absolute(target, base))

    def apply(self, path: str) -> str:
        """``path`` with the whole components of ``source`` at its start replaced."""
        if path == self.source:
            return self.target
        if path.startswith(self.source.rstrip("/") + "/"):
            return self.target + path[len(self.source.rstrip("/")) :]
        return path


def _absolute(path: str, base: Path) -> str:
    return os.path.normpath(base / Path(path).expanduser())


def has_magic(pattern: str) -> bool:
    """Whether nginx takes an ``include`` as a glob. Source: ``ngx_conf_include()``."""
    return any(character in pattern for character in "*?[")


def posix_glob(pattern: str) -> str:
    """A glob as Python reads it: glob(3), which nginx uses, also takes ``[^a]`` for ``[!a]``."""
    return pattern.replace("[^", "[!")


def _split_glob(pattern: str) -> tuple[str, str]:
    """The folders of an absolute glob before its magic, and the rest.

    A folder of the checkout that itself has ``[`` or the like in its name is no magic.
    """
    parts = pattern.split("/")
    folder = ""
    for index, part in enumerate(parts[1:], 1):
        inner = f"{folder}/{part}"
        if index == len(parts) - 1 or (has_magic(part) and not os.path.isdir(inner)):
            return folder, "/".join(parts[index:])
        folder = inner
    return folder, ""


class Files:
    """Reads files from the disk, each once."""

    def __init__(
        self,
        working_directory: Path,
        maps: Sequence[PathMap] = (),
        allow_paths: Iterable[str] = (),
    ) -> None:
        self._cwd = str(working_directory)
        self._maps = tuple(maps)
        self._allowed: list[str] = [os.path.realpath(m.target) for m in maps]
        self._allowed += [
            os.path.realpath(_absolute(path, working_directory)) for path in allow_paths
        ]
        self._read: dict[str, SourceFile] = {}
        self._identities: dict[str, str] = {}
        self._total = 0

    def absolute(self, path: str) -> str:
        """``path`` from the working directory, links not followed."""
        return os.path.normpath(os.path.join(self._cwd, path))

    def folder_above(self, directory: str, name: str) -> str | None:
        """The nearest folder above ``directory``, within the working directory, that has a file."""
        while self._below(directory):
            directory = os.path.dirname(directory)
            if os.path.isfile(os.path.join(directory, name)):
                return directory
        return None

    def _below(self, path: str) -> bool:
        return path.startswith(self._cwd.rstrip("/") + "/")

    def allow(self, directory: str) -> None:
        """Take what lies below ``directory`` into the tree."""
        self._allowed.append(os.path.realpath(directory))

    def name(self, path: str) -> str:
        """``path`` as reports show it: relative where it lies below the working directory."""
        if path == self._cwd or self._below(path):
            path = os.path.relpath(path, self._cwd)
        return shown(path)

    def mapped(self, path: str) -> str:
        """Where to read what nginx reads at the absolute ``path``."""
        for entry in self._maps:
            path = entry.apply(path)
        return os.path.normpath(path)

    def sees(self, pattern: str) -> bool | None:
        """Whether the folder of a glob is there to be searched; None: it lies outside the tree."""
        real = self.identity(_split_glob(pattern)[0] or "/")
        if not self.inside(real):
            return None
        return os.path.isdir(real)

    def matches(self, pattern: str) -> list[str]:
        """The paths that a glob finds, in nginx's order. Raises :class:`UnreadableError`."""
        folder, rest = _split_glob(pattern)
        found = sorted(glob.glob(f"{glob.escape(folder)}/{posix_glob(rest)}"))
        if len(found) > MAX_GLOB_MATCHES:
            raise UnreadableError(
                f"{self.name(pattern)} matches {len(found)} files; lint502 reads at most "
                f"{MAX_GLOB_MATCHES}"
            )
        return found

    def identity(self, path: str) -> str:
        """What tells one file from another: its real path, with links followed through the maps."""
        identity = self._identities.get(path)
        if identity is None:
            identity = self._identities[path] = self._identify(path)
        return identity

    def _identify(self, path: str) -> str:
        resolved = path
        for _ in range(40):
            real = os.path.realpath(resolved)
            mapped = self.mapped(real)
            if mapped == real or os.path.exists(real):
                return real
            resolved = mapped
        return resolved

    def read(self, path: str, *, trusted: bool = False) -> SourceFile:
        """The text of one file; ``trusted`` for a path that the user named.

        Raises :class:`UnreadableError` and its kinds.
        """
        real = self.identity(path)
        if real in self._read:
            return self._read[real]
        if not trusted and not self.inside(real):
            raise OutsideTreeError(
                "lies outside the tree that lint502 may read; bring it in with --map FROM=TO or "
                "allow_paths, or name it in allow_missing"
            )
        if len(self._read) >= MAX_FILES:
            raise UnreadableError(f"more than {MAX_FILES} files are included; lint502 stops here")
        data = read_regular(real, MAX_FILE_BYTES)
        self._total += len(data)
        if self._total > MAX_TOTAL_BYTES:
            raise UnreadableError(
                f"the files read come to more than {MAX_TOTAL_BYTES // 1024**2} MB; "
                "lint502 stops here"
            )
        source = SourceFile(self.name(path), decode(data))
        self._read[real] = source
        return source

    def inside(self, real: str) -> bool:
        """Whether the real path lies in the tree."""
        return any(
            real == directory or real.startswith(directory.rstrip("/") + "/")
            for directory in self._allowed
        )
