"""The files that a run may read: bounded, of the right kind, and inside the tree.

nginx opens whatever an ``include`` names; lint502 opens what lies below the roots' directories,
what ``--map`` brings in, and what ``allow_paths`` names, and nothing else: a configuration under
review must not make it show the text of another file.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lint502.places import SourceFile

MAX_FILE_BYTES = 16 * 1024**2
MAX_TOTAL_BYTES = 64 * 1024**2
MAX_FILES = 10_000
MAX_GLOB_MATCHES = 10_000


class UnreadableError(Exception):
    """A file that cannot be read; ``str()`` says why and what to do, ``line`` where if known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class MissingFileError(UnreadableError):
    """There is no such file."""


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


def shown(text: str) -> str:
    """A name fit for a terminal: control characters and undecodable bytes are escaped."""
    if text.isprintable():
        return text
    return "".join(_shown_character(character) for character in text)


def _shown_character(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return ascii(character)[1:-1]


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


def read_regular(path: str, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes. Raises :class:`UnreadableError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise MissingFileError("there is no such file") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnreadableError("a symbolic link that leads back to itself") from None
        if error.errno == errno.ENXIO:
            raise UnreadableError("is not a regular file") from None
        raise UnreadableError(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise UnreadableError("has a NUL byte in its name") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableError("is a directory, not a file")
        raise UnreadableError("is not a regular file (a device, a pipe or a socket)")
    with open(descriptor, "rb", buffering=0) as file:
        if status.st_size > limit:
            raise UnreadableError(
                f"has {status.st_size} bytes on its lines; lint502 reads at most "
                f"{limit // 1024**2} MB of one file",
                1,
            )
        try:
            return file.read(limit + 1)[:limit]
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}") from None


def decode(data: bytes) -> str:
    """The text of a configuration file. Raises :class:`UnreadableError` with the line."""
    nul = data.find(b"\0")
    if nul != -1:
        line = data.count(b"\n", 0, nul) + 1
        raise UnreadableError("has a NUL byte here: this is no text file", line)
    if data.startswith(b"\xef\xbb\xbf"):
        raise UnreadableError(
            "starts with a byte order mark, which nginx takes for part of the first directive; "
            "save it without one",
            1,
        )
    return data.decode("utf-8", "surrogateescape")


def not_utf8(text: str) -> Iterator[tuple[int, str]]:
    """The line and the message for the first byte that is not UTF-8, if there is one.

    nginx does not mind such bytes, so the file is read on.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        byte = ord(text[error.start]) - 0xDC00
        yield line, f"has a byte here that is not UTF-8 (0x{byte:02x}); save the file as UTF-8"
