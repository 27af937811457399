"""A log that grows, as ``tail -F`` reads it: across rotation, by another name or by truncation."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from typing import IO

from lint502.diagnosis.sources import BLOCK, UnreadableLogError
from lint502.diagnosis.wrappings import LONGEST_LINE
from lint502.reading import shown

_PAUSE = 0.25


def followed(
    path: str,
    start: int = 0,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[bytes]:
    """Blocks of whole lines, as they come; b"" where there is nothing new for now.

    Where another file has taken the name, the rest of the old one is read first; a file that has
    become shorter is read from its beginning. Raises :class:`UnreadableLogError` where there is no
    such file at first.
    """
    file = _open(path)
    if file is None:
        raise UnreadableLogError(f"{shown(path)} is no file that can be followed")
    line = b""
    position = start
    try:
        file.seek(position)
        while True:
            data = file.read(BLOCK)
            if data:
                position += len(data)
                line += data
                end = line.rfind(b"\n") + 1
                if end:
                    yield line[:end]
                line = line[end:][:LONGEST_LINE]
                continue
            if os.fstat(file.fileno()).st_size < position:
                position = 0
                file.seek(0)
                line = b""
                continue
            other = _other(path, file)
            if other is not None:
                rest = file.read()
                if line or rest:
                    yield line + rest + b"\n"
                file.close()
                file, position, line = other, 0, b""
                continue
            yield b""
            pause(_PAUSE)
    finally:
        file.close()


def _open(path: str) -> IO[bytes] | None:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        return open(path, "rb", buffering=0)
    except (OSError, ValueError):
        return None


def _other(path: str, file: IO[bytes]) -> IO[bytes] | None:
    """The file that has taken the name of an open one."""
    try:
        now, before = os.stat(path), os.fstat(file.fileno())
    except OSError:
        return None
    if (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino):
        return None
    return _open(path)
