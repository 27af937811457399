"""A unix socket as a file: who owns it, who may open it, and the folders above it."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from lint502.declared.listeners import Directory
from lint502.probing.answers import Seen
from lint502.probing.wire import errno_words


def facts(path: str) -> Iterator[Seen]:
    """What the file system says of a socket. As much as this user may see of it."""
    try:
        found = Path(path).lstat()
    except OSError as error:
        hidden = error.errno == errno.EACCES
        why = f"this user may not look: {_closed(path)}" if hidden else ""
        said = errno_words(error.errno or 0)
        yield Seen("socket", None, said, why, wrong=not hidden)
        return
    if not stat.S_ISSOCK(found.st_mode):
        target = os.path.realpath(path)
        if target == path or not _is_socket(target):
            yield Seen("socket", words="no socket", why="something else is there", wrong=True)
            return
        found = Path(target).stat()
    yield Seen("socket", path)
    yield Seen("socket.owner", _user(found.st_uid))
    yield Seen("socket.group", _group(found.st_gid))
    yield Seen("socket.mode", stat.S_IMODE(found.st_mode))
    folders = tuple(_folders(path))
    if folders:
        yield Seen("socket.directory", _without_path(folders[0]))
        yield Seen("socket.directories", folders)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError:
        return False


def _without_path(folder: Directory) -> Directory:
    return Directory(folder.owner, folder.group, folder.mode)


def _folders(path: str) -> Iterator[Directory]:
    """The folders above, the nearest first."""
    for folder in Path(path).parents:
        try:
            found = folder.stat()
        except OSError:
            return
        mode = stat.S_IMODE(found.st_mode)
        yield Directory(_user(found.st_uid), _group(found.st_gid), mode, str(folder))


def _closed(path: str) -> str:
    """The folder above a path that is closed to this user."""
    above = list(Path(path).parents)
    return str(next((one for one in reversed(above) if not os.access(one, os.X_OK)), above[0]))


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
