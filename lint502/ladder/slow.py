"""Who gives a slow answer up first, over all servers that nginx asks for one request.

Source: ``ngx_http_upstream_next()`` in ``src/http/ngx_http_upstream.c``. The time for other servers
(``*_next_upstream_timeout``) ends no attempt that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from lint502.behaviour.failover import is_backup
from lint502.behaviour.limits import read_timeout, status_when_it_gives_up
from lint502.behaviour.next_upstream import retries, retries_status, tries
from lint502.disagreements import Phase
from lint502.ladder.model import Route
from lint502.nginx.hops import Hop
from lint502.pairing import Pair

_CLOSED, _TIMED_OUT = 502, 504


class Attempt(Struct, frozen=True):
    """How one server's attempt ends: after so many milliseconds, by whom ("nginx", or the name of
    the upstream), with which status if no other server is asked. ``phase`` is None where the server
    has answered. ``certain`` is False where it rests on what only a hint says. ``why`` is said by
    nginx itself, where that is the server; a ``status`` that is None is not known there."""

    after: int
    by: str
    status: int | None
    phase: Phase | None
    certain: bool = True
    why: str = ""


class Ending(Struct, frozen=True):
    """How a request ends: after how many milliseconds in all, and attempts; ``last`` is the attempt
    of which the client sees the status."""

    after: int
    attempts: int
    last: Attempt


def slow_attempt(pair: Pair, inside: Route | None = None) -> Attempt | None:
    """How the attempt ends where a server does not answer; None where that is not known. ``inside``
    is the way behind a server that is nginx itself."""
    timeout, listener = read_timeout(pair.hop), pair.meant
    if timeout is None:
        return None
    if inside is not None:
        return _inner_attempt(timeout.value, inside)
    gives_up = None if listener is None else listener.request_timeout
    if listener is None or gives_up is None or gives_up.value >= timeout.value:
        tie = gives_up is not None and gives_up.value == timeout.value
        return Attempt(timeout.value, "nginx", _TIMED_OUT, "wait", not tie)
    answers = status_when_it_gives_up(listener)
    firm = gives_up.standing.firm
    if answers is not None:
        return Attempt(gives_up.value, listener.upstream, answers, None, firm)
    return Attempt(gives_up.value, listener.upstream, _CLOSED, "send", firm)


def _inner_attempt(timeout: int, inside: Route) -> Attempt | None:
    """What ends first: the wait of this nginx, or the way that goes on in it."""
    slow = next((one for one in inside.outcomes if one.case == "slow-answer"), None)
    if slow is None or slow.after is None:
        return None
    if timeout and timeout <= slow.after:
        return Attempt(timeout, "nginx", _TIMED_OUT, "wait", timeout < slow.after)
    why = f"in server {inside.server or 'without a name'}, {slow.why}"
    return Attempt(slow.after, slow.by, slow.status, None, slow.always, why)


def connecting_attempt(pair: Pair) -> Attempt | None:
    """How the attempt ends where no connection comes about."""
    timeout = pair.hop.scope.time(f"{_family(pair.hop)}_connect_timeout")
    phase: Phase = "connect" if pair.hop.kind == "stream" else "wait"
    return None if timeout is None else Attempt(timeout.value, "nginx", _TIMED_OUT, phase)


def _family(hop: Hop) -> str:
    return "proxy" if hop.kind == "stream" else hop.kind


def endings(
    pairs: Sequence[Pair],
    attempt: Callable[[Pair], Attempt | None],
    methods: frozenset[str],
) -> list[Ending]:
    """The ways in which a request with one of the methods ends (none: nothing of it has been sent)
    where all of the servers behave alike; which of them comes first is not known."""
    found = []
    for order in _orders(pairs) if pairs else ():
        attempts = [attempt(pair) for pair in order]
        if None in attempts:
            return []
        known = [one for one in attempts if one is not None]
        found.append(_ending(order[0].hop, known, methods))
    return list(dict.fromkeys(found))


def _orders(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """The orders in which servers are asked, those in reserve last."""
    first = [pair for pair in pairs if not is_backup(pair)]
    reserve = [pair for pair in pairs if is_backup(pair)]
    for start in range(min(len(first), _MOST_ORDERS)) or (0,):
        yield [*first[start:], *first[:start], *reserve]


_MOST_ORDERS = 16


def _ending(hop: Hop, attempts: Sequence[Attempt], methods: frozenset[str]) -> Ending:
    after, most = 0, tries(hop) or len(attempts)
    limit = hop.scope.time(f"{_family(hop)}_next_upstream_timeout")
    last = attempts[0]
    for number, last in enumerate(attempts, 1):
        after += last.after
        late = limit is not None and 0 < limit.value <= after
        if last.phase is not None:
            again = retries(hop, last.phase, methods)
        else:
            again = last.status is not None and retries_status(hop, last.status, methods)
        if number >= most or late or not again:
            return Ending(after, number, last)
    return Ending(after, len(attempts), last)
