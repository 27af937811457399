"""The files that a run may read: bounded, of the right kind, and inside the tree.

nginx opens whatever an ``include`` names; lint502 opens what lies below the roots' directories,
what ``--map`` brings in, and what ``allow_paths`` and ``--allow-path`` name, and nothing else: a
configuration under review must not make it show the text of another file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from lint502.checkout import GIT, Checkout
from lint502.places import SourceFile
from lint502.reading import (
    MissingFileError,
    Reader,
    RealPaths,
    UnreadableError,
    below,
    decode,
    shown,
)

MAX_FILE_BYTES = 64 * 1024**2
MAX_TOTAL_BYTES = 128 * 1024**2
MAX_FILES = 50_000
MAX_GLOB_MATCHES = 50_000
MAX_LOOKED_AT = 1_000_000
"""Files and folders that all globs of a run look at."""


class OutsideTreeError(UnreadableError):
    """The file lies where lint502 may not read."""

    def __init__(self) -> None:
        super().__init__(
            "lies outside the tree that lint502 may read; bring it in with --map FROM=TO or "
            "allow_paths, or name it in allow_missing"
        )


class ElsewhereError(MissingFileError):
    """The file is there where nginx runs, or may be, but not in the repository."""


class OnDisk(Struct, frozen=True):
    """A file that was read: its real path, its text, and whether it lies inside the tree (one that
    the user named may be a link out of it)."""

    path: str
    text: str
    inside: bool


class PathMap(Struct, frozen=True):
    """``FROM=TO``: what nginx reads at ``source`` is read at ``target`` instead; both absolute."""

    source: str
    target: str

    @classmethod
    def parse(cls, text: str, base: Path) -> PathMap:
        """``text`` as on the command line; relative paths are below ``base``."""
        source, separator, target = text.partition("=")
        if not (separator and source and target):
            raise ValueError(f"{text!r} is not FROM=TO, such as /etc/nginx=deploy/nginx")
        if "\0" in text:
            raise ValueError(f"{text!r} has a NUL byte, which no path can have")
        return cls(absolute_path(source, base), absolute_path(target, base))

    def apply(self, path: str) -> str:
        """``path`` with the whole components of ``source`` at its start replaced."""
        if path == self.source:
            return self.target
        if path.startswith(self.source.rstrip("/") + "/"):
            return self.target + path[len(self.source.rstrip("/")) :]
        return path


def absolute_path(path: str, base: Path) -> str:
    """``path`` as a user writes it, with ``~``, from ``base`` on; links are not followed."""
    return os.path.normpath(base / os.path.expanduser(path))


def real_path(path: str) -> str:
    """``path`` with links followed; as it is where it has a NUL byte, which no file has."""
    return path if "\0" in path else os.path.realpath(path)


def has_magic(pattern: str) -> bool:
    """Whether nginx takes an ``include`` as a glob. Source: ``ngx_conf_include()``."""
    return any(character in pattern for character in "*?[")


def posix_glob(pattern: str) -> str:
    """A glob as Python reads it: glob(3), which nginx uses, also takes ``[^a]`` for ``[!a]``."""
    return pattern.replace("[^", "[!")


def glob_match(name: str, pattern: str) -> bool:
    """Whether one component of a path is one that a component of a :func:`posix_glob` takes."""
    return bool(_matching([name], pattern))


def _matching(names: Iterable[str], pattern: str) -> list[str]:
    """The components of paths that a component of a :func:`posix_glob` takes."""
    if not has_magic(pattern):
        return [name for name in names if name == pattern]
    found = filter(_component(pattern), names)
    return [name for name in found if pattern.startswith(".") or not name.startswith(".")]


@lru_cache(256)
def _component(pattern: str) -> Callable[[str], object]:
    return re.compile(translate(pattern)).match


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
    """The nginx files that a run reads, each once."""

    has_templates = True

    def __init__(
        self,
        working_directory: Path,
        maps: Sequence[PathMap] = (),
        allow_paths: Iterable[str] = (),
        reader: Reader | None = None,
        checkout: Checkout | None = None,
    ) -> None:
        self._reader = Reader() if reader is None else reader
        self._checkout = Checkout.around(working_directory) if checkout is None else checkout
        self._cwd = str(working_directory)
        self._maps = tuple(maps)
        self._allowed = {real_path(m.target) for m in maps}
        self._allowed |= {real_path(absolute_path(path, working_directory)) for path in allow_paths}
        self._inside: dict[str, bool] = {}
        self._real = RealPaths()
        self._read: dict[str, SourceFile | UnreadableError] = {}
        self._identities: dict[str, str] = {}
        self._globs: dict[str, list[str]] = {}
        self._listed: dict[str, list[str]] = {}
        self._looked_at = 0
        self._total = 0

    def absolute(self, path: str) -> str:
        """``path`` from the working directory, links not followed."""
        return os.path.normpath(os.path.join(self._cwd, path))

    def leads_out(self, path: str) -> bool:
        """Whether a file that was found leads out of the checkout that it is in."""
        return self._checkout.leads_out(path)

    def folder_above(self, directory: str, name: str) -> str | None:
        """The nearest folder above ``directory``, within the working directory, that has a file."""
        while self._below(directory):
            directory = os.path.dirname(directory)
            if os.path.isfile(os.path.join(directory, name)):
                return directory
        return None

    def nearest(self, directory: str, name: str) -> str | None:
        """The file of this name in ``directory``, or in the nearest folder above it up to the
        repository's top, or outside a repository to the working directory."""
        for folder in map(str, (Path(directory), *Path(directory).parents)):
            path = os.path.join(folder, name)
            if self._reader.is_file(path):
                return path
            if os.path.lexists(os.path.join(folder, ".git")):
                break
            if folder == self._cwd and not self._in_repository():
                break
        return None

    def _in_repository(self) -> bool:
        above = (Path(self._cwd), *Path(self._cwd).parents)
        return any(os.path.lexists(folder / ".git") for folder in above)

    def _below(self, path: str) -> bool:
        return path.startswith(self._cwd.rstrip("/") + "/")

    def allow(self, directory: str) -> None:
        """Take what lies below ``directory`` into the tree."""
        self._allowed.add(real_path(directory))
        self._inside.clear()

    def name(self, path: str) -> str:
        """``path`` as reports show it: relative where it lies below the working directory."""
        return shown(below(path, self._cwd) or path)

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
        """The paths that a glob finds, in nginx's order. Raises :class:`UnreadableError`.

        A folder outside the tree is not searched: it is among the paths itself, so that whoever
        reads it is told. One that several links lead to is searched once.
        """
        found = self._globs.get(pattern)
        if found is None:
            found = self._globs[pattern] = sorted(self._search(*_split_glob(pattern)))
        if len(found) > MAX_GLOB_MATCHES:
            raise UnreadableError(
                f"{self.name(pattern)} matches {len(found)} files; lint502 reads at most "
                f"{MAX_GLOB_MATCHES}"
            )
        return found

    def _search(self, folder: str, rest: str) -> list[str]:
        *inner, last = posix_glob(rest).split("/")
        folders, outside = [folder], []
        for part in inner:
            found: dict[tuple[int, int], str] = {}
            for path, real in self._named(folders, part):
                if os.path.islink(real):
                    real = self.identity(real)
                try:
                    status = os.stat(real)
                except OSError:
                    continue
                if not stat.S_ISDIR(status.st_mode):
                    continue
                if self.inside(real):
                    found.setdefault((status.st_dev, status.st_ino), path)
                else:
                    outside.append(path)
            folders = list(found.values())
        return [*outside, *(path for path, _ in self._named(folders, last))]

    def _named(self, folders: Iterable[str], pattern: str) -> Iterator[tuple[str, str]]:
        """What is in the folders under a name that one component of a glob takes: its path, and
        the path with links followed except for the last component."""
        for folder in folders:
            real = self.identity(folder or "/")
            if not has_magic(pattern):
                names = [pattern] if self._reader.exists(os.path.join(real, pattern)) else []
            else:
                names = self._names_in(real)
            self._looked_at += 1 + len(names)
            if self._looked_at > MAX_LOOKED_AT:
                raise UnreadableError(
                    f"the globs up to here look at more than {MAX_LOOKED_AT} files and folders; "
                    "lint502 stops here"
                )
            for name in _matching(names, pattern):
                yield f"{folder}/{name}", os.path.join(real, name)

    def _names_in(self, folder: str) -> list[str]:
        """What is in a folder, which is listed once. Raises :class:`UnreadableError`."""
        names = self._listed.get(folder)
        if names is None:
            try:
                names = self._reader.names_in(folder)
            except (FileNotFoundError, NotADirectoryError):
                names = []
            except OSError as error:
                raise UnreadableError(
                    f"the folder {shown(folder)} cannot be listed: {error.strerror}"
                ) from None
            self._listed[folder] = names
        return names

    def identity(self, path: str) -> str:
        """What tells one file from another: its real path, with links followed through the maps."""
        identity = self._identities.get(path)
        if identity is None:
            identity = self._identities[path] = self._identify(path)
        return identity

    def _identify(self, path: str) -> str:
        resolved = path
        for _ in range(40):
            real = self._real.of(resolved)
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
        if not trusted and not self.inside(real):
            raise OutsideTreeError
        read = self._read.get(real)
        if read is None:
            if len(self._read) >= MAX_FILES:
                raise UnreadableError(
                    f"more than {MAX_FILES} files are included; lint502 stops here"
                )
            try:
                read = self._source(path, real)
            except UnreadableError as error:
                read = error
            self._read[real] = read
        if isinstance(read, UnreadableError):
            raise read.with_traceback(None)
        return read

    def _source(self, path: str, real: str) -> SourceFile:
        data = self._reader.data(real, MAX_FILE_BYTES)
        self._total += len(data)
        if self._total > MAX_TOTAL_BYTES:
            raise UnreadableError(
                f"the files read come to more than {MAX_TOTAL_BYTES // 1024**2} MB; "
                "lint502 stops here"
            )
        return SourceFile(self.name(path), decode(data))

    def on_disk(self) -> dict[str, OnDisk]:
        """The files that were read, by the names that reports show."""
        return {
            source.name: OnDisk(real, source.text, self.inside(real))
            for real, source in self._read.items()
            if isinstance(source, SourceFile)
        }

    def inside(self, real: str) -> bool:
        """Whether the real path lies in the tree, and not in a ``.git`` there."""
        if real in self._allowed:
            return True
        folder, name = os.path.split(real)
        if folder == real or name == GIT:
            return False
        found = self._inside.get(folder)
        if found is None:
            found = self._inside[folder] = self.inside(folder)
        return found
