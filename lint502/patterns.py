"""Regular expressions that are compiled when they are used first: a run uses few of those that
there are, and compiling all of them takes longer than checking a small site."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Pattern:
    """What stands for an expression until it is used, and passes its methods on from then."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._given: tuple[Any, int] = (text, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        self.__dict__[name] = found
        return found


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As :func:`re.compile`, with an expression that is known to be one."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
