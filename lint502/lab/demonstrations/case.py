"""What a rule says of a hop, as something that can be observed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.declared.listeners import Fact, Listener
from lint502.findings import Finding
from lint502.lab.behind import Route
from lint502.lab.plan import Plan
from lint502.lab.play import PlayOptions
from lint502.lab.scripts import Script
from lint502.nginx.hops import Hop
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.places import Place
from lint502.site import Site

_MOST_WELL = 3


class Case(Struct, frozen=True):
    """What a rule says of a hop: the route that it is about, and the pairs that fail there, which
    are all of them where it names none. Requests go to ``path``."""

    rule: str
    status: int | None
    site: Site
    route: Route
    failing: tuple[Pair, ...]
    version: Version
    path: str = "/"

    @property
    def hop(self) -> Hop:
        """The hop."""
        return self.route.hop

    @property
    def listener(self) -> Listener | None:
        """The listener that the rule is about, where it is about one."""
        return next((pair.listener for pair in self.failing if pair.listener is not None), None)


class Experiment(Struct, frozen=True):
    """What is built up and what is done there; ``conditions`` are clauses for the report."""

    plan: Plan
    script: Script
    setting: PlayOptions = field(default_factory=PlayOptions)
    conditions: tuple[str, ...] = ()


class CannotShowError(Exception):
    """Why a claim cannot be observed in the lab."""


def cases_of(
    finding: Finding, site: Site, hop: Hop, found: Sequence[Route], version: Version
) -> list[Case]:
    """What a finding may say of one of its hops, which has these routes: the likeliest first."""
    rated = []
    if finding.rule == "resolver-missing" and hop.unknown_host:
        found = [*found, Route(hop, None, ())]  # the host that the client asks for
    if finding.rule == "invalid-address":
        found = [Route(hop, None, ())]  # nginx gets nowhere
    for route in found:
        written = [pair for pair in route.pairs if _at(pair.target.place(), finding.place)]
        stated = [pair for pair in route.pairs if _states(pair, finding)]
        failing = written or stated
        block = route.block is not None and any(
            _at(server.directive.place(), finding.place) for server in route.block.servers
        )
        case = Case(
            finding.rule,
            finding.status,
            site,
            _pruned(route, failing),
            tuple(failing) or route.pairs,
            version,
        )
        rated.append(((bool(written) or block, bool(stated)), case))
    rated.sort(key=lambda pair: pair[0], reverse=True)
    return [case for _, case in rated]


def _at(place: Place, other: Place) -> bool:
    return (place.file, place.line, place.column) == (other.file, other.line, other.column)


def _states(pair: Pair, finding: Finding) -> bool:
    """Whether the finding rests on a fact of the listener that a pair reaches."""
    listener = pair.listener
    if pair.mismatch is not None or listener is None or listener.upstream != finding.upstream:
        return False
    facts = [getattr(listener, name) for name in Listener.__struct_fields__]
    stated = [fact.place for fact in facts if isinstance(fact, Fact)]
    return any(_at(place, related) for place in stated for related in finding.related)


def _pruned(route: Route, failing: Sequence[Pair]) -> Route:
    """A route with a few of those servers that are well: many behave as some do."""
    if not failing:
        return route
    well = [pair for pair in route.pairs if pair not in failing][:_MOST_WELL]
    kept = {*map(id, failing), *map(id, well)}
    return replace(route, pairs=tuple(pair for pair in route.pairs if id(pair) in kept))
