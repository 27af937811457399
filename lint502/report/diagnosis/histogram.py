"""How often something happened over time: columns of the same length of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from lint502.diagnosis.diagnosis import Group

_EPOCH = datetime(1970, 1, 1)
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 10080, 43200)
"""Minutes that a column may stand for."""

_BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = "·"
"""A column in which nothing happened."""


class Axis(Struct, frozen=True):
    """A stretch of time in columns: the first minute (since 1970, by the log's clock), the minutes
    of each column, and how many columns there are."""

    start: int
    step: int
    columns: int

    def counts(self, minutes: Mapping[int, int]) -> list[int]:
        """How often in each column."""
        found = [0] * self.columns
        for minute, count in minutes.items():
            column = (minute - self.start) // self.step
            if 0 <= column < self.columns:
                found[column] += count
        return found

    def starts_at(self, column: int) -> datetime:
        """When a column begins."""
        return _EPOCH + timedelta(minutes=self.start + column * self.step)

    @property
    def words(self) -> str:
        """How long a column is: "5 minutes"."""
        for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
            if self.step % size == 0:
                number = self.step // size
                return f"{number} {word}" if number == 1 else f"{number} {word}s"
        raise AssertionError


def axis_of(groups: Iterable[Group], most: int) -> Axis | None:
    """The axis that all these groups fit on, in at most ``most`` columns; None without a time."""
    ends = [(min(one.tally.minutes), max(one.tally.minutes)) for one in groups if one.tally.minutes]
    if not ends:
        return None
    first, last = min(start for start, _ in ends), max(end for _, end in ends)
    for step in _STEPS:
        start = first // step * step
        columns = (last - start) // step + 1
        if columns <= most:
            return Axis(start, step, columns)
    step = -(-(last - first + 1) // (most * 1440)) * 1440
    return Axis(first, step, (last - first) // step + 1)


def sparkline(counts: Sequence[int]) -> str:
    """A line of blocks, the highest where most happened."""
    most = max(counts, default=0)
    return "".join(
        _BLOCKS[(count * len(_BLOCKS) - 1) // most] if count else NOTHING for count in counts
    )
