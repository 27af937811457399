"""What the upstreams of one line ask of it together."""

from __future__ import annotations

from collections.abc import Iterable

from lint502.nginx.parse import Directive


def largest_for(asked: Iterable[tuple[Directive, int]]) -> dict[Directive, int]:
    """The largest number that is asked of each line."""
    found: dict[Directive, int] = {}
    for line, number in asked:
        found[line] = max(number, found.get(line, number))
    return found
