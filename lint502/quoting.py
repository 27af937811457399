"""How messages show what somebody wrote, and what may be meant by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lint502.reading import shown

MOST_HINTS = 100
"""How many mistakes of a file get a hint at what is meant: looking for that takes time, which an
absurd file must not multiply."""

_LONGEST = 60
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


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


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody may have meant by ``word``."""
    if len(word) > _LONGEST:
        return None
    from difflib import get_close_matches

    by_fold = {one.casefold().replace("-", "_"): one for one in known}
    close = get_close_matches(word.casefold().replace("-", "_"), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def meant(word: str, known: Iterable[str], otherwise: str = "", form: str = '"{}"') -> str:
    """``did you mean "x"?``, or ``otherwise`` where no known word is near."""
    close = nearest(word, known)
    return otherwise if close is None else f"did you mean {form.format(close)}?"


def listing(words: Iterable[str]) -> str:
    """``"a"``, ``"b"`` or ``"c"``."""
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
