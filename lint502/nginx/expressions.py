"""Regular expressions of names and locations, of which the first that matches counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import merge

from lint502.nginx.symbols import UNKNOWN
from lint502.patterns import regex

_LONGEST_REGEX = 200
_MOST_REPEATS = 4
_LONGEST_HOST = 255
_REMEMBERED = 1 << 15

_PREFIX = regex(r"\^((?:[a-z0-9/_-]|\\\.)+)(?![*+?{])", re.IGNORECASE | re.ASCII)

_MANY = 50
_GROUP = regex(r"\(\?(?:P?<\w+>|:)")
_COUNT = regex(r"\{[^}]*\}?")
_SEVERAL = regex(r"\[\]?[^\]]*\]?|\\[wds]")
_RUN = regex(r"(?:[a-z0-9/_-]|\\[./-])+(?![*?{])", re.IGNORECASE | re.ASCII)
"""What is no part of a text by itself, and what is."""


def matches(regex: str, host: str, *, case: bool = False) -> bool | None:
    """Whether a regular expression matches; None for one that Python may read otherwise than PCRE,
    or take long for. ``case`` tells that upper and lower case differ."""
    if len(host) > _LONGEST_HOST:
        return None
    pattern = _pattern(regex, case)
    return None if pattern is None else pattern.search(host) is not None


class Prefixes:
    """Which of many expressions may match a text: those are left out that want another start, or
    where there are very many, something that is not in it."""

    def __init__(self, regexes: Sequence[str]) -> None:
        self._by_prefix: dict[str, list[int]] = {}
        self._by_part: dict[str, list[int]] = {}
        self._others: list[int] = []
        self._all = range(len(regexes))
        for index, written in enumerate(regexes):
            prefix = _prefix(written)
            part = "" if prefix or len(regexes) < _MANY else _part(written)
            if prefix:
                self._by_prefix.setdefault(prefix, []).append(index)
            elif part:
                self._by_part.setdefault(part, []).append(index)
            else:
                self._others.append(index)
        self._lengths = sorted(set(map(len, self._by_prefix)))
        self._part_lengths = sorted(set(map(len, self._by_part)))

    def of(self, text: str) -> Iterator[int]:
        """The numbers of those that may match, or of which nobody knows, in their order."""
        if len(text) > _LONGEST_HOST or not text.isascii():
            return iter(self._all)
        text = text.lower()
        starts = {text[:length] for length in self._lengths}
        parts = {
            text[at : at + length]
            for length in self._part_lengths
            for at in range(len(text) - length + 1)
        }
        return merge(
            self._others,
            *(self._by_prefix.get(start, ()) for start in starts),
            *(self._by_part[part] for part in parts & self._by_part.keys()),
        )


def _prefix(written: str) -> str:
    """What a text starts with that an expression matches, in lower case; "" if that is not known,
    or whether it matches."""
    found = _PREFIX.match(written)
    if found is None or "|" in written or _pattern(written, case=False) is None:
        return ""
    return found[1].replace("\\", "").lower()


def _part(written: str) -> str:
    """What is in every text that an expression matches, in lower case; "" if that is not known, or
    whether it matches."""
    if "|" in written or ")?" in written or _pattern(written, case=False) is None:
        return ""
    plain = _SEVERAL.sub(" ", _COUNT.sub("{ ", _GROUP.sub("(", written)))
    runs = (match[0].replace("\\", "") for match in _RUN.finditer(plain))
    return max(runs, key=len, default="").lower()


@lru_cache(_REMEMBERED)
def _pattern(regex: str, case: bool) -> re.Pattern[str] | None:
    if UNKNOWN in regex:
        return None
    repeats = len(re.findall(r"[*+?}]", re.sub(r"\\.|\(\?", "", regex)))
    if len(regex) > _LONGEST_REGEX or repeats > _MOST_REPEATS:
        return None
    if re.search(r"\)[*+{]|\\[^.\-/wds]|\(\?(?![<:P])|\(\?<[=!]", regex):
        return None
    try:
        return re.compile(re.sub(r"\(\?<", "(?P<", regex), 0 if case else re.IGNORECASE)
    except re.error:
        return None
