"""What a rule finds at one pair: a disagreement, whatever else is wrong there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from lint502.findings import Finding, Severity
from lint502.pairing import Pair

Phase = Literal[
    "absent",
    "address",
    "connect",
    "plaintext",
    "handshake",
    "send",
    "wait",
    "head",
    "later",
    "reuse",
]
"""When a request fails at a target, in this order: nginx knows no address of it, and tries the
other servers of its block alone; the address leads to nobody; no connection comes about; nginx
sends the request where TLS is awaited; no TLS handshake comes about; the connection ends once the
request is sent; no response comes in time; one comes that nginx cannot read; one that it passes on;
the connection was kept, and is just being closed."""

_RANK: dict[Phase, int] = {
    "absent": 0,
    "address": 0,
    "connect": 1,
    "plaintext": 2,
    "handshake": 3,
    "send": 4,
    "wait": 5,
    "head": 5,
    "later": 6,
    "reuse": 7,
}


class Disagreement(Struct, frozen=True, eq=False):
    """What disagrees at a pair, and when a request fails for it.

    ``finding`` is what the client sees where nothing hides it, without its hops: an error is
    certain, and with the frequency "always" it is every request that fails. ``methods`` are those
    that it concerns, None for all. Many pairs may share a finding.
    """

    pair: Pair
    phase: Phase
    finding: Finding
    methods: frozenset[str] | None = None

    @property
    def certain(self) -> bool:
        """Whether the facts settle it."""
        return self.finding.severity is Severity.ERROR

    @property
    def total(self) -> bool:
        """Whether it is certain that every request fails at this pair."""
        return self.certain and self.finding.frequency == "always" and self.methods is None

    def at(self, pairs: Iterable[Pair]) -> Iterator[Disagreement]:
        """The same at each of several pairs, with one finding for all."""
        return (replace(self, pair=pair) for pair in pairs)

    def hides(self, other: Disagreement) -> bool:
        """Whether no request gets as far as to fail for another disagreement at the same pair."""
        if not self.total or self is other:
            return False
        if _RANK[self.phase] != _RANK[other.phase]:
            return _RANK[self.phase] < _RANK[other.phase]
        return not other.total and self.finding.rule != other.finding.rule
