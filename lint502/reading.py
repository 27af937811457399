"""Reading a file that anybody may have put there: regular, of bounded size, text; never waiting."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping


class UnreadableError(Exception):
    """A file that cannot be read; ``str()`` says why and what to do, ``line`` where if known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class MissingFileError(UnreadableError):
    """There is no such file."""


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


_PART = 1 << 20


def read_regular(path: str, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes. Raises :class:`UnreadableError`."""
    try:
        _check_kind(os.stat(path).st_mode)  # before opening, which alone can set off a device
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            _check_kind(status.st_mode)  # it may have been exchanged in the meantime
            if status.st_size > limit:
                raise UnreadableError(_too_large(status.st_size, limit), 1)
            data = os.read(descriptor, status.st_size + 1)
            if len(data) == status.st_size:
                return data
            parts = [data]  # it grows, or is of those that tell no size
            left = limit - len(data)
            while data and left > 0:
                data = os.read(descriptor, min(left, _PART))
                parts.append(data)
                left -= len(data)
            return b"".join(parts)[:limit]
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise MissingFileError("there is no such file") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnreadableError("is a symbolic link that leads back to itself") from None
        raise UnreadableError(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise UnreadableError("has a NUL byte in its name") from None


class RealPaths:
    """Paths with links followed; where a folder leads is looked up once."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The real path of an absolute one; as it is where it has a NUL byte, which no file has."""
        if "\0" in path:
            return path
        folder, _, name = path.rpartition("/")
        if name in ("", ".", "..") or not folder:
            return os.path.realpath(path)
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder)
        path = f"{real.rstrip('/')}/{name}"
        return os.path.realpath(path) if os.path.islink(path) else path


def below(path: str, folder: str) -> str | None:
    """An absolute path from a folder on; None where it does not lie in that."""
    if path == folder:
        return "."
    start = folder.rstrip("/") + "/"
    if not path.startswith(start):
        return None
    if "/." in path or "//" in path:
        return os.path.relpath(path, folder)
    return path[len(start) :]


class Reader:
    """Reads the files of a run: each as it is on the disk, or as somebody who works on it has it
    in an editor. ``overlay`` has the latter texts, by real path; such a file need not be there."""

    def __init__(self, overlay: Mapping[str, str] | None = None) -> None:
        self._overlay = overlay or {}

    def data(self, path: str, limit: int) -> bytes:
        """The bytes of a regular file of at most ``limit`` bytes. Raises
        :class:`UnreadableError`."""
        text = self._text(path)
        if text is None:
            return read_regular(path, limit)
        data = text.encode("utf-8", "surrogateescape")
        if len(data) > limit:
            raise UnreadableError(_too_large(len(data), limit), 1)
        return data

    def is_file(self, path: str) -> bool:
        """Whether there is a file that can be read."""
        return self._text(path) is not None or os.path.isfile(path)

    def exists(self, path: str) -> bool:
        """Whether there is anything of that name, be it a link that leads nowhere."""
        return self._text(path) is not None or os.path.lexists(path)

    def names_in(self, folder: str) -> list[str]:
        """What is in a folder, sorted. Raises :class:`OSError` where it cannot be listed."""
        real = os.path.realpath(folder) if self._overlay else folder
        added = [os.path.basename(one) for one in self._overlay if os.path.dirname(one) == real]
        return sorted({*os.listdir(folder), *added})

    def _text(self, path: str) -> str | None:
        if not self._overlay or "\0" in path:
            return None
        return self._overlay.get(os.path.realpath(path))


def _too_large(size: int, limit: int) -> str:
    return f"has {size} bytes; lint502 reads at most {limit // 1024**2} MB of one file"


def _check_kind(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnreadableError("is a directory, not a file")
    if not stat.S_ISREG(mode):
        raise UnreadableError("is not a regular file (a device, a pipe or a socket)")


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


def is_utf8(text: str) -> bool:
    """Whether a text that was read has no byte that is not UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


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
