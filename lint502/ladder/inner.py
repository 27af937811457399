"""An upstream that is nginx itself: a pass leads to another server of the same configuration."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from lint502.behaviour.back_to_nginx import host_sent, own_socket, uri_sent
from lint502.behaviour.limits import read_timeout
from lint502.behaviour.rewriting import Request
from lint502.ladder.entries import Entry
from lint502.ladder.model import Outcome
from lint502.ladder.seen import Subject, passed_on
from lint502.ladder.wanted import Wanted
from lint502.nginx.values import format_time
from lint502.pairing import Pair

_OF_THE_UPSTREAM = (
    *("no-connection", "refused-connection", "closed-early", "slow-upload", "stalled-response"),
    *("no-live-server", "unresolved"),
)
_SIZES = ("large-body", "large-request-head", "large-response-head", "long-header-line")


class Behind(Struct, frozen=True):
    """The server of nginx itself that a pass leads to, and the request that gets there."""

    entry: Entry
    wanted: Wanted


def behind(entry: Entry, pair: Pair, request: Request, wanted: Wanted) -> Behind | None:
    """Where a pass leads that ends at a socket of nginx's own; None where it leads elsewhere, or
    where it is not known what nginx sends there."""
    hop = pair.hop
    if hop.kind != "proxy" or hop.unknown is not None or not entry.servers.known:
        return None
    socket = own_socket(entry.servers, hop, pair.target)
    host, _ = host_sent(hop, pair.target, wanted.host)
    uri = None if request.uri.open else uri_sent(hop, request.uri.text)
    if socket is None or not host or uri is None or uri.text is None:
        return None
    server = socket.server_for(host)
    if server is None:
        return None
    called = socket.named(host) is not None
    port = pair.target.address.port or wanted.port
    target = uri.text + "?" * ("?" in wanted.target) + wanted.target.partition("?")[2]
    sent = replace(
        wanted,
        scheme="https" if socket.tls else "http",
        host=host,
        authority=host,
        port=port,
        target=target,
        method=request.method,
    )
    return Behind(Entry(entry.site, entry.servers, socket, server, called, at_port=True), sent)


def with_inner(subject: Subject, own: Iterable[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """The outcomes of a pass, and those that only show behind the one server that it has, which is
    nginx itself: that accepts connections, and its own servers may not."""
    outcomes = list(own)
    route = subject.behind(subject.pairs[0]) if len(subject.pairs) == 1 else None
    if route is None:
        return outcomes, []
    inner = {one.case: one for one in reversed(route.outcomes)}
    outcomes = [one for one in outcomes if one.case not in _OF_THE_UPSTREAM]
    for number, one in enumerate(outcomes):
        other = inner.get(one.case) if one.case in _SIZES else None
        if other is None:
            continue
        limit, own_limit = other.beyond or 0, one.beyond or 0
        comes_there_first = one.case == "large-response-head" and limit == own_limit
        if limit < own_limit or comes_there_first:
            outcomes[number] = passed_on(subject.hop, other)
    if "finding" in inner:
        outcomes.insert(0, passed_on(subject.hop, inner["finding"]))
    cases = (*_OF_THE_UPSTREAM, "auth-request")
    return outcomes, [_in_time(subject, inner[case]) for case in cases if case in inner]


def _in_time(subject: Subject, outcome: Outcome) -> Outcome:
    """The same, unless this nginx gives up before."""
    timeout = read_timeout(subject.hop)
    if timeout is None or outcome.after is None or not 0 < timeout.value <= outcome.after:
        return passed_on(subject.hop, outcome)
    limit, name = format_time(timeout.value), timeout.setting.name
    return replace(
        outcome,
        by="nginx",
        status=504,
        instead="",
        after=timeout.value,
        why=f"{name} is {limit}, and nginx itself, which it asks, would end it later",
    )
