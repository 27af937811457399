"""From when on a log is read: a time ago, such as ``2h``, or a point in time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from lint502.patterns import regex

_AGO = regex(r"(?:\d+(?:\.\d+)?[smhdw])+")
_PART = regex(r"(\d+(?:\.\d+)?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def since(text: str, now: datetime | None = None) -> datetime:
    """The time on the log's clock: ``2h`` and ``1h30m`` ago, ``2026-07-20T08:00`` or with a zone.

    nginx writes the local time of its machine, without a zone; a time with a zone is turned into
    the local time of this one. Raises :class:`ValueError` with what is wrong.
    """
    given = text.strip()
    now = now or datetime.now()
    if _AGO.fullmatch(given):
        seconds = sum(float(part[1]) * _SECONDS[part[2]] for part in _PART.finditer(given))
        try:
            return now - timedelta(seconds=seconds)
        except OverflowError:
            return datetime.min
    written = re.sub(r"\A(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3", given)
    written = written[:-1] + "+00:00" if written.endswith(("Z", "z")) else written
    try:
        found = datetime.fromisoformat(written)
        return found.astimezone().replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: say how long ago, such as 2h or 30m, or when, such as "
            "2026-07-20T08:00"
        ) from None
