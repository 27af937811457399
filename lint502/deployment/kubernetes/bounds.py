"""How much is made of manifests, whose aliases and references can multiply what they have."""

from __future__ import annotations

MOST_MADE = 100_000
"""Containers, variables, files and ways of Services, of all manifests together."""

TOO_MUCH = f"comes to more than {MOST_MADE} values with what it refers to; lint502 stops here"


class Budget:
    """What is left of that."""

    def __init__(self, left: int = MOST_MADE) -> None:
        self._left = left

    def take(self, number: int) -> bool:
        """Take a number of values; False where there are not so many left, and from then on."""
        self._left = self._left - number if number <= self._left else -1
        return self._left >= 0
