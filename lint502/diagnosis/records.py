"""Error logs read: all that are named, one after the other or by several processes."""

from __future__ import annotations

import gc
import multiprocessing
import os
import warnings
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from lint502.diagnosis import sources, wrappings
from lint502.diagnosis.counts import Reading, merge
from lint502.diagnosis.follow import followed
from lint502.diagnosis.reader import Reader
from lint502.diagnosis.sources import UnreadableLogError
from lint502.diagnosis.statements import EVERYTHING, Classify, Matters

K = TypeVar("K", bound=Hashable)

_SMALLEST_PART = 8 << 20

_Part = tuple[str, "tuple[int, int] | None"]


def tally(
    paths: Iterable[str],
    classify: Classify[K | None],
    *,
    since: datetime | None = None,
    jobs: int = 1,
    follow: bool = False,
    matters: Matters = EVERYTHING,
) -> Reading[K]:
    """What logs say, by what it belongs to; a statement that ``classify`` gives None belongs
    nowhere.

    ``paths`` are files, folders, or ``-``, the standard input. With ``since`` only records from
    then on count; with ``follow`` the last log is read on as it grows, until Ctrl-C. ``jobs`` is
    the number of processes; each asks ``classify`` for itself. ``matters``: what of a request what
    that says may depend on. A log that cannot be read is among the ``problems``. Raises
    :class:`UnreadableLogError` where a folder has no log.
    """
    logs = sources.found(paths)
    if jobs > 1 and not follow:
        parts = list(_parts(logs, jobs, since))
        if len(parts) > 1:
            return _by_several(parts, (classify, since, matters), jobs)
    reader: Reader[K] = Reader(classify, since, matters=matters)
    try:
        for log in logs:
            _read(reader, log, since, follow and log == logs[-1])
    except KeyboardInterrupt:
        if not follow:
            raise
        reader.reading.stopped = True
        reader.end()
    return reader.result()


@contextmanager
def _without_collection() -> Iterator[None]:
    """Nothing that a reader makes goes round in a circle, and it makes much."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read(reader: Reader[Any], log: str, since: datetime | None, follow: bool) -> None:
    try:
        if follow and log != sources.STANDARD_INPUT:
            blocks: Iterable[bytes] = _followed(reader, log, since)
        else:
            blocks = _messages(sources.blocks(log, since))
        with _without_collection():
            for block in blocks:
                reader.block(block)
    except UnreadableLogError as error:
        reader.reading.problems.append(str(error))
    finally:
        reader.end()


def _followed(reader: Reader[Any], log: str, since: datetime | None) -> Iterator[bytes]:
    start = 0
    if since is not None and sources.is_plain(log):
        with sources.opened(log) as file:
            start = sources.start_of(file, os.path.getsize(log), since)
    return (block for block in followed(log, start) if block)


def _messages(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks of a log, or the messages of a journal's export."""
    first = next(blocks, b"")
    if wrappings.is_export(first):
        return wrappings.messages(_chained(first, blocks))
    return _chained(first, blocks)


def _chained(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks


def _parts(logs: Sequence[str], jobs: int, since: datetime | None) -> Iterator[_Part]:
    """What one process reads at a time: parts of large plain files, others as a whole."""
    for log in logs:
        large = sources.is_plain(log) and os.path.getsize(log) >= 2 * _SMALLEST_PART
        if large and since is None and not _is_export(log):
            number = min(os.path.getsize(log) // _SMALLEST_PART, jobs)
            for part in sources.ranges(log, number):
                yield log, part
        else:
            yield log, None


def _is_export(log: str) -> bool:
    with open(log, "rb") as file:
        return wrappings.is_export(file.read(64))


_How = tuple["Classify[Any]", "datetime | None", Matters]
_shared: _How | None = None


def _by_several(parts: Sequence[_Part], how: _How, jobs: int) -> Reading[K]:
    global _shared
    _shared = how  # a process that is forked has it, so that it need not be pickled
    whole: Reading[K] = Reading()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside other threads
            pool = multiprocessing.get_context("fork").Pool(min(jobs, len(parts)))
        with pool:
            for reading in pool.imap(_one, parts):
                whole = merge(whole, reading)
    finally:
        _shared = None
    return whole


def _one(part: _Part) -> Reading[Any]:
    assert _shared is not None
    classify, since, matters = _shared
    log, extent = part
    reader: Reader[Any] = Reader(classify, since, matters=matters)
    if extent is None:
        _read(reader, log, since, False)
    else:
        with _without_collection():
            for block in sources.blocks_of(log, *extent):
                reader.block(block)
        reader.end()
    return reader.result()
