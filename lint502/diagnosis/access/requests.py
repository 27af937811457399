"""A request as an access log has it: what the client got, and from which servers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from lint502.diagnosis.access.log_formats import LogFormat
from lint502.patterns import regex

_BETWEEN = regex(r", | : ")
_FAILED = ("500", "502", "504", "009")
_SUCCESS = regex("[1-4]\\d\\d|")
"""The status of an upstream that answered, and none at all."""

_LONGEST = 16384
"""Characters of a line that are looked at; nginx's own lines are shorter."""


class Attempt(Struct, frozen=True):
    """One server that was asked: its address, the status that nginx notes for it, and whether a
    header came from it; None where the log does not say. ``connect`` is how long connecting took,
    ``seconds`` how long all of it."""

    address: str
    status: str
    header: bool | None = None
    connect: float | None = None
    seconds: float | None = None

    @property
    def failed(self) -> bool:
        """Whether nothing came of it, or a status by which nginx says so."""
        return self.status in ("502", "504", "-", "")


class Request(Struct, frozen=True):
    """A request: the minute of the log's clock in which it ended (None: the log does not say), the
    status that its client got, and the servers that were asked, in their order.

    ``asked`` is False where the log says that nginx asked nobody, and None where it says nothing of
    that. ``seconds`` is how long it took; ``redirected`` tells that it went to another location on
    its way; ``cached`` that the response is one that was kept.
    """

    status: str
    minute: int | None = None
    method: str = ""
    path: str = ""
    attempts: tuple[Attempt, ...] = ()
    asked: bool | None = None
    seconds: float = 0.0
    redirected: bool = False
    cached: bool = False

    @property
    def failed(self) -> bool:
        """Whether its client, or an attempt of it, got a status that failures end in. A 500 or 503
        that a server gives is a matter of its own."""
        own = self.status == "500" and bool(self.attempts)
        return (self.status in _FAILED and not own) or any(one.failed for one in self.attempts)


def request_of(line: str, format: LogFormat) -> Request | None:
    """What a line says; None where it is of another format, or longer than lines are. Of what went
    well only the status is looked at."""
    values = format.read(line) if len(line) <= _LONGEST else None
    if values is None or "status" not in values:
        return None
    if values["status"] not in _FAILED and _SUCCESS.fullmatch(values.get("upstream_status", "")):
        return _went_well(values["status"], _minute(values))
    method, path = _asked_for(values)
    addresses = values.get("upstream_addr", "")
    statuses = values.get("upstream_status", "")
    attempts = _attempts(values)
    asked = bool(attempts) if "upstream_addr" in values or "upstream_status" in values else None
    return Request(
        values["status"],
        _minute(values),
        method,
        path,
        attempts,
        asked,
        _seconds(values),
        " : " in addresses or " : " in statuses,
        values.get("upstream_cache_status", "") in ("HIT", "STALE", "UPDATING", "REVALIDATED"),
    )


@lru_cache(1 << 10)
def _went_well(status: str, minute: int | None) -> Request:
    return Request(status, minute)


def _attempts(values: Mapping[str, str]) -> tuple[Attempt, ...]:
    addresses = _items(values, "upstream_addr")
    statuses = _items(values, "upstream_status")
    headers = _BETWEEN.split(values.get("upstream_header_time", ""))
    connects = _items(values, "upstream_connect_time")
    seconds = _items(values, "upstream_response_time")
    if "upstream_header_time" not in values:
        headers = []
    count = max(len(addresses), len(statuses))
    found = []
    for number in range(count):
        header = headers[number] if number < len(headers) else None
        connect = connects[number] if number < len(connects) else ""
        found.append(
            Attempt(
                addresses[number] if number < len(addresses) else "",
                statuses[number] if number < len(statuses) else "",
                None if header is None else header not in ("-", ""),
                _number(connect),
                _number(seconds[number]) if number < len(seconds) else None,
            )
        )
    return tuple(found)


def _items(values: Mapping[str, str], name: str) -> list[str]:
    value = values.get(name, "")
    return [] if value in ("", "-") else _BETWEEN.split(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _seconds(values: Mapping[str, str]) -> float:
    whole = _number(values.get("request_time", ""))
    if whole is not None:
        return whole
    return sum(_number(one) or 0.0 for one in _items(values, "upstream_response_time"))


def _asked_for(values: Mapping[str, str]) -> tuple[str, str]:
    """The method and the path, without its arguments."""
    method, _, rest = values.get("request", "").partition(" ")
    target = rest.rpartition(" ")[0] or rest
    target = values.get("request_uri") or target or values.get("uri", "")
    return values.get("request_method") or method, target.partition("?")[0]


_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}


def _minute(values: Mapping[str, str]) -> int | None:
    """The minute by the log's clock, as in the error log beside it."""
    return _minute_in(values.get("time_local", "")[:17], values.get("time_iso8601", "")[:16])


@lru_cache(1 << 10)
def _minute_in(local: str, iso: str) -> int | None:
    """That of ``01/May/2026:12:00`` or ``2026-05-01T12:00``."""
    try:
        if local:
            day, month, rest = local.split("/")
            year, hour, minute = map(int, rest.split(":"))
            at = datetime(year, _MONTHS[month], int(day), hour, minute)
        elif iso:
            at = datetime.fromisoformat(iso)
        else:
            return None
    except (ValueError, KeyError, IndexError):
        return None
    return minute_of(at)


def minute_of(at: datetime) -> int:
    """The minute since 1970 of a time, by its own clock."""
    return int((at - datetime(1970, 1, 1)).total_seconds()) // 60
