"""What a regular expression of nginx's says of a text that is known, or of which the start is.

Python reads the expressions. Those that PCRE may read otherwise, or that may take long, are left
open: that is neither a match nor none.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from msgspec import Struct

from lint502.nginx.symbols import UNKNOWN
from lint502.patterns import regex

_REMEMBERED = 1 << 12
_LONGEST = 400
_MOST_REPEATS = 4
_SHORT = 255
_MOST_STEPS = 20_000_000
_MOST_OPTIONS = 8

_NOT_ALIKE = regex(
    r"\\[0-9AaCcEeFfGghHKkLlNnopPQRrtUuVvXxzZ]|\(\?(?!:|=|!|<[A-Za-z_=!]|P<)|\[\[|\[:|\{,|[^\\]\)[*+{]"
)
"""What Python and PCRE may read otherwise, and repeated groups, which may take long."""

_CLASS = regex(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_LOOKS_AHEAD = regex(r"\$|\(\?[=!]|\\b")
_PREFIX = regex(r"\^((?:[A-Za-z0-9/_~%@-]|\\[./_-])+)(?![*+?{|])")


class Search(Struct, frozen=True):
    """Whether an expression matches: ``matches`` is None where that is open. ``groups`` are the
    texts of the match and its captures, None where they are not known; none without a match."""

    matches: bool | None
    groups: tuple[str | None, ...] = ()

    def group(self, number: int) -> str | None:
        """The text of a capture, "" where the expression has no such; None if it is not known."""
        if self.matches is None:
            return None
        return self.groups[number] if number < len(self.groups) else ""


class _Read(Struct, frozen=True):
    """An expression as Python has it. ``repeats`` tells how the time grows with the text."""

    pattern: re.Pattern[str]
    repeats: int
    looks_ahead: bool


def search(regex: str, text: str, *, case: bool = True, whole: bool = True) -> Search:
    """Search in a text, of which nothing but the start is known unless it is ``whole``; ``case``
    tells that upper and lower case differ."""
    read = _read(regex, case)
    if read is None or not _is_quick(read, len(text)):
        return Search(None if _may_start(regex, text, case, whole) else False)
    match = read.pattern.search(text)
    if whole:
        if match is None:
            return Search(False)
        return Search(True, (match[0], *(group or "" for group in match.groups())))
    if match is not None and not read.looks_ahead:
        return Search(True, (None,) * (1 + (read.pattern.groups or 0)))
    return Search(None if _may_start(regex, text, case, whole) else False)


def _may_start(regex: str, text: str, case: bool, whole: bool) -> bool:
    """Whether a text may match as far as the fixed start of an expression goes."""
    prefix = _PREFIX.match(regex)
    if prefix is None or "|" in regex:
        return True
    start = prefix[1].replace("\\", "")
    if not case:
        start, text = start.lower(), text.lower()
    return text.startswith(start) or (not whole and start.startswith(text))


def _is_quick(read: _Read, length: int) -> bool:
    if length <= _SHORT:
        return read.repeats <= _MOST_REPEATS
    return length <= 1 << 13 and float(length) ** max(1, read.repeats) <= _MOST_STEPS


@lru_cache(_REMEMBERED)
def _read(regex: str, case: bool) -> _Read | None:
    if UNKNOWN in regex or len(regex) > _LONGEST:
        return None
    flags = re.ASCII if case else re.ASCII | re.IGNORECASE
    if regex.startswith("(?i)"):
        regex, flags = regex[4:], flags | re.IGNORECASE
    bare = _CLASS.sub("x", regex)
    if _NOT_ALIKE.search(regex) or _NOT_ALIKE.search(bare):
        return None
    bare = re.sub(r"\\.|\(\?", "x", bare)
    repeats = sum(map(bare.count, "*+}"))
    if repeats > _MOST_REPEATS or bare.count("?") > _MOST_OPTIONS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pattern = re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", regex), flags)
    except (re.error, OverflowError, RecursionError, Warning):
        return None
    anchored = regex.startswith("^") and "|" not in bare
    looks = _LOOKS_AHEAD.search(bare) is not None or _LOOKS_AHEAD.search(regex) is not None
    return _Read(pattern, repeats + (not anchored), looks)
