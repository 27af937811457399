"""Whether a server, as it is by default, races with the pool that nginx has by default."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from lint502.behaviour.keepalive import closes_safely_before
from lint502.declared.profiles import Default, defaults, load
from lint502.declared.server_figures import Period, periods
from lint502.nginx.upstreams import KEEPALIVE_BY_DEFAULT

POOL_TIMEOUT = 60_000
"""Milliseconds that nginx keeps an idle connection, by default (keepalive_timeout in upstream)."""

SINCE = str(KEEPALIVE_BY_DEFAULT)
"""The first nginx that has a pool in every upstream block."""

_MARGIN = 1000


class Meeting(Struct, frozen=True):
    """How a server and nginx's default pool get along in some versions of the server.

    ``idle`` are the milliseconds after which it closes at the earliest, None where it states none;
    ``races`` is None where it cannot be told.
    """

    period: Period
    idle: int | None
    races: bool | None
    why: str


def meetings(name: str, version: str | None = None) -> tuple[Meeting, ...]:
    """One for each period of a profile's versions; of one version where that is given."""
    chosen = periods(load(name)) if version is None else (Period(example=version),)
    found: list[Meeting] = []
    for period in chosen:
        server = name if period.example is None else f"{name}/{period.example}"
        one = _meeting(period, defaults(server, None, None))
        last = found[-1] if found else None
        if last is not None and (last.idle, last.races) == (one.idle, one.races):
            joined = Period(last.period.since, period.before, last.period.example)
            found[-1] = Meeting(joined, one.idle, one.races, one.why)
        else:
            found.append(one)
    return tuple(found)


def _meeting(period: Period, facts: Mapping[str, Default]) -> Meeting:
    protocol, keepalive = facts.get("protocol"), facts.get("keepalive")
    idle = facts.get("keepalive.idle_timeout")
    if protocol is not None and protocol.value not in ("http", "grpc"):
        return Meeting(period, None, False, f"it speaks {protocol.value}")
    if idle is not None:
        races = not closes_safely_before(POOL_TIMEOUT, idle.value, _MARGIN)
        return Meeting(period, idle.value, races, "")
    if keepalive is None:
        return Meeting(period, None, None, "its idle timeout is not known")
    if keepalive.value:
        return Meeting(period, None, False, "it is not known to close idle connections by itself")
    return Meeting(period, None, False, "it closes the connection after each response")
