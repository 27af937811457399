"""For each rule, the requests that show what it claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lint502.checks.methods import allowed_methods
from lint502.checks.request_body_limit import body_limit
from lint502.checks.reuse import reuse
from lint502.checks.site import Site
from lint502.findings import Finding
from lint502.lab.behind import Route, host_of
from lint502.lab.client import Request
from lint502.lab.plan import Plan, plan
from lint502.lab.play import PORTS, Setting
from lint502.lab.playback import reaction
from lint502.lab.scripts import Crowd, LargeHeader, Once, Race, Script, Session, Slow
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Scope
from lint502.nginx.values import format_size, format_time
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.places import Place
from lint502.spec.listeners import Fact, Listener

SHORT = 1000
"""Milliseconds to which the time that has to be waited for is brought down."""

_ROUND_TRIP = 0.1
_LARGEST_BODY = 64 * 1024 * 1024
_MOST_REQUESTS = 8
_MOST_WELL = 3
_UPLOAD = 300_000
"""Bytes of a body that takes a while to be sent."""

_NEAR = 0.05
"""Seconds that two times have to be apart to be told apart."""


@dataclass(frozen=True, slots=True)
class Case:
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


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is built up and what is done there; ``conditions`` are clauses for the report."""

    plan: Plan
    script: Script
    setting: Setting = field(default_factory=Setting)
    conditions: tuple[str, ...] = ()


class CannotShowError(Exception):
    """Why a claim cannot be watched in the lab."""


def experiment(case: Case) -> Experiment:
    """What makes a rule's claim visible; raises :class:`CannotShowError` where nothing does."""
    return SHOWN_BY[case.rule](case)


def cases_of(
    finding: Finding, site: Site, hop: Hop, found: Sequence[Route], version: Version
) -> list[Case]:
    """What a finding may say of one of its hops, which has these routes: the likeliest first."""
    rated = []
    if finding.rule == "resolver-missing" and hop.unknown_host:
        found = [*found, Route(hop, None, ())]  # the host that the client asks for
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
    facts = (getattr(listener, name) for name in Listener.__slots__)
    stated = [fact.place for fact in facts if isinstance(fact, Fact)]
    return any(_at(place, related) for place in stated for related in finding.related)


def _pruned(route: Route, failing: Sequence[Pair]) -> Route:
    """A route with a few of those servers that are well: many behave as some do."""
    if not failing:
        return route
    well = [pair for pair in route.pairs if pair not in failing][:_MOST_WELL]
    kept = {*map(id, failing), *map(id, well)}
    return replace(route, pairs=tuple(pair for pair in route.pairs if id(pair) in kept))


def usual(hop: Hop, path: str = "/") -> Request:
    """A request that the hop passes on and that does no harm: a GET where it may be one."""
    if hop.kind == "grpc":
        return Request("POST", path, body=5, host=host_of(hop))
    methods = allowed_methods(hop)
    method = next(
        (name for name in ("GET", "POST", "PUT") if name in methods), min(methods, default="GET")
    )
    return Request(method, path, host=host_of(hop))


def once(case: Case) -> Experiment:
    """The usual request, until each server of a block had one."""
    factor = 1.0
    if case.status == 504:
        factor = max(1.0, max(_timeouts(case.hop), default=0) / SHORT)
    made = plan(case.route, case.version, case.failing, factor)
    return Experiment(made, _usual_script(case))


def _wrong_protocol(case: Case) -> Experiment:
    """The usual request, to servers that do with it what the real ones were measured to do, where
    the two sides are said not to fit."""
    if case.status is None:
        return once(case)
    waits = [
        found.after * 1000
        for pair in case.failing
        for found in (reaction(pair, case.version, 1.0)[0],)
        if found is not None and found.after
    ]
    factor = 1.0
    if case.status == 504 or waits:
        factor = max(1.0, max((*_timeouts(case.hop), *waits), default=0) / SHORT)
    made = plan(case.route, case.version, case.failing, factor)
    return Experiment(_played_back(made, case, factor), _usual_script(case))


def _played_back(made: Plan, case: Case, factor: float) -> Plan:
    reactions = {pair.target.address: reaction(pair, case.version, factor) for pair in case.failing}
    servers = []
    clauses: dict[str, None] = {}
    for server in made.servers:
        found, clause = reactions.get(server.address, (None, ""))
        if found is not None and server.behaviour is not None:
            server = replace(server, behaviour=replace(server.behaviour, reaction=found))
            clauses[clause] = None
        servers.append(server)
    return replace(made, servers=tuple(servers), conditions=(*made.conditions, *clauses))


def _usual_script(case: Case) -> Script:
    times = _times(case)
    if case.hop.kind == "stream":
        return Session(b"GET / HTTP/1.0\r\n\r\n", times)
    request = usual(case.hop, case.path)
    if times == 1:
        return Once((request,))
    # first those that nginx does not send to another server: one failure takes a server out
    risky = [Request(name, case.path, 2, host_of(case.hop)) for name in _risky(case.hop)[:1]]
    return Once((*risky * times, *(request,) * times))


def _times(case: Case) -> int:
    """How many requests it takes to meet each server of the route."""
    return min(_MOST_REQUESTS, max(1, len(case.route.pairs)))


def _risky(hop: Hop) -> list[str]:
    """The methods with a body that nginx sends to one server only."""
    if hop.kind == "memcached":
        return []
    methods = allowed_methods(hop)
    return [name for name in ("POST", "PATCH") if name in methods]


def _timeouts(hop: Hop) -> list[int]:
    names = (f"{hop.kind}_connect_timeout", f"{hop.kind}_read_timeout")
    return [value.value for value in map(hop.scope.time, names) if value is not None]


def _large_header(case: Case) -> Experiment:
    size = _fact(case, "response_headers")
    if size > _LARGEST_BODY:
        raise CannotShowError(f"a response header of {format_size(size)} is too large for the lab")
    request = usual(case.hop, case.path)
    return Experiment(
        plan(case.route, case.version, case.failing),
        # another one, for a cache would have the answer to the same
        LargeHeader(replace(request, path=f"{case.path}?0"), (request,) * _times(case), size),
    )


def _fact(case: Case, name: str) -> int:
    """A fact that the rule needs, of the listener that it is about."""
    fact: Fact[int] | None = getattr(case.listener, name, None)
    if fact is None:
        raise CannotShowError("the upstream that it is about cannot be told from the others")
    return fact.value


def _alone(case: Case) -> tuple[Route, tuple[str, ...]]:
    """The route with one server, and a clause that says so where it has more."""
    clause = "with this server alone"
    return case.route.only(case.failing[0]), (clause,) if len(case.route.pairs) > 1 else ()


def _large_body(case: Case) -> Experiment:
    """The largest body that nginx lets through, or one well above what the upstream takes."""
    takes = _fact(case, "request_body")
    if takes >= _LARGEST_BODY:
        raise CannotShowError(f"a request body above {format_size(takes)} is too large for the lab")
    limit = body_limit(case.hop)
    lets = limit.value if limit is not None and limit.value else _LARGEST_BODY
    size = max(min(lets, 2 * takes + 1024 * 1024, _LARGEST_BODY), min(lets, takes + 1))
    methods = allowed_methods(case.hop)
    method = next(
        (name for name in ("POST", "PUT", "PATCH") if name in methods), min(methods, default="GET")
    )
    route, conditions = _alone(case)
    if case.listener is not None and case.listener.overflow is None:
        clause = "beyond its limit the upstream closes the connection, which is not declared"
        conditions = (*conditions, clause)
    return Experiment(
        plan(route, case.version, case.failing),
        Once(
            (Request(method, case.path, size, host_of(case.hop)),),
            Request(method, case.path, 1, host_of(case.hop)),
        ),
        conditions=conditions,
    )


def _slow_answer(case: Case) -> Experiment:
    """An answer that starts after the upstream gives up, and before nginx does."""
    hop, gives_up = case.hop, _fact(case, "request_timeout")
    timeout = hop.scope.time(f"{hop.kind}_read_timeout")
    waits = timeout.value if timeout is not None else 60_000
    start = (gives_up + waits) / 2 if gives_up < waits else waits * 3 / 4
    factor = max(1.0, min(gives_up, waits) / SHORT)
    if abs(waits - gives_up) / factor / 1000 < _NEAR:
        raise CannotShowError(
            f"{format_time(gives_up)} and {format_time(waits)} are too near to tell apart"
        )
    if waits / factor > 60 * SHORT:  # nothing waits for it: what happens is before
        start = gives_up * 2
    route, conditions = _alone(case)
    return Experiment(
        plan(route, case.version, case.failing, factor),
        Slow(usual(hop, case.path), start / factor / 1000),
        conditions=conditions,
    )


def _race(case: Case) -> Experiment:
    """A POST and a GET on a kept connection at the moment at which the upstream closes it."""
    hop, block, idle = case.hop, case.route.block, _fact(case, "idle_timeout")
    if block is None:
        raise CannotShowError("it has no upstream block, and so no pool")
    factor = max(1.0, idle / SHORT)
    keeps = Scope(block.context, case.version).time("keepalive_timeout")
    lag = 0.0 if keeps is None else (idle - keeps.value) / factor / 1000
    is_race = case.status is not None
    round_trip = max(_ROUND_TRIP, lag + 0.05) if is_race else min(_ROUND_TRIP, max(lag, 0.02) / 2)
    beside = _keeper(case)
    route, conditions = _alone(case)
    made = plan(route, case.version, case.failing, factor, beside, waits=False)
    opening = usual(hop, case.path) if beside is None else usual(beside, "/beside/")
    clause = f"on a network with a round trip of {format_time(round(round_trip * factor * 1000))}"
    return Experiment(
        made,
        Race(opening, _racing(case), idle / factor / 1000),
        Setting(round_trip=round_trip, round_trip_matters=True),
        (*conditions, clause),
    )


def _racing(case: Case) -> tuple[Request, ...]:
    """A request that nginx does not send again, if there is one, and one that it does."""
    hop = case.hop
    if hop.kind == "grpc":
        return (usual(hop, case.path),)
    methods = allowed_methods(hop)
    names = ["GET"]
    if hop.kind != "memcached":
        names = [*[name for name in ("POST", "PATCH", "LOCK") if name in methods][:1], *names]
    buffered = hop.scope.flag(f"{hop.kind}_request_buffering")
    size = 2 if buffered is None or buffered.value else _UPLOAD
    return tuple(
        Request(name, case.path, size if name in ("POST", "PATCH") else 0, host_of(hop))
        for name in names
        if name in methods
    )


def _keeper(case: Case) -> Hop | None:
    """Another hop that leaves connections in the pool, where this one does not."""
    hop, block = case.hop, case.route.block
    if reuse(hop, case.version).kept:
        return None
    others = (other for other in case.site.hops if block in other.blocks and other is not hop)
    return next((other for other in others if reuse(other, case.version).kept), None)


def _crowd(case: Case) -> Experiment:
    """A request for each local port that nginx has, and one more."""
    if not case.route.pairs:
        raise CannotShowError("none of its servers is up")
    made = plan(case.route.only(case.route.pairs[0]), case.version, ())
    return Experiment(
        made,
        Crowd(usual(case.hop, case.path), PORTS),
        Setting(isolated=True),
        (f"nginx has {PORTS} local ports, and the upstream leaves it to nginx to close",),
    )


def _nothing(case: Case) -> Experiment:
    raise CannotShowError("it claims nothing that a client would see")


SHOWN_BY: dict[str, Callable[[Case], Experiment]] = {
    "bind-mismatch": once,
    "http-version-mismatch": _wrong_protocol,
    "implicit-port-80": once,
    "keepalive-race": _race,
    "keepalive-unused": _crowd,
    "no-live-peer": once,
    "port-mismatch": once,
    "protocol-mismatch": _wrong_protocol,
    "request-body-limit": _large_body,
    "request-timeout": _slow_answer,
    "resolver-missing": once,
    "response-header-buffer": _large_header,
    "socket-path-mismatch": once,
    "tls-mismatch": _wrong_protocol,
    "undeclared-upstream": _nothing,
    "unused-upstream": _nothing,
}
"""Each rule's way of showing itself; one for every rule."""
