"""What becomes of connections that are idle, and of clients that stop sending."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.fronts import Way, timeouts, ways
from lint502.behaviour.keepalive import closes_safely_before, meeting_kept_connections
from lint502.behaviour.next_upstream import retries
from lint502.ladder.entries import Entry
from lint502.ladder.model import Outcome
from lint502.ladder.seen import CLOSED, Subject, seen
from lint502.nginx.scope import Scope
from lint502.nginx.values import format_time
from lint502.wording import by_profile

_MARGIN = 1000
"""Milliseconds by which one side has to close before the other."""


def reused(subject: Subject) -> Iterator[Outcome]:
    """Connections that are closed just when the next request comes: behind nginx, and before."""
    site, hop = subject.entry.site, subject.hop
    met = meeting_kept_connections(site)
    for pair in subject.pairs:
        block, listener = pair.target.block, pair.meant
        if block is None or listener is None or listener.idle_timeout is None:
            continue
        kept = Scope(block.context, site.version).time("keepalive_timeout")
        if kept is None or (block, hop.id) not in met:
            continue
        idle = listener.idle_timeout
        if closes_safely_before(kept.value, idle.value, _MARGIN):
            continue
        if retries(hop, "send", frozenset((subject.method,))):
            continue
        outcome = Outcome(
            "reused-connection",
            f"a kept connection has been idle for {format_time(idle.value)}",
            listener.upstream,
            CLOSED,
            f"{listener.upstream} closes it then{by_profile(idle)}, nginx would keep it for "
            f"{format_time(kept.value)}, and sends {subject.method} only once",
            idle.value,
            always=False,
        )
        yield seen(hop, outcome)
        break
    yield from _reused_by_front(subject)


def _reused_by_front(subject: Subject) -> Iterator[Outcome]:
    kept = subject.scope.time("keepalive_timeout")
    for way in _ways(subject.entry):
        idle = way.front.idle_timeout
        if kept is None or idle is None or not kept.value:
            continue
        if not any(one.value == kept.value for one in timeouts(way, subject.scope.version)):
            continue
        if closes_safely_before(idle.value, kept.value, _MARGIN):
            continue
        yield Outcome(
            "reused-connection",
            f"a connection of {way.front.name} has been idle for {format_time(kept.value)}",
            "nginx",
            way.closed_status,
            f"nginx closes it then (keepalive_timeout), {way.front.name} would use it for "
            f"{format_time(idle.value)}",
            kept.value,
            always=False,
        )
        return


def _ways(entry: Entry) -> list[Way]:
    return [
        way for way in ways(entry.site) if way.server is entry.server and way.socket is entry.socket
    ]


def slow_client(subject: Subject) -> Iterator[Outcome]:
    """A client that stops sending: nginx closes the connection, and logs 408."""
    socket = subject.entry.socket
    reading = subject.entry.server if socket.tls else socket.default
    of_header = Scope(reading.context, subject.scope.version)
    for scope, name, what in (
        (of_header, "client_header_timeout", "all of its header"),
        (subject.scope, "client_body_timeout", "more of its body"),
    ):
        timeout = scope.time(name)
        if timeout is not None:
            limit = format_time(timeout.value)
            yield Outcome(
                "slow-request",
                f"the client does not send {what} within {limit}",
                "nginx",
                None,
                timeout.described(f"{name} is {limit}"),
                timeout.value,
                instead="the connection is closed without an answer (408 in the access log)",
            )
