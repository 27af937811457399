"""Tallies put together."""

from __future__ import annotations

from lint502.diagnosis.statements import Tally


def added(one: Tally, other: Tally) -> Tally:
    """Both in one; the example is that of the first."""
    firsts = [at for at in (one.first, other.first) if at is not None]
    lasts = [at for at in (one.last, other.last) if at is not None]
    return Tally(
        one.count + other.count,
        min(firsts, default=None),
        max(lasts, default=None),
        one.minutes + other.minutes,
        one.methods + other.methods,
        one.paths + other.paths,
        one.clients + other.clients,
        one.example or other.example,
    )
