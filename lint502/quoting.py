"""How messages show what somebody wrote, and what may be meant by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from lint502.patterns import regex
from lint502.reading import shown

MOST_HINTS = 100
"""How many mistakes of a file get a hint at what is meant: looking for that takes time, which an
absurd file must not multiply."""

_MOST_NAMES = 2_000
"""Of a folder; looking for a like name takes time."""

_LONGEST = 60
_MOST_CANDIDATES = 6
_BARE_KEY = regex(r"[A-Za-z0-9_-]{1,60}")


def escape(text: str) -> str:
    """A text on one line of limited length: control characters escaped, the middle left out."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 4 :]}"
    return shown(text)


def quote(value: object) -> str:
    """A value as TOML writes it, or what kind of value it is where that would be long."""
    if isinstance(value, str):
        text = escape(value)
        return f"'{text}'" if '"' in text and "'" not in text else f'"{text}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else "such a large number"
    if isinstance(value, float):
        return str(value)
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return "a date or time"


def dotted(path: Sequence[str | int]) -> str:
    """A key path as a file writes it, without the numbers of listeners: ``upstream.api.port``."""
    names = [part for part in path if isinstance(part, str)]
    return ".".join(name if _BARE_KEY.fullmatch(name) else quote(name) for name in names)


def meant(word: str, known: Iterable[str], otherwise: str = "", form: str = '"{}"') -> str:
    """``did you mean "x"?``, or ``otherwise`` where no known word is near."""
    close = [form.format(one) for one in candidates(word, known)]
    return f"did you mean {_either(close)}?" if close else otherwise


def candidates(word: str, known: Iterable[str]) -> list[str]:
    """The known words that somebody may have meant by ``word``: the one of which it is a
    misspelling (of several alike, all), or the few that say more than it does (``keepalive``:
    ``keepalive-race`` …)."""
    if len(word) > _LONGEST:
        return []
    folded = fold(word)
    by_fold = {fold(one): one for one in known}
    if folded in by_fold:
        return [by_fold[folded]]
    far = {one: distance(folded, one) for one in by_fold if _begin_alike(folded, one)}
    near = {one: slips for one, slips in far.items() if slips <= _slips(folded, one)}
    if near:
        return [by_fold[one] for one, slips in near.items() if slips == min(near.values())]
    parts = set(folded.split("-"))
    longer = [one for one in by_fold if parts <= set(one.split("-"))] if len(folded) > 2 else []
    return [by_fold[one] for one in longer] if len(longer) <= _MOST_CANDIDATES else []


def like_name(path: str) -> str | None:
    """A file or folder whose name somebody may have meant by one that is not there, as it is
    written from the same place."""
    given = Path(path)
    try:
        names = [one.name for one in islice(given.parent.iterdir(), _MOST_NAMES)]
    except (OSError, ValueError):
        return None
    close = candidates(given.name, names)
    return str(given.parent / close[0]) if len(close) == 1 else None


def fold(word: str) -> str:
    """A word in the one way in which words are compared: ``idleTimeout``, ``Idle_Timeout`` and
    ``idle timeout`` are ``idle-timeout``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", word.strip())
    return re.sub(r"[\s_-]+", "-", words).casefold()


def distance(one: str, other: str) -> int:
    """How many letters are missing, too many, wrong, or in the place of their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            step = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                step = min(step, above[j - 2] + 1)
            row.append(step)
    return row[-1]


def _slips(word: str, known: str) -> int:
    """How many slips make a misspelling of two words of such lengths."""
    length = min(len(word), len(known))
    return 0 if length < 3 else 1 if length < 6 else 2 if length < 12 else 3


def _begin_alike(word: str, known: str) -> bool:
    """Whether two words begin with the same letter, which people rarely get wrong, or would with
    one letter more, or with the first two changed over."""
    swapped = word[:2] == known[:2][::-1]
    return word[:1] == known[:1] or word[1:] == known or known[1:] == word or swapped


def _either(words: Sequence[str]) -> str:
    """The words with "or" before the last one."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def listing(words: Iterable[str], form: str = '"{}"') -> str:
    """``"a"``, ``"b"`` or ``"c"``."""
    return _either([form.format(word) for word in words])
