"""Writing files: each as a whole or not at all, and several together."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from msgspec import Struct

from lint502.checkout import GIT, Checkout
from lint502.nginx.files import MAX_FILE_BYTES
from lint502.reading import MissingFileError, UnreadableError, read_regular, shown


class UnwritableError(Exception):
    """What cannot be written; ``str()`` says why."""


class Change(Struct, frozen=True):
    """A file, by its name in messages and its real path, with its bytes before and afterwards."""

    name: str
    path: str
    before: bytes
    after: bytes


def change_all(changes: Sequence[Change]) -> None:
    """Write all files, or none: where one cannot be written, or is not as it was ``before``.

    Owner, group, mode and attributes stay. What would end the process waits meanwhile. Raises
    :class:`UnwritableError`.
    """
    with _undisturbed(), contextlib.ExitStack() as leftovers:
        steps: list[tuple[Change, str, str]] = []
        for change in changes:
            with _named(change):
                _compare(change.path, change.before)
                new = _beside(change.path, change.after, leftovers)
                steps.append((change, new, _kept(change, f"{new}~", leftovers)))
        for change in changes:  # before the first is replaced
            with _named(change):
                _compare(change.path, change.before)
        for number, (change, new, kept) in enumerate(steps):
            try:
                with _named(change):
                    _compare(change.path, change.before)
                    Path(new).replace(change.path)
            except UnwritableError:
                _put_back(steps[:number])
                raise
            try:
                with _named(change):  # it may have been written to until it was replaced
                    _compare(kept, change.before)
            except UnwritableError:
                _put_back(steps[: number + 1])
                raise
        for change in changes:
            _sync_folder(change.path)


def create_all(texts: Mapping[str, str]) -> None:
    """Write files that are not there, by their paths, or none where one is there already. Raises
    :class:`UnwritableError`."""
    with _undisturbed(), contextlib.ExitStack() as leftovers:
        with contextlib.ExitStack() as made:
            for path, text in texts.items():
                _create(path, text, leftovers)
                made.callback(_remove, path)
            made.pop_all()
        for path in texts:
            _sync_folder(path)


def _create(path: str, text: str, leftovers: contextlib.ExitStack) -> None:
    try:
        if os.path.lexists(path):
            raise UnwritableError("it is there already")
        os.link(_beside(path, text.encode(), leftovers), path)  # which replaces nothing
    except (OSError, UnwritableError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnwritableError(f"cannot write {shown(path)}: {reason}") from None


def write_whole(path: str, text: str) -> None:
    """Write a report to where somebody wants it. A file that is there is replaced as a whole, or
    else stays as it is; a device or a pipe is written to.

    A link in the checkout of the working directory is not followed out of it, nor into its
    ``.git``. Raises :class:`UnwritableError`.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        target = _target(path)
        if target is None:
            Path(path).write_bytes(data)
            return
        with _undisturbed(), contextlib.ExitStack() as leftovers:
            try:
                new = _beside(target, data, leftovers)
                Path(new).replace(target)
            except (UnwritableError, OSError) as error:
                if not _replaceable_only_in_place(target, error):
                    raise
                Path(target).write_bytes(data)
    except OSError as error:
        raise UnwritableError(error.strerror) from None
    except ValueError:
        raise UnwritableError("no file can have this name") from None


def _target(path: str) -> str | None:
    """The real path of the file to replace; None for what has to be written to as it is."""
    here = Path.cwd()
    absolute = str(here / path)
    if absolute.startswith(("/dev/", "/proc/")):  # /dev/stdout may be a file, which has more in it
        return None
    checkout = Checkout.around(here)
    plain = os.path.normpath(absolute)
    if plain.startswith(f"{checkout.top.rstrip('/')}/"):
        absolute = plain
    if checkout.leads_out(plain) and GIT not in Path(plain).parts:
        raise UnwritableError(
            "it is reached by a link that leads out of the checkout; name what it leads to"
        )
    real = os.path.realpath(absolute)
    try:
        return real if stat.S_ISREG(Path(absolute).stat().st_mode) else None
    except FileNotFoundError:
        return real


def _replaceable_only_in_place(path: str, error: Exception) -> bool:
    """Whether there is a file that can be written to, where no new one can take its place: in a
    folder of somebody else, or mounted by itself."""
    refused = isinstance(error, UnwritableError) or (
        isinstance(error, OSError)
        and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
    )
    return refused and Path(path).is_file() and os.access(path, os.W_OK)


@contextlib.contextmanager
def _named(change: Change) -> Iterator[None]:
    """Says of which file an error is."""
    try:
        yield
    except (OSError, UnwritableError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"cannot write {shown(change.name)}: {reason}; nothing is written"
        raise UnwritableError(message) from None


def _compare(path: str, before: bytes) -> None:
    try:
        now = read_regular(path, MAX_FILE_BYTES)
    except MissingFileError:
        raise UnwritableError("it is gone") from None
    except UnreadableError as error:
        raise UnwritableError(f"it {error}") from None
    if now != before:
        raise UnwritableError("somebody has changed it meanwhile")


def _beside(path: str, data: bytes, leftovers: contextlib.ExitStack) -> str:
    """A new file beside the one that it is to replace, with all that belongs to that but its text,
    if there is one."""
    status = _status(path)
    if status is not None and not (status.st_mode & 0o222 and os.access(path, os.W_OK)):
        raise UnwritableError("it is read-only")
    if status is not None and status.st_nlink > 1:
        raise UnwritableError("it has other names (hard links), which would keep the old text")
    descriptor, new = tempfile.mkstemp(prefix=".lint502-", dir=Path(path).parent)
    leftovers.callback(_remove, new)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if status is None:
            os.fchmod(descriptor, 0o666 & ~_umask())
        else:
            _take_over(path, status, descriptor)
        file.flush()
        os.fsync(descriptor)
    return new


def _status(path: str) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except FileNotFoundError:
        return None


def _take_over(path: str, status: os.stat_result, descriptor: int) -> None:
    """Give a new file the owner, group, attributes and mode of the one that it is to replace."""
    made = os.fstat(descriptor)
    owner = (status.st_uid, status.st_gid)
    if (made.st_uid, made.st_gid) != owner:
        try:
            os.fchown(descriptor, *owner)
        except PermissionError:
            raise UnwritableError(
                f"it belongs to user {owner[0]} and group {owner[1]}, whom a new file cannot be "
                "given to; run lint502 as its owner"
            ) from None
    _take_over_attributes(path, descriptor)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid, made.st_mode) != (*owner, status.st_mode):
        raise UnwritableError("its owner and mode cannot be kept")


def _take_over_attributes(path: str, descriptor: int) -> None:
    """What else a file system knows of a file, such as an access control list or a label."""
    wanted, made = _attributes(path), _attributes(descriptor)
    try:
        for name in made.keys() - wanted.keys():
            os.removexattr(descriptor, name)
        for name, value in wanted.items():
            if made.get(name) != value:
                os.setxattr(descriptor, name, value)
    except OSError as error:
        raise UnwritableError(
            f"its attribute {shown(name)} cannot be kept: {error.strerror}"
        ) from None


def _attributes(file: str | int) -> dict[str, bytes]:
    if not hasattr(os, "listxattr"):
        return {}
    try:
        return {name: os.getxattr(file, name) for name in os.listxattr(file)}
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise


def _kept(change: Change, kept: str, leftovers: contextlib.ExitStack) -> str:
    """Another name of a file as it is, to put it back by; a copy where it can have none."""
    try:
        os.link(change.path, kept)
    except OSError:
        return _beside(change.path, change.before, leftovers)
    leftovers.callback(_remove, kept)
    return kept


def _put_back(steps: Sequence[tuple[Change, str, str]]) -> None:
    """Undo what is done of several changes."""
    left = [shown(change.name) for change, _, kept in steps if not _replaces(kept, change.path)]
    if left:
        raise UnwritableError(f"not all files could be written; new is {', '.join(left)}")


def _replaces(new: str, path: str) -> bool:
    try:
        Path(new).replace(path)
    except OSError:
        return False
    return True


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).unlink()


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _sync_folder(path: str) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(Path(path).parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that end the process wait until what is within is done, and then do so."""
    came: list[int] = []
    before: dict[int, Any] = {}

    def later(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, later)
    except ValueError:  # not the main thread, which signals do not interrupt
        pass
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        if came:
            os.kill(os.getpid(), came[0])
