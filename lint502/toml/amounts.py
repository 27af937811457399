"""Times, sizes and modes as other programs write them, as they are written here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lint502.patterns import regex

_AMOUNT = regex(r"\s*(\d{1,15})(?:[.,](\d{1,3}))?\s*([a-zA-Zµ]*)\.?\s*")
_MILLISECONDS: Mapping[str, int] = {
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 1),
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1000),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
}
_BYTES: Mapping[str, int] = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1),
    **dict.fromkeys(("k", "kb", "kib", "kbyte", "kbytes", "kilobytes"), 1024),
    **dict.fromkeys(("m", "mb", "mib", "mbyte", "mbytes", "megabytes"), 1024**2),
    **dict.fromkeys(("g", "gb", "gib", "gbyte", "gbytes", "gigabytes"), 1024**3),
}
_TIME_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
_SIZE_UNITS = (("g", 1024**3), ("m", 1024**2), ("k", 1024), ("", 1))
_USUAL_MODES = ("600", "640", "644", "660", "664", "666", "700", "710", "711", "750", "755", "770",
                "775", "777")  # fmt: skip
_SYMBOLIC = regex(r"[-sld]?((?:[r-][w-][xst-]){3})")


def as_time(value: object) -> str | None:
    """``"5 sec"`` or ``5.5`` as nginx writes a time (``"5s"``, ``"5500ms"``), None where nobody
    knows."""
    return _as(value, _MILLISECONDS, _TIME_UNITS)


def as_size(value: object) -> str | None:
    """``"12 KiB"`` as nginx writes a size (``"12k"``), None where nobody knows."""
    return _as(value, _BYTES, _SIZE_UNITS)


def _as(
    value: object, factors: Mapping[str, int], units: tuple[tuple[str, int], ...]
) -> str | None:
    match = _AMOUNT.fullmatch(str(value)) if isinstance(value, (str, float)) else None
    factor = None if match is None else factors.get(match[3].lower())
    if match is None or factor is None:
        return None
    decimals = match[2] or ""
    amount, rest = divmod(int(match[1] + decimals) * factor, 10 ** len(decimals))
    if rest or not amount:
        return None
    return next(f"{amount // one}{unit}" for unit, one in units if amount % one == 0)


def as_mode(value: object) -> str | None:
    """``660``, ``0o660`` or ``"rw-rw----"`` as ``"0660"``, None where nobody knows."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000:
        octal = f"{value:o}"
        digits = octal if octal in _USUAL_MODES else str(value)
        return f"{digits:0>4}" if re.fullmatch(r"[0-7]{3,4}", digits) else None
    if not isinstance(value, str):
        return None
    if (match := re.fullmatch(r"(?:0o)?([0-7]{3,4})", value.strip())) is not None:
        return f"{match[1]:0>4}"
    if (match := _SYMBOLIC.fullmatch(value.strip())) is not None:
        bits = "".join("0" if letter in "-ST" else "1" for letter in match[1])
        return f"{int(bits, 2):04o}"
    return None
