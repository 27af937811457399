"""How much of long lists a report holds: what hops and findings have together is a product, and
small files can have millions."""

from __future__ import annotations

from collections.abc import Sequence

MAX_TOGETHER = 50_000
"""Entries of all lists of one kind up to which a report has them whole."""

FEWEST = 3


def most_of_each(sizes: Sequence[int]) -> int:
    """How many entries a report has of each of several lists, so that all together are few enough;
    of lists that are not too long together, all."""
    if sum(sizes) <= MAX_TOGETHER:
        return max(sizes, default=0)
    return max(MAX_TOGETHER // len(sizes), FEWEST)
