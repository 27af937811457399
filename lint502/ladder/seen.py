"""What the client sees of a status that ends a request at a pass."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.behaviour.error_pages import ITS_OWN, Instead, instead_of, replaced_statuses
from lint502.ladder.entries import Entry
from lint502.ladder.model import Outcome, Route
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Scope
from lint502.nginx.tree import Context
from lint502.pairing import Pair

CLOSED = 502
"""What nginx answers where an upstream closes the connection, or none comes about."""


class Subject(Struct, frozen=True):
    """A request at a pass: where it came in, the levels at which its body was measured, and the
    servers that may be asked for it. ``inside`` has the ways of those that are nginx itself, by
    the ids of their pairs."""

    entry: Entry
    method: str
    hop: Hop
    pairs: tuple[Pair, ...]
    measured: tuple[Context, ...]
    inside: Mapping[int, Route] = field(default_factory=dict)

    def behind(self, pair: Pair) -> Route | None:
        """The way that goes on behind a server, where that is nginx itself."""
        return self.inside.get(id(pair))

    @property
    def scope(self) -> Scope:
        """What is in effect at the pass."""
        return self.hop.scope


def seen(hop: Hop, outcome: Outcome) -> Outcome:
    """What the client sees where an error page, or what asks beside it, stands in."""
    if outcome.status is None:
        return outcome
    return _instead(outcome, replaced_statuses(hop).get(outcome.status))


def passed_on(hop: Hop, outcome: Outcome) -> Outcome:
    """What the client sees of a status that an upstream has answered."""
    flag = hop.scope.flag(f"{hop.kind}_intercept_errors")
    if outcome.status is None or flag is None or not flag.value:
        return outcome
    return _instead(outcome, instead_of(hop.scope, outcome.status))


def paged(scope: Scope, outcome: Outcome) -> Outcome:
    """What the client sees of a status that nginx answers at a level by itself."""
    assert outcome.status is not None, "nginx answers with one"
    return _instead(outcome, instead_of(scope, outcome.status))


def _instead(outcome: Outcome, other: Instead | None) -> Outcome:
    if other is None:
        return outcome
    why = f"{outcome.why}; {other.by} answers in the place of {outcome.status}"
    if other.status == ITS_OWN:
        return replace(outcome, status=None, instead="what the error page answers", why=why)
    return replace(outcome, status=other.status, why=why)
