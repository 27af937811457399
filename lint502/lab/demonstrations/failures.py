"""Servers that fail, or are busy, while others are there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from lint502.behaviour.ejection import asked_again, first_status, listed_status, usable
from lint502.behaviour.failover import is_backup
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.demonstrations.usual import SESSION, alone, times, usual, usual_bytes
from lint502.lab.plan import Plan, plan
from lint502.lab.play import PlayOptions
from lint502.lab.scripts import AfterErrors, Answering, Busy, Cached, Once, Restarted, Session
from lint502.lab.standins.behaviour import Behaviour
from lint502.nginx.upstreams import Peer

_LEAST_FAILURES = 3
_MOST_FAILURES = 60
_MOST_HELD = 16
_USUALLY_HELD = 4
_HELD_SECONDS = 1.0


def one_refuses(case: Case) -> Experiment:
    """Requests to a block of which one server is not there."""
    made = _with_all(case)
    first = next((pair for pair in case.route.pairs if not is_backup(pair)), None)
    if first is None or len(made.servers) < 2:
        raise CannotShowError("it takes another server")
    address = first.target.address
    servers = tuple(
        replace(server, behaviour=None) if server.address == address else server
        for server in made.servers
    )
    count = times(case) + 1
    script = (
        Session(SESSION, count)
        if case.hop.kind == "stream"
        else Once((usual(case.hop, case.path),) * count)
    )
    others = tuple(one for one in made.conditions if not one.startswith(f"{address} is "))
    clause = f"nothing listens at {address}"
    return Experiment(
        replace(made, servers=servers, conditions=others), script, conditions=(clause,)
    )


def first_answers_502(case: Case) -> Experiment:
    """Calls to a block of which one server answers them with 502, as a proxy before it would."""
    made = _with_all(case)
    if len(made.servers) < 2:
        raise CannotShowError("it takes another server")
    plain = Behaviour(protocol="http", http_versions=("2",))
    servers = tuple(
        replace(server, behaviour=plain, failing=number == 0)
        for number, server in enumerate(made.servers)
    )
    requests = (usual(case.hop, case.path),) * (times(case) + 1)
    if case.status is None:
        return Experiment(made, Once(requests))
    return Experiment(
        replace(made, servers=servers),
        Answering(requests, 502),
        conditions=(f"{servers[0].address} answers 502",),
    )


def failing_url(case: Case) -> Experiment:
    """Requests after those to a URL that answers with an error."""
    hop = case.hop
    status = first_status(hop) or listed_status(hop) or 500
    failures = max(_LEAST_FAILURES, sum(server.max_fails or 0 for server in _servers(case)))
    if failures > _MOST_FAILURES:
        raise CannotShowError(f"{failures} failures are too many for the lab")
    request = usual(hop, case.path)
    methods = asked_again(hop)
    if request.method not in methods and methods:
        request = replace(request, method=min(methods))
    return Experiment(
        _with_all(case),
        AfterErrors((request,) * times(case), status, failures),
        # a second may be over in between
        PlayOptions(round_trip_matters=any(server.fail_timeout == 0 for server in _servers(case))),
        conditions=(f"one URL answers {status}, all others 200",),
    )


def restarted(case: Case) -> Experiment:
    """Requests to a server that is back after a moment."""
    failures = max((server.max_fails or 1 for server in _servers(case)), default=1)
    if failures > _MOST_FAILURES:
        raise CannotShowError(f"{failures} failures are too many for the lab")
    return Experiment(
        _with_all(case),
        Restarted(usual_bytes(case.hop, case.path), times(case), failures),
        conditions=("the server is restarted, and back",),
    )


def cached(case: Case) -> Experiment:
    """A request that finds the server down, and the same when it is back."""
    hop = case.hop
    request = usual(hop, case.path)
    key = hop.scope.setting(f"{hop.kind}_cache_key")
    keyed = hop.kind == "proxy" or (key is not None and bool(key.lines))
    another = replace(request, path=f"{request.path.rstrip('/')}/before")
    route, conditions = alone(case) if case.failing else (case.route, ())
    made = plan(route, case.version, route.pairs)
    return Experiment(
        made,
        Cached(another if keyed else None, request),
        conditions=(*conditions, "the server is down for a moment"),
    )


def busy(case: Case) -> Experiment:
    """A request while each server is at work on as many as it may have."""
    made = _with_all(case)
    limits = [server.max_conns or 0 for server in _servers(case)]
    conditions: tuple[str, ...] = ()
    if sum(limits) > _MOST_HELD:
        limits = [min(limit, 1) for limit in limits]
        made = _with_least_limits(made)
        conditions = ("max_conns is 1",)
    held = sum(limits) or _USUALLY_HELD
    clause = f"the servers are at work on {held} other request{'s' if held > 1 else ''}"
    return Experiment(
        made,
        Busy(usual_bytes(case.hop, case.path), held, _HELD_SECONDS),
        conditions=(*conditions, clause),
    )


def _with_all(case: Case) -> Plan:
    """The plan of a route whose servers are all there, and are all asked to fail or to be busy."""
    made = plan(case.route, case.version, ())
    return replace(made, servers=tuple(replace(one, failing=True) for one in made.servers))


def _with_least_limits(made: Plan) -> Plan:
    def changed(text: str) -> str:
        return re.sub(r"\bmax_conns=[1-9]\d*", "max_conns=1", text)

    return replace(made, http=changed(made.http), stream=changed(made.stream))


def _servers(case: Case) -> Iterable[Peer]:
    """The servers of the route that are in use."""
    reached = {id(pair.target.server) for pair in case.route.pairs}
    block = case.route.block
    return [server for server in usable(block) if id(server) in reached] if block else []
