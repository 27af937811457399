"""What becomes of bodies and heads that are too large: who refuses them first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from lint502.behaviour.methods import sends_bodies
from lint502.behaviour.request_headers import (
    FIRST_BUFFER,
    LARGE_BUFFERS,
    allowed_header,
    first_buffers,
)
from lint502.declared.listeners import Fact
from lint502.ladder.model import Case, Outcome
from lint502.ladder.seen import CLOSED, Subject, paged, seen
from lint502.nginx.scope import Scope
from lint502.nginx.values import format_size
from lint502.pairing import Pair
from lint502.wording import by_profile


def large_body(subject: Subject) -> Iterator[Outcome]:
    """The smallest limit of nginx on the way, or that of an upstream, which may be smaller."""
    levels = subject.measured or (subject.hop.context,)
    found = [Scope(one, subject.scope.version).size("client_max_body_size") for one in levels]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return
    own = min((one for one in known if one.value), key=lambda one: one.value, default=None)
    takes = _least(subject.pairs, "request_body") if sends_bodies(subject.hop) else None
    if takes is not None and (own is None or takes[1].value < own.value):
        yield _beyond(subject, "large-body", "a body", *takes, answered=413)
    elif own is not None:
        outcome = Outcome(
            "large-body",
            f"a body is larger than {format_size(own.value)}",
            "nginx",
            413,
            own.described(f"client_max_body_size is {format_size(own.value)}"),
            beyond=own.value,
        )
        at = next(one for one, limit in zip(levels, known, strict=True) if limit is own)
        yield paged(Scope(at, subject.scope.version), outcome)


def _beyond(
    subject: Subject, case: Case, what: str, pair: Pair, limit: Fact[int], *, answered: int
) -> Outcome:
    """What an upstream makes of what is too large for it."""
    listener = pair.meant
    assert listener is not None, "it has stated the limit"
    size, name = format_size(limit.value), listener.upstream
    overflow = None if listener.overflow is None else listener.overflow.value
    when = f"{what} is larger than {size}"
    why = f"{name} takes at most {size}{by_profile(limit)}"
    made = Outcome(case, when, name, None, why, beyond=limit.value)
    if overflow == "answer":
        return replace(made, status=answered, why=f"{why}, and answers {answered} beyond")
    if overflow == "close":
        closed = replace(made, status=CLOSED, why=f"{why}, and closes the connection beyond")
        return seen(subject.hop, closed)
    return replace(
        made,
        always=False,
        instead=f"{answered}, or 502 where {name} closes the connection: it is not declared",
    )


def _least(pairs: Iterable[Pair], name: str) -> tuple[Pair, Fact[int]] | None:
    """The smallest figure of a name among the servers."""
    stated = [
        (pair, limit)
        for pair in pairs
        if pair.meant is not None and (limit := getattr(pair.meant, name)) is not None
    ]
    return min(stated, key=lambda one: one[1].value, default=None)


def large_head(subject: Subject) -> Iterator[Outcome]:
    """Lines and headers of the client that are too long for nginx, or for an upstream."""
    site = subject.entry.site
    allowed = allowed_header(subject.hop, first_buffers(site.servers, site.version))
    if allowed is None:
        return
    takes = _least(subject.pairs, "request_headers")
    longest, total = allowed.longest_line, allowed.total
    name = LARGE_BUFFERS if allowed.size >= longest else FIRST_BUFFER
    if takes is not None and takes[1].value < total:
        status = takes[0].meant and takes[0].meant.headers_status
        answered = 431 if not status else status.value
        yield _beyond(subject, "large-request-head", "a header", *takes, answered=answered)
        if takes[1].value < longest:
            return
    server = Scope(subject.entry.socket.default.context, site.version)
    why = f"{name} has {format_size(longest)} for a line"
    line = Outcome(
        "long-request-line", f"the request line is longer than {format_size(longest)}", "nginx",
        414, why, beyond=longest,
    )  # fmt: skip
    field = Outcome(
        "long-header-line", f"a line of the header is longer than {format_size(longest)}", "nginx",
        400, why, beyond=longest,
    )  # fmt: skip
    yield paged(server, line)
    yield paged(Scope(subject.entry.server.context, site.version), field)


def large_response(subject: Subject) -> Iterator[Outcome]:
    """Heads of responses that are too large for nginx, or for what stands before it."""
    hop = subject.hop
    size = hop.scope.size(f"{hop.kind}_buffer_size")
    if size is None:
        return
    limit = format_size(size.value)
    sends = _least(subject.pairs, "response_headers")
    more = "" if sends is None else f"; up to {format_size(sends[1].value)} are declared"
    outcome = seen(
        hop,
        Outcome(
            "large-response-head",
            f"the head of the response is larger than {limit}",
            "nginx",
            CLOSED,
            size.described(f"{size.setting.name} is {limit}") + more,
            beyond=size.value,
        ),
    )
    for front in subject.entry.fronts:
        takes = front.response_headers
        if takes is not None and takes.value < size.value:
            status = front.headers_status or front.closed_status
            yield replace(
                outcome,
                when=f"the head of the response is larger than {format_size(takes.value)}",
                by=front.name,
                status=CLOSED if status is None else status.value,
                why=f"{front.name} takes no more; nginx itself takes {limit}",
                beyond=takes.value,
                instead="",
            )
            return
    yield outcome
