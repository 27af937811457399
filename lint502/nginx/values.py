"""nginx's times, sizes and flags, read as ``ngx_parse.c`` and ``ngx_conf_file.c`` do."""

from __future__ import annotations

import re

from lint502.patterns import regex

_UNITS_MS = {
    "y": 365 * 24 * 3600 * 1000,
    "M": 30 * 24 * 3600 * 1000,
    "w": 7 * 24 * 3600 * 1000,
    "d": 24 * 3600 * 1000,
    "h": 3600 * 1000,
    "m": 60 * 1000,
    "s": 1000,
    "ms": 1,
    " ": 1000,
}
_ORDER = tuple(_UNITS_MS)
_TIME_PART = regex(r"([0-9]*)(ms|[yMwdhms ]) *")
_SIZE = regex(r"(\d+)([kKmM]?)", re.ASCII)
_OFFSET = regex(r"(\d+)([kKmMgG]?)", re.ASCII)
_SIZE_FACTOR = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_LARGEST = 2**63 - 1

TIME_PATTERN = (
    "^([0-9]*w *)?([0-9]*d *)?([0-9]*h *)?([0-9]*m *)?([0-9]*[s ] *)?([0-9]*ms *)?"
    "([0-9]*  *)?[0-9]*$"
)
"""What each time has that :func:`parse_time` takes, for schemas; some that it refuses have it, too,
such as one without a number."""

SIZE_PATTERN = "^[0-9]+[kKmMgG]?$"
"""What each size has that :func:`parse_size` takes with ``offset``."""


def parse_time(text: str, *, seconds_only: bool = False) -> int:
    """A time as nginx writes it (``90``, ``30s``, ``1m30s``, ``500ms``), in milliseconds.

    Units descend; a number without one is seconds. ``seconds_only`` is for the places that nginx
    parses in whole seconds (``fail_timeout=``): no ``ms``, but ``y`` and ``M``. Raises
    ``ValueError`` for what nginx refuses. Source: ``ngx_parse_time()``.
    """
    refused = ValueError(f"{text!r} is not a time")
    numbers, total, position = "", 0, 0
    last = -1 if seconds_only else _ORDER.index("M")
    while match := _TIME_PART.match(text, position):
        number, unit = match.groups()
        if last >= _ORDER.index("s" if unit == " " else unit):
            raise refused
        if unit == "ms" and seconds_only:
            raise refused
        last = _ORDER.index(unit)
        total += int(number or 0) * _UNITS_MS[unit]
        numbers, position = numbers + number, match.end()
    number = text[position:]
    if number.strip("0123456789") or not numbers + number:
        raise refused
    total += int(number or 0) * 1000
    if total > _LARGEST * (1000 if seconds_only else 1):
        raise refused
    return total


def parse_size(text: str, *, offset: bool = False) -> int:
    """A size as nginx writes it (``4096``, ``4k``, ``1m``), in bytes.

    ``offset`` is for the directives that also know ``g`` (``client_max_body_size``). Raises
    ``ValueError`` for what nginx refuses. Source: ``ngx_parse_size()``, ``ngx_parse_offset()``.
    """
    match = (_OFFSET if offset else _SIZE).fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size")
    size = int(match[1]) * _SIZE_FACTOR[match[2].lower()]
    if size > _LARGEST:
        raise ValueError(f"{text!r} is not a size")
    return size


def parse_flag(text: str) -> bool:
    """``on`` or ``off``, in any case, or ``ValueError``. Source: ``ngx_conf_set_flag_slot()``."""
    lowered = text.lower()
    if lowered not in ("on", "off"):
        raise ValueError(f'{text!r} is neither "on" nor "off"')
    return lowered == "on"


def format_time(milliseconds: int) -> str:
    """The shortest way in which nginx writes a time: ``"90s"``, ``"1h"``, ``"500ms"``."""
    if milliseconds == 0:
        return "0s"
    for unit in ("d", "h"):
        if milliseconds % _UNITS_MS[unit] == 0:
            return f"{milliseconds // _UNITS_MS[unit]}{unit}"
    seconds, rest = divmod(milliseconds, 1000)
    if seconds > 120 and milliseconds % 60_000 == 0:
        return f"{seconds // 60}m"
    return f"{seconds}s" if not rest else f"{milliseconds}ms"


def format_size(size: int) -> str:
    """The shortest way in which nginx writes a size: ``"4k"``, ``"10m"``, ``"1500"``."""
    for unit in ("m", "k"):
        factor = _SIZE_FACTOR[unit]
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
