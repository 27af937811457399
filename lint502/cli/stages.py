"""How far a run is, on a terminal, and where its time went."""

from __future__ import annotations

import time

from lint502.cli import output

_PATIENCE = 1.0
"""Seconds after which somebody who waits is shown what goes on."""


_WORTH_A_LINE = 0.001


class Stages:
    """Is called with what a run goes on with; :meth:`end` it before anything else is written."""

    def __init__(self) -> None:
        self._started = self._since = time.perf_counter()
        self._current = "starting"
        self._shown = False
        self._seconds: dict[str, float] = {}

    def __call__(self, stage: str) -> None:
        """A stage starts."""
        now = time.perf_counter()
        self._seconds[self._current] = self._seconds.get(self._current, 0.0) + now - self._since
        self._since, self._current = now, stage
        if now - self._started > _PATIENCE:
            self._shown = True
            output.progress(stage)

    def end(self) -> None:
        """The last stage is over."""
        self("")
        if self._shown:
            output.progress("")

    def table(self) -> str:
        """The seconds of each stage, the longest first."""
        rows = sorted(self._seconds.items(), key=lambda row: row[1], reverse=True)
        long = [row for row in rows if row[1] >= _WORTH_A_LINE]
        rest = sum(seconds for _, seconds in rows[len(long) :])
        more = [(f"{len(rows) - len(long)} more", rest)] if rows[len(long) :] else []
        lines = [*long, *more, ("all", sum(self._seconds.values()))]
        return "\n".join(f"{seconds:9.3f}s  {stage}" for stage, seconds in lines)
