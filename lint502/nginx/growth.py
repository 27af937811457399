"""How large a root may become once all of its includes are expanded.

What is written may be long, for somebody has it; what a short text grows to, with files that
include others many times, is bounded.
"""

from __future__ import annotations

MAX_INCLUDES = 50_000
MAX_DIRECTIVES = 400_000
MAX_HOPS = 20_000
"""Or as many as the files can have written, if that is more."""

MOST_HOPS = 80_000
"""In any case: each takes its time and its room."""

_WORDS_OF_AN_INCLUDE = 3
_WORDS_OF_A_HOP = 8
"""With the block around it; braces and semicolons count."""


class Growth:
    """The bounds for one root, by the words of its files."""

    def __init__(self) -> None:
        self._words = 0
        self.hops = MAX_HOPS

    def read(self, words: int) -> None:
        """Count a file, which is read for the first time."""
        self._words += words
        self.hops = min(max(MAX_HOPS, self._words // _WORDS_OF_A_HOP), MOST_HOPS)

    @property
    def includes(self) -> int:
        """The most includes."""
        return max(MAX_INCLUDES, self._words // _WORDS_OF_AN_INCLUDE)

    @property
    def directives(self) -> int:
        """The most directives."""
        return max(MAX_DIRECTIVES, self._words)
