"""What is too large, or takes too long."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lint502.behaviour.limits import body_limit, meant_for_headers, read_timeout, tuned_size
from lint502.behaviour.methods import allowed_methods
from lint502.behaviour.request_headers import Allowed, allowed_header, first_buffers
from lint502.behaviour.request_size import WITH_PARAMETERS, excess
from lint502.lab.behind import Planned, fitting, host_of
from lint502.lab.client import Request
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.demonstrations.usual import (
    LARGEST_BODY,
    LARGEST_HEADER,
    SHORT,
    alone,
    fact,
    times,
    usual,
    usual_bytes,
)
from lint502.lab.plan import plan
from lint502.lab.scripts import LargeHeader, NotAtOnce, Once, Slow
from lint502.nginx.values import format_size, format_time

_BEYOND = 1024
_LINE_END = 16
"""Bytes of a buffer for a line that are left free."""

_ROOM = 128
"""Bytes of a buffer that are left to short lines."""

_MUCH_LATER = 500
"""Milliseconds after which nobody waits any more, of those in the lab."""

_MOMENT = 0.05
"""Seconds that no answer can do without."""

_NO_BUFFER = 32 * 1024 * 1024
"""Bytes that do not fit into the buffers of a connection."""

_NEAR = 0.05
"""Seconds that two times have to be apart to be told apart."""


def large_header(case: Case) -> Experiment:
    """Answers with the largest header that the upstream sends; where that is not declared, with one
    that fits the buffers of the body and not that of the header."""
    listener = case.listener
    if case.status is not None and (listener is None or listener.response_headers is None):
        return _header_of_a_body(case)
    size = fact(case, "response_headers")
    if size > LARGEST_BODY:
        raise CannotShowError(f"a response header of {format_size(size)} is too large for the lab")
    request = usual(case.hop, case.path)
    return Experiment(
        plan(case.route, case.version, case.failing),
        # another one, for a cache would have the answer to the same
        LargeHeader(replace(request, path=f"{case.path}?0"), (request,) * times(case), size),
    )


def _header_of_a_body(case: Case) -> Experiment:
    found = meant_for_headers(case.hop)
    if found is None:
        raise CannotShowError("its buffers are not known")
    size = (found.size + found.each) // 2
    fits = {pair.target.address: fitting(pair) for pair in case.failing}
    made = plan(case.route, case.version, case.failing)
    servers = tuple(
        replace(server, behaviour=server.behaviour or fits.get(server.address))
        if server.failing
        else server
        for server in made.servers
    )
    request = usual(case.hop, case.path)
    return Experiment(
        replace(made, servers=servers),
        LargeHeader(replace(request, path=f"{case.path}?0"), (request,) * times(case), size),
        conditions=(f"the upstream sends a response header of {size} bytes",),
    )


def tuned_header(case: Case) -> Experiment:
    """Answers with a header that fits what is written for another pass directive, if anything is,
    and not the buffer in effect; else with one that fits this."""
    own, meant = case.hop.scope.size(f"{case.hop.kind}_buffer_size"), tuned_size(case.hop)
    if own is None:
        raise CannotShowError("the buffer in effect is not known")
    size = own.value // 2
    if case.status is not None and meant is not None:
        size = meant if case.hop.kind == "grpc" else (own.value + meant) // 2
    if size > LARGEST_BODY:
        raise CannotShowError(f"a response header of {format_size(size)} is too large for the lab")
    request = usual(case.hop, case.path)
    clause = f"the upstream sends a response header of {size} bytes"
    return Experiment(
        plan(case.route, case.version, case.route.pairs),
        LargeHeader(replace(request, path=f"{case.path}?0"), (request,) * times(case), size),
        conditions=(clause,),
    )


def large_body(case: Case) -> Experiment:
    """The largest body that nginx lets through, or one well above what the upstream takes."""
    takes = fact(case, "request_body")
    if takes >= LARGEST_BODY:
        raise CannotShowError(f"a request body above {format_size(takes)} is too large for the lab")
    limit = body_limit(case.hop)
    lets = limit.value if limit is not None and limit.value else LARGEST_BODY
    size = max(min(lets, 2 * takes + 1024 * 1024, LARGEST_BODY), min(lets, takes + 1))
    methods = allowed_methods(case.hop)
    method = next(
        (name for name in ("POST", "PUT", "PATCH") if name in methods), min(methods, default="GET")
    )
    route, conditions = alone(case)
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


def large_request_header(case: Case) -> Experiment:
    """A request that is a little larger than the upstream takes, in lines that nginx takes: its
    header, or where that is not enough, its query, which is in several parameters."""
    takes, first = fact(case, "request_headers"), first_buffers(case.site.servers, case.version)
    allowed = allowed_header(case.hop, first)
    number, size = (allowed.number, allowed.size) if allowed is not None else (4, 8192)
    if number * size > LARGEST_HEADER:
        number = max(1, LARGEST_HEADER // size)
    beside = allowed.first if allowed is not None else None
    extra = min(beside.value, LARGEST_HEADER) - size if beside is not None else 0
    header = min(takes + _BEYOND, number * (size - _LINE_END) + max(0, extra))
    request = usual(case.hop, case.path)
    large = replace(request, header=header, line=size - _LINE_END)
    if case.status is not None and (header <= takes or (allowed and not allowed.fields)):
        large = _long_query(case, large, allowed)
    route, conditions = alone(case)
    made = plan(route, case.version, case.failing, first_buffer=beside)
    if case.status == 502 and case.listener is not None and case.listener.overflow is None:
        clause = "beyond its limit the upstream closes the connection, which is not declared"
        conditions = (*conditions, clause)
        made = replace(made, servers=tuple(map(_closing, made.servers)))
    return Experiment(made, Once((large,), request), conditions=conditions)


def _long_query(case: Case, request: Request, allowed: Allowed | None) -> Request:
    """The request with a query or path that is too long by itself, or with what all other buffers
    hold."""
    more = None
    if allowed is not None and case.listener is not None:
        more = excess(case.hop, case.listener, allowed)
    near = CannotShowError(
        f"{format_size(fact(case, 'request_headers'))} are too near to what nginx lets through"
    )
    if allowed is None or more is None:
        raise near
    if case.hop.kind not in WITH_PARAMETERS:
        raise CannotShowError("the server of the lab does not make a packet of a request, as uWSGI")
    if more.held.times < 2:
        return request
    length, line, header = more.length, allowed.size - _ROOM, 0
    if length is None:
        length, rest = more.longest, (allowed.number - 1) * line
        if more.held.beside + more.held.times * length + rest <= fact(case, "request_headers"):
            raise near
        header = length + rest
    if length + header > LARGEST_HEADER:
        raise CannotShowError(f"a {more.held.part} of {length} bytes is too large for the lab")
    start = f"{case.path}?" if more.held.part == "query" else case.path
    return replace(request, path=start + "q" * length, header=header, line=line)


def _closing(server: Planned) -> Planned:
    if server.behaviour is None:
        return server
    return replace(server, behaviour=replace(server.behaviour, overflow="close"))


def slow_answer(case: Case) -> Experiment:
    """An answer that starts after the upstream gives up, and before nginx does."""
    hop, gives_up = case.hop, fact(case, "request_timeout")
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
    route, conditions = alone(case)
    return Experiment(
        plan(route, case.version, case.failing, factor),
        Slow(usual(hop, case.path), start / factor / 1000),
        conditions=conditions,
    )


def late_answer(case: Case) -> Experiment:
    """An answer that takes as long as it may, where nginx waits for less; where that is not
    declared, one for which the upstream still works."""
    timeout = read_timeout(case.hop)
    waits = timeout.value if timeout is not None else 60_000
    listener = case.listener
    clauses: tuple[str, ...] = ()
    if listener is not None and listener.response_timeout is None and listener.request_timeout:
        takes = (waits + listener.request_timeout.value) // 2
        clauses = (f"an answer takes {format_time(takes)}, which is not declared",)
    else:
        takes = fact(case, "response_timeout")
    factor = max(1.0, min(takes, waits) / SHORT)
    start = min(takes, waits + _MUCH_LATER * factor) if takes > waits else takes
    if abs(waits - takes) / factor / 1000 < _NEAR:
        raise CannotShowError(
            f"{format_time(takes)} and {format_time(waits)} are too near to tell apart"
        )
    route, conditions = alone(case)
    return Experiment(
        plan(route, case.version, case.failing, factor),
        Slow(usual_bytes(case.hop, case.path), start / factor / 1000),
        conditions=(*conditions, *clauses),
    )


def no_time(case: Case) -> Experiment:
    """A request, to servers that take a moment to answer; where bodies are said to be the trouble,
    one with a large body."""
    hop = case.hop
    requests: tuple[Request | bytes, ...] = (usual_bytes(hop, case.path),)
    made = plan(case.route, case.version, case.failing)
    sending = hop.kind != "stream" and hop.scope.time(f"{hop.kind}_send_timeout")
    if case.status == 504 and sending and sending.value == 0:
        requests = (*requests, *_upload(case))
        made = replace(made, servers=tuple(map(_slowly_reading, made.servers)))
    return Experiment(made, NotAtOnce(requests, _MOMENT))


def _upload(case: Case) -> Iterator[Request]:
    """A body that fits into no buffer of the kernel."""
    limit, methods = body_limit(case.hop), allowed_methods(case.hop)
    lets = limit.value if limit is not None else 0
    for method in ("POST", "PUT", "PATCH"):
        if method in methods and (lets == 0 or lets >= _NO_BUFFER):
            yield Request(method, case.path, _NO_BUFFER, host_of(case.hop))
            return


def _slowly_reading(server: Planned) -> Planned:
    """A server with small buffers of its own, which it has where there is a limit."""
    if server.behaviour is None:
        return server
    return replace(server, behaviour=replace(server.behaviour, request_body=LARGEST_BODY))
