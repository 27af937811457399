"""Tallies that are being made, and readings put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import Struct, field

from lint502.diagnosis import fields
from lint502.diagnosis.statements import Key, Tally

MOST_NAMES = 100
"""Paths, methods and clients of a tally that are counted each by itself."""

MOST_MINUTES = 20_000
"""Minutes of a tally that are counted each by itself, two weeks; what is beyond them is counted at
the first minute of its day."""

LONGEST_NAME = 300
_EPOCH = datetime(1970, 1, 1).toordinal() * 24 * 60
_DAY = 24 * 60

K = TypeVar("K", bound=Hashable)


class Unread(Struct):
    """Lines that are no record, of one kind: how many, and the first of them."""

    count: int
    example: str


class Reading(Struct, Generic[Key]):
    """What logs say: ``tallies`` by what records belong to. ``other`` counts the records that
    belong nowhere, ``access`` lines of an access log between them, ``unread`` lines that are
    neither, by kind; ``problems`` are sentences on what could not be read."""

    tallies: dict[Key, Tally] = field(default_factory=dict)
    other: int = 0
    access: int = 0
    unread: dict[str, Unread] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    stopped: bool = False


Row = tuple[int, bytes, bytes]
"""A record that waits to be counted: its time in seconds, 0 where it has none, its client, and
its path."""


class Counts:
    """A tally that is being made; its names are bytes as they stand in the log."""

    def __init__(self, example: str) -> None:
        self._tally = Tally(example=example)
        self._names: tuple[Counter[bytes], ...] = (Counter(), Counter(), Counter())

    def add(self, rows: list[Row], method: bytes) -> None:
        """Count records of a method."""
        times, clients, paths = zip(*rows, strict=True)
        self._tally.count += len(rows)
        self._at(Counter(times))
        named = (Counter(clients), Counter({method: len(rows)}), Counter(paths))
        for names, counted in zip(self._names, named, strict=True):
            del counted[b""]
            _add(names, counted)

    def _at(self, times: Counter[int]) -> None:
        del times[0]
        if not times:
            return
        tally = self._tally
        first, last = _datetime(min(times)), _datetime(max(times))
        tally.first = first if tally.first is None else min(tally.first, first)
        tally.last = last if tally.last is None else max(tally.last, last)
        for second, count in times.items():
            minute = second // 60 - _EPOCH
            if len(tally.minutes) >= MOST_MINUTES and minute not in tally.minutes:
                minute -= minute % _DAY
            tally.minutes[minute] += count

    def tally(self) -> Tally:
        """What was counted."""
        into = (self._tally.clients, self._tally.methods, self._tally.paths)
        for texts, names in zip(into, self._names, strict=True):
            texts.clear()
            for name, count in names.items():
                whole = name.strip(b'"') if texts is self._tally.clients else name  # Angie quotes
                texts[fields.text(whole)] += count
        return self._tally


def _add(names: Counter[bytes], counted: Counter[bytes]) -> None:
    """Count names that are counted in another place, too."""
    if len(names) < MOST_NAMES:
        for name, count in counted.items():
            add(names, name[:LONGEST_NAME], count)
        return
    found = names.keys() & counted.keys()
    for name in found:
        names[name] += counted[name]
    names[b""] += sum(counted.values()) - sum([counted[name] for name in found])


_Name = TypeVar("_Name", str, bytes)


def add(names: Counter[_Name], name: _Name, count: int) -> None:
    """Count a name, or "" where there are too many to tell them apart."""
    if name in names or len(names) < MOST_NAMES:
        names[name] += count
    else:
        names[name[:0]] += count


def seconds(stamp: bytes) -> int:
    """The seconds of ``2026/07/20 08:00:00`` since the year 0. Raises :class:`ValueError` where
    there is none such."""
    second = int(stamp[17:])
    if not 0 <= second < 60:
        raise ValueError("a minute has no such second")
    return _minute(stamp[:16]) + second


@lru_cache(1 << 12)
def _minute(stamp: bytes) -> int:
    """The seconds of ``2026/07/20 08:00``: a log has many records of a minute."""
    date, clock = stamp[:10].split(b"/"), stamp[11:].split(b":")
    at = datetime(*map(int, date), *map(int, clock))  # type: ignore[arg-type]
    return at.toordinal() * 86400 + at.hour * 3600 + at.minute * 60


def _datetime(seconds: int) -> datetime:
    day, second = divmod(seconds, 86400)
    return datetime.fromordinal(day) + timedelta(seconds=second)


def merge(one: Reading[K], other: Reading[K]) -> Reading[K]:
    """Both readings in one; examples are those of the first."""
    tallies = dict(one.tallies)
    for key, found in other.tallies.items():
        tallies[key] = merge_tallies(tallies[key], found) if key in tallies else found
    unread = dict(one.unread)
    for kind, lines in other.unread.items():
        before = unread.get(kind)
        unread[kind] = (
            lines if before is None else type(lines)(before.count + lines.count, before.example)
        )
    return Reading(
        tallies,
        one.other + other.other,
        one.access + other.access,
        unread,
        [*one.problems, *other.problems],
        one.stopped or other.stopped,
    )


def merge_tallies(one: Tally, other: Tally) -> Tally:
    """Both tallies in one; the example is that of the first."""
    firsts = [at for at in (one.first, other.first) if at is not None]
    lasts = [at for at in (one.last, other.last) if at is not None]
    merged = Tally(
        one.count + other.count,
        min(firsts, default=None),
        max(lasts, default=None),
        one.minutes + other.minutes,
        example=one.example or other.example,
    )
    for names in ("methods", "paths", "clients"):
        into = getattr(merged, names)
        for counter in (getattr(one, names), getattr(other, names)):
            for name, count in counter.items():
                add(into, name, count)
    return merged
