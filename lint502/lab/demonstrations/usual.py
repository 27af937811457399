"""The usual requests, and what several ways to show a rule have in common."""

from __future__ import annotations

from lint502.behaviour.methods import allowed_methods
from lint502.declared.listeners import Fact
from lint502.lab.behind import Route, host_of
from lint502.lab.client import Request
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.plan import plan
from lint502.lab.scripts import Once, Script, Session
from lint502.nginx.hops import Hop

SHORT = 1000
"""Milliseconds to which the time that has to be waited for is brought down."""

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes; nothing larger is sent in the lab."""

LARGEST_HEADER = 4 * 1024 * 1024
"""Bytes; no request has a larger header in the lab."""

SESSION = b"GET / HTTP/1.0\r\n\r\n"
"""What a session of ``stream {}`` says: something that most servers answer."""

_MOST_REQUESTS = 8


def usual(hop: Hop, path: str = "/") -> Request:
    """A request that the hop passes on and that does no harm: a GET where it may be one."""
    if hop.kind == "grpc":
        return Request("POST", path, body=5, host=host_of(hop), late_body=True)
    methods = allowed_methods(hop)
    method = next(
        (name for name in ("GET", "POST", "PUT") if name in methods), min(methods, default="GET")
    )
    return Request(method, path, host=host_of(hop))


def usual_bytes(hop: Hop, path: str = "/") -> Request | bytes:
    """The usual request, or for ``stream {}`` the bytes of a session."""
    return SESSION if hop.kind == "stream" else usual(hop, path)


def once(case: Case) -> Experiment:
    """The usual request, until each server of a block had one."""
    factor = 1.0
    if case.status == 504:
        factor = max(1.0, max(timeouts(case.hop), default=0) / SHORT)
    made = plan(case.route, case.version, case.failing, factor)
    return Experiment(made, usual_script(case))


def from_its_own_loopback(case: Case) -> Experiment:
    """The usual request, to a server on another machine, from the address that nginx binds."""
    made = plan(case.route, case.version, case.failing, elsewhere=True)
    return Experiment(made, usual_script(case))


def usual_script(case: Case) -> Script:
    """The usual request, or session, until each server of the route had one."""
    count = times(case)
    if case.hop.kind == "stream":
        return Session(SESSION, count)
    request = usual(case.hop, case.path)
    if count == 1:
        return Once((request,))
    # first those that nginx does not send to another server: one failure takes a server out
    first = [Request(name, case.path, 2, host_of(case.hop)) for name in risky(case.hop)[:1]]
    return Once((*first * count, *(request,) * count))


def times(case: Case) -> int:
    """How many requests it takes to meet each server of the route."""
    return min(_MOST_REQUESTS, max(1, len(case.route.pairs)))


def risky(hop: Hop) -> list[str]:
    """The methods with a body that nginx sends to one server only."""
    if hop.kind == "memcached":
        return []
    methods = allowed_methods(hop)
    return [name for name in ("POST", "PATCH") if name in methods]


def timeouts(hop: Hop) -> list[int]:
    """How long nginx waits for the upstream at a hop, in milliseconds, as far as that is known."""
    names = (f"{hop.kind}_connect_timeout", f"{hop.kind}_read_timeout")
    return [value.value for value in map(hop.scope.time, names) if value is not None]


def fact(case: Case, name: str) -> int:
    """A fact that the rule needs, of the listener that it is about."""
    fact: Fact[int] | None = getattr(case.listener, name, None)
    if fact is None:
        raise CannotShowError("the upstream that it is about cannot be told from the others")
    return fact.value


def alone(case: Case) -> tuple[Route, tuple[str, ...]]:
    """The route with one server, and a clause that says so where it has more."""
    clause = "with this server alone"
    return case.route.only(case.failing[0]), (clause,) if len(case.route.pairs) > 1 else ()
