"""Connections that are kept, or are not."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lint502.behaviour.keepalive import connection_end, kept_all_the_same, reuse, users
from lint502.behaviour.methods import allowed_methods
from lint502.behaviour.shared_pools import Clash, clashes
from lint502.lab.behind import Route, host_of
from lint502.lab.client import Request
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.demonstrations.usual import SHORT, alone, fact, once, usual
from lint502.lab.namespace import PORTS
from lint502.lab.plan import plan
from lint502.lab.play import PlayOptions
from lint502.lab.scripts import Crowd, Once, Race
from lint502.lab.standins.behaviour import Behaviour, TlsBehaviour
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Scope
from lint502.nginx.values import format_time

_PROTOCOLS = {"FastCGI": "fastcgi", "memcached": "memcached"}
_WITH_A_BODY = ("POST", "PUT", "PATCH")
_ROUND_TRIP = 0.1
_MOST_OPENINGS = 1000
_UPLOAD = 300_000
"""Bytes of a body that takes a while to be sent."""


def race(case: Case) -> Experiment:
    """A POST and a GET on a kept connection at the moment at which the upstream closes it."""
    hop, block, idle = case.hop, case.route.block, fact(case, "idle_timeout")
    if block is None:
        raise CannotShowError("it has no upstream block, and so no pool")
    factor = max(1.0, idle / SHORT)
    keeps = Scope(block.context, case.version).time("keepalive_timeout")
    lag = 0.0 if keeps is None else (idle - keeps.value) / factor / 1000
    is_race = case.status is not None
    round_trip = max(_ROUND_TRIP, lag + 0.05) if is_race else min(_ROUND_TRIP, max(lag, 0.02) / 2)
    beside = _keeper(case)
    route, conditions = alone(case)
    made = plan(route, case.version, case.failing, factor, beside, waits=False)
    opening = usual(hop, case.path) if beside is None else usual(beside.hop, "/beside/")
    clause = f"on a network with a round trip of {format_time(round(round_trip * factor * 1000))}"
    return Experiment(
        made,
        Race(opening, _racing(case), idle / factor / 1000),
        PlayOptions(round_trip=round_trip, round_trip_matters=True),
        (*conditions, clause),
    )


def unannounced(case: Case) -> Experiment:
    """A POST and a GET on a kept connection that has had its last response."""
    hop, listener = case.hop, case.listener
    if case.route.block is None:
        return once(case)
    end = connection_end(listener, hop) if listener is not None else None
    if end is None:
        raise CannotShowError("the upstream that it is about cannot be told from the others")
    if end.responses > _MOST_OPENINGS:
        raise CannotShowError(f"{end.responses} responses are too many for the lab")
    beside = None if kept_all_the_same(hop, end) else _keeper(case)
    route, conditions = alone(case)
    made = plan(route, case.version, case.failing, 1.0, beside)
    servers = tuple(
        replace(server, behaviour=replace(server.behaviour, announces_close=False))
        if server.failing and server.behaviour is not None
        else server
        for server in made.servers
    )
    if end.if_silent:
        conditions = (*conditions, "the upstream does not announce the end, which is not declared")
    opening = usual(hop, case.path) if beside is None else usual(beside.hop, "/beside/")
    return Experiment(
        replace(made, servers=servers),
        Race(opening, _racing(case), 0.0, end.responses),
        PlayOptions(round_trip=_ROUND_TRIP, round_trip_matters=True),
        (
            *conditions,
            f"on a network with a round trip of {format_time(round(_ROUND_TRIP * 1000))}",
        ),
    )


def _racing(case: Case) -> tuple[Request, ...]:
    """A request that nginx does not send again, if there is one, and one that it does."""
    hop = case.hop
    if hop.kind == "grpc":
        return (usual(hop, case.path),)
    methods = allowed_methods(hop)
    buffered = hop.scope.flag(f"{hop.kind}_request_buffering")
    unbuffered = buffered is not None and not buffered.value
    risky = ["POST", "PATCH", "PUT" if unbuffered else "LOCK"]
    names = ["GET"]
    if hop.kind != "memcached":
        names = [*[name for name in risky if name in methods][:1], *names]
    size = _UPLOAD if unbuffered else 2
    return tuple(
        Request(name, case.path, size if name in _WITH_A_BODY else 0, host_of(hop))
        for name in names
        if name in methods
    )


def _keeper(case: Case) -> Route | None:
    """Another hop that leaves connections in the pool, where this one does not."""
    hop, block = case.hop, case.route.block
    if reuse(hop, case.version).kept:
        return None
    others = (other for other in case.site.hops if block in other.blocks and other is not hop)
    found = next((other for other in others if reuse(other, case.version).kept), None)
    return None if found is None else _route(case, found)


def _route(case: Case, hop: Hop) -> Route:
    """The way of another hop to the same block."""
    block = case.route.block
    pairs = case.site.pairs[hop.id]
    return Route(hop, block, tuple(pair for pair in pairs if pair.target.block is block))


def other_kind(case: Case) -> Experiment:
    """A request after one of another hop, whose connection it gets."""
    block, hop = case.route.block, case.hop
    shared = users(case.site).get(block, []) if block is not None else []
    found = clashes(case.site, block, shared) if block is not None else iter(())
    clash = next((one for one in found if one.pair.hop is hop), None)
    if clash is None:
        return once(case)
    case = replace(case, failing=(clash.pair,))
    route, conditions = alone(case)
    made = plan(route, case.version, case.failing, beside=_route(case, clash.other.hop))
    server, clause = _takes(clash)
    servers = tuple(
        replace(one, behaviour=replace(one.behaviour or Behaviour(), **server))
        if one.failing
        else one
        for one in made.servers
    )
    requests = (_racing(case)[0],) if hop.kind != "memcached" else (usual(hop, case.path),)
    return Experiment(
        replace(made, servers=servers),
        Once(requests, usual(clash.other.hop, "/beside/")),
        PlayOptions(round_trip_matters=True),  # a server that ends the connection may say so first
        (*conditions, clause) if clause else conditions,
    )


def _takes(clash: Clash) -> tuple[dict[str, Any], str]:
    """What the server has to take for a clash to show, and a clause where that is not declared:
    both ways, or only that of the hop whose connection it is."""
    if not clash.exclusive:
        both = {"protocol": "http", "http_versions": ("1.0", "1.1", "2")}
        clause = f"it takes {clash.way.words} and {clash.other_way.words}, which is not declared"
        return both, "" if clash.certain else clause
    other = clash.other_way
    only: dict[str, Any] = {"protocol": _PROTOCOLS.get(other.spoken, "http")}
    only["http_versions"] = ("1.0", "1.1") if other.spoken == "HTTP/1" else ("2",)
    only["tls"] = TlsBehaviour() if other.tls else None
    return only, f"it takes {other.words} only, which is not declared"


def crowd(case: Case) -> Experiment:
    """A request for each local port that nginx has, and one more."""
    if not case.route.pairs:
        raise CannotShowError("none of its servers is up")
    made = plan(case.route.only(case.route.pairs[0]), case.version, ())
    return Experiment(
        made,
        Crowd(usual(case.hop, case.path), PORTS),
        PlayOptions(isolated=True),
        (f"nginx has {PORTS} local ports, and the upstream leaves it to nginx to close",),
    )
