"""Logs in blocks of lines: files, those of a folder, compressed ones, standard input."""

from __future__ import annotations

import gzip
import lzma
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import IO, Any

from lint502.diagnosis import fields
from lint502.diagnosis.wrappings import LONGEST_LINE
from lint502.patterns import regex
from lint502.reading import shown

BLOCK = 1 << 18
STANDARD_INPUT = "-"

_ROTATED = regex(r"(?P<name>.*?)(?:[.-](?P<number>\d+))?(?P<packed>\.gz|\.zst)?\Z", re.DOTALL)
_ERROR_LOG = regex(r"(?:error|err)\b|error[._-]?log|\berrors?[._-]|[._-]errors?\b", re.I)
_ACCESS_LOG = regex(r"access", re.I)
_STAMP_SIZE = 19
_CLOCK_BACK = timedelta(hours=2)
"""How far a clock may go back within a file: an hour where summer time ends, and some more."""


class UnreadableLogError(Exception):
    """A log that cannot be read; ``str()`` says why and what to do."""


def found(paths: Iterable[str]) -> list[str]:
    """The logs of what is named: of a folder all that look like error logs, rotated ones first,
    the oldest of them first. Raises :class:`UnreadableLogError`."""
    logs: dict[str, None] = {}
    for path in paths:
        if path != STANDARD_INPUT and os.path.isdir(path):
            inside = _of_folder(path)
            if not inside:
                raise UnreadableLogError(
                    f"{shown(path)} has no file that looks like an error log of nginx; "
                    "name the files themselves"
                )
            logs.update(dict.fromkeys(inside))
        else:
            logs[path] = None
    return list(logs)


def _of_folder(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise UnreadableLogError(f"{shown(folder)} cannot be read: {error.strerror}") from None
    logs = [
        name
        for name in names
        if _ERROR_LOG.search(name)
        and not _ACCESS_LOG.search(name)
        and _is_regular(os.path.join(folder, name))
    ]
    return [os.path.join(folder, name) for name in sorted(logs, key=_order)]


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _order(name: str) -> tuple[str, int, int, str]:
    """``error.log.2.gz`` before ``error.log.1`` before ``error.log``; dates the other way round."""
    match = _ROTATED.match(name)
    assert match is not None
    number = match["number"]
    if number is None:
        return match["name"], 1, 0, name
    return match["name"], 0, int(number) if len(number) >= 6 else -int(number), name


def is_plain(path: str) -> bool:
    """Whether a log is a regular file that is not compressed, so that it can be read anywhere."""
    if path == STANDARD_INPUT or not _is_regular(path):
        return False
    try:
        with open(path, "rb") as file:
            return not _packed(file.read(6))
    except OSError:
        return False


def _packed(beginning: bytes) -> bool:
    return beginning.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh"))


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """A log, decompressed as it is read. Raises :class:`UnreadableLogError`."""
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise UnreadableLogError(f"{shown(path)} is no file")
        with open(path, "rb") as file:
            beginning = file.peek(6)[:6] if stat.S_ISREG(mode) else b""
            with _decompressed(path, file, beginning) as data:
                yield data
    except OSError as error:
        raise UnreadableLogError(f"{shown(path)} cannot be read: {error.strerror}") from None
    except ValueError:
        raise UnreadableLogError(f"{shown(path)} has a NUL byte in its name") from None


@contextmanager
def _decompressed(path: str, file: IO[bytes], beginning: bytes) -> Iterator[IO[bytes]]:
    if beginning.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file) as data:
            yield data  # type: ignore[misc]
    elif beginning.startswith(b"\x28\xb5\x2f\xfd"):
        with _zstandard(path, file) as data:
            yield data
    elif beginning.startswith(b"\xfd7zXZ\0"):
        with lzma.LZMAFile(file) as data:
            yield data
    elif beginning.startswith(b"BZh"):
        import bz2

        with bz2.BZ2File(file) as data:
            yield data
    else:
        yield file


def _zstandard(path: str, file: IO[bytes]) -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise UnreadableLogError(
            f"{shown(path)} is compressed with Zstandard, which this Python does not have: "
            "pip install 'lint502[logs]', or zstdcat it into lint502 diagnose -"
        ) from None
    return zstd.ZstdFile(file)


def blocks(path: str, since: datetime | None = None) -> Iterator[bytes]:
    """A log in blocks of whole lines; of a plain file from about ``since`` on.

    Of a line that is longer than 64 KiB the rest is left out. Raises
    :class:`UnreadableLogError`, where a file is broken after what is whole.
    """
    with opened(path) as file:
        if since is not None and is_plain(path):
            file.seek(start_of(file, os.fstat(file.fileno()).st_size, since))
        yield from whole_lines(_read(path, file))


def _read(path: str, file: IO[bytes]) -> Iterator[bytes]:
    read = getattr(file, "read1", file.read)
    try:
        while data := read(BLOCK):
            yield data
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableLogError(
            f"{shown(path)} is broken, and what follows is not read: {reason}"
        ) from None
    except Exception as error:
        if type(error).__name__ != "ZstdError":
            raise
        raise UnreadableLogError(
            f"{shown(path)} is broken, and what follows is not read: {error}"
        ) from None


def whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of a log, cut anew at the ends of lines; the last line may have none."""
    kept: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            end = piece.rfind(b"\n") + 1
            if not end:
                if size < LONGEST_LINE:
                    kept.append(piece[: LONGEST_LINE - size])
                    size += len(kept[-1])
                continue
            yield b"".join((*kept, memoryview(piece)[:end]))
            kept = [piece[end:]]
            size = len(kept[0])
            if size > LONGEST_LINE:
                kept = [kept[0][:LONGEST_LINE]]
                size = LONGEST_LINE
    finally:
        rest = b"".join(kept)
    if rest:
        yield rest


def start_of(file: IO[bytes], size: int, since: datetime) -> int:
    """Where in a file of that size to begin so that no record from ``since`` on is missed.

    Found by halving, which takes the times to be in order but for two hours; where there are no
    times, it is the beginning.
    """
    try:
        bound = (since - _CLOCK_BACK).strftime("%Y/%m/%d %H:%M:%S").encode()
    except (OverflowError, ValueError):
        return 0
    low, high = 0, size
    while high - low > 4 * LONGEST_LINE:
        middle = (low + high) // 2
        file.seek(middle)
        at = _first_record(file.read(LONGEST_LINE))
        if at is None:
            return low
        position, stamp = at
        if stamp < bound:
            low = middle + position
        else:
            high = middle
    return low


def _first_record(data: bytes) -> tuple[int, bytes] | None:
    """Where the first line with a record begins, after the end of a line, and its time."""
    start = data.find(b"\n") + 1
    if not start:
        return None
    match = fields.HEAD.search(data, start)
    if match is None:
        return None
    return data.rfind(b"\n", 0, match.start()) + 1, match[1]


def ranges(path: str, parts: int) -> Sequence[tuple[int, int]]:
    """A plain file in parts of about the same size, each beginning with a record."""
    size = os.path.getsize(path)
    ends = [0]
    with open(path, "rb") as file:
        for number in range(1, parts):
            position = size * number // parts
            if position <= ends[-1]:
                continue
            file.seek(position)
            data = file.read(LONGEST_LINE)
            at = _first_record(data)
            if at is not None:
                ends.append(position + at[0])
    return list(zip(ends, [*ends[1:], size], strict=True))


def blocks_of(path: str, start: int, end: int) -> Iterator[bytes]:
    """A part of a plain file, in blocks of whole lines."""
    with open(path, "rb") as file:
        file.seek(start)
        yield from whole_lines(_part(file, end - start))


def _part(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (data := file.read(min(BLOCK, size))):
        size -= len(data)
        yield data
