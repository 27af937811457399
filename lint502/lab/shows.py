"""For each rule, the requests that show what it claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lint502.checks.methods import allowed_methods
from lint502.checks.reuse import reuse
from lint502.checks.site import Site
from lint502.findings import Finding
from lint502.lab.client import Request
from lint502.lab.plan import Plan, Route, plan
from lint502.lab.play import PORTS, Setting
from lint502.lab.playback import reaction
from lint502.lab.scripts import Crowd, LargeHeader, Once, Race, Script, Session, Slow
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Scope
from lint502.nginx.values import format_size, format_time
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.spec.listeners import Listener

SHORT = 1000
"""Milliseconds to which the time that has to be waited for is brought down."""

_ROUND_TRIP = 0.1
_LARGEST_BODY = 64 * 1024 * 1024
_MOST_REQUESTS = 8


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


def case_of(
    finding: Finding, site: Site, hop: Hop, found: Sequence[Route], version: Version
) -> Case:
    """What a finding says of one of its hops, which has these routes, for a version of nginx."""
    places = {(place.file, place.line) for place in (finding.place, *finding.related)}
    best = max(found, key=lambda route: _fit(route, finding, places))
    failing = tuple(pair for pair in best.pairs if _is_meant(pair, finding, places))
    return Case(finding.rule, finding.status, site, best, failing or best.pairs, version)


def _fit(route: Route, finding: Finding, places: set[tuple[str, int]]) -> tuple[bool, int]:
    """How well a finding fits a route: by its servers' lines, then by what it says of pairs."""
    servers = route.block.servers if route.block is not None else ()
    lines = {(server.directive.source.name, server.directive.line) for server in servers}
    meant = sum(_is_meant(pair, finding, places) for pair in route.pairs)
    return bool(lines & places) or meant > 0, meant


def _is_meant(pair: Pair, finding: Finding, places: set[tuple[str, int]]) -> bool:
    place = pair.target.place()
    if (place.file, place.line) == (finding.place.file, finding.place.line):
        return True
    if pair.mismatch is not None or pair.listener is None:
        return False
    if pair.listener.upstream != finding.upstream:
        return False
    facts = (getattr(pair.listener, name) for name in Listener.__slots__)
    stated = (getattr(fact, "place", None) for fact in facts)
    return any((place.file, place.line) in places for place in stated if place is not None)


def usual(hop: Hop, path: str = "/") -> Request:
    """A request that the hop passes on: a GET where it may be one."""
    if hop.kind == "grpc":
        return Request("POST", path, body=5, host=_host(hop))
    methods = allowed_methods(hop)
    method = next((name for name in ("GET", "POST", "PUT") if name in methods), min(methods))
    return Request(method, path, host=_host(hop))


def _host(hop: Hop) -> str:
    name = hop.server
    plain = name and not name.startswith(("~", "*", ".", "_")) and "$" not in name
    return name if plain and hop.kind != "stream" else "lab.example"


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
    risky = [Request(name, case.path, 2, _host(case.hop)) for name in _risky(case.hop)[:1]]
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
    listener = case.listener
    assert listener is not None and listener.response_headers is not None
    size = listener.response_headers.value
    if size > _LARGEST_BODY:
        raise CannotShowError(f"a response header of {format_size(size)} is too large for the lab")
    requests = (usual(case.hop, case.path),) * _times(case)
    return Experiment(plan(case.route, case.version, case.failing), LargeHeader(requests, size))


def _large_body(case: Case) -> Experiment:
    """The largest body that nginx lets through, or one well above what the upstream takes."""
    listener = case.listener
    assert listener is not None and listener.request_body is not None
    takes = listener.request_body.value
    if takes >= _LARGEST_BODY:
        raise CannotShowError(f"a request body above {format_size(takes)} is too large for the lab")
    limit = case.hop.scope.size("client_max_body_size")
    lets = limit.value if limit is not None and limit.value else _LARGEST_BODY
    size = max(min(lets, 2 * takes + 1024 * 1024, _LARGEST_BODY), min(lets, takes + 1))
    methods = allowed_methods(case.hop)
    method = next((name for name in ("POST", "PUT", "PATCH") if name in methods), min(methods))
    conditions = () if listener.overflow is not None else (
        "beyond its limit the upstream closes the connection, which is not declared",
    )  # fmt: skip
    return Experiment(
        plan(case.route.only(case.failing[0]), case.version, case.failing),
        Once((Request(method, case.path, size, _host(case.hop)),)),
        conditions=conditions,
    )


def _slow_answer(case: Case) -> Experiment:
    """An answer that starts after the upstream gives up, and before nginx does."""
    listener, hop = case.listener, case.hop
    assert listener is not None and listener.request_timeout is not None
    gives_up = listener.request_timeout.value
    waits = hop.scope.time(f"{hop.kind}_read_timeout")
    assert waits is not None
    start = (gives_up + waits.value) / 2 if gives_up < waits.value else waits.value * 3 / 4
    factor = max(1.0, min(gives_up, waits.value) / SHORT)
    if waits.value / factor > 60 * SHORT:  # nothing waits for it: what happens is before
        start = gives_up * 2
    return Experiment(
        plan(case.route.only(case.failing[0]), case.version, case.failing, factor),
        Slow(usual(hop, case.path), start / factor / 1000),
    )


def _race(case: Case) -> Experiment:
    """A POST and a GET on a kept connection at the moment at which the upstream closes it."""
    listener, hop, block = case.listener, case.hop, case.route.block
    assert listener is not None and listener.idle_timeout is not None and block is not None
    idle = listener.idle_timeout.value
    factor = max(1.0, idle / SHORT)
    keeps = Scope(block.context, case.version).time("keepalive_timeout")
    lag = 0.0 if keeps is None else (idle - keeps.value) / factor / 1000
    is_race = case.status is not None
    round_trip = max(_ROUND_TRIP, lag + 0.05) if is_race else min(_ROUND_TRIP, max(lag, 0.02) / 2)
    beside = _keeper(case)
    made = plan(case.route.only(case.failing[0]), case.version, case.failing, factor, beside)
    opening = usual(hop, case.path) if beside is None else usual(beside, "/beside/")
    methods = allowed_methods(hop)
    if hop.kind == "grpc":
        requests: tuple[Request, ...] = (usual(hop, case.path),)
    else:
        risky = [name for name in ("POST", "PATCH", "LOCK") if name in methods]
        names = ["GET"] if hop.kind == "memcached" else [*risky[:1], "GET"]
        requests = tuple(
            Request(name, case.path, 2 if name in ("POST", "PATCH") else 0, _host(hop))
            for name in names
            if name in methods
        )
    conditions = (
        f"on a network with a round trip of {format_time(round(round_trip * factor * 1000))}",
    )
    return Experiment(
        made,
        Race(opening, requests, idle / factor / 1000),
        Setting(round_trip=round_trip, round_trip_matters=True),
        conditions,
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
