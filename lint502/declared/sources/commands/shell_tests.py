"""The conditions of ``test``, ``[`` and ``[[``."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from lint502.declared.sources.commands.words import UNKNOWN


def holds_of(texts: Sequence[str]) -> bool | None:
    """What ``test`` says of its words; None where it asks what is not known.

    Source: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/test.html
    """
    if texts and texts[0] == "!":
        inner = holds_of(texts[1:])
        return None if inner is None else not inner
    if any(UNKNOWN in text for text in texts):
        return None
    if len(texts) == 1:
        return bool(texts[0])
    if len(texts) == 2 and texts[0] in ("-z", "-n"):
        return bool(texts[1]) is (texts[0] == "-n")
    if len(texts) == 3 and texts[1] in ("=", "=="):
        return fnmatchcase(texts[0], texts[2])
    if len(texts) == 3 and texts[1] == "!=":
        return not fnmatchcase(texts[0], texts[2])
    if len(texts) == 3 and texts[0].isdigit() and texts[2].isdigit() and texts[1] in _NUMBERS:
        return _NUMBERS[texts[1]](int(texts[0]), int(texts[2]))
    return None


_NUMBERS = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
    "-lt": int.__lt__,
    "-le": int.__le__,
}
