"""What becomes of a request that is too slow or too large: who ends it first, with which status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from lint502.behaviour.front_waits import waits
from lint502.behaviour.next_upstream import retries, tries
from lint502.declared.listeners import Fact, Front
from lint502.findings import Finding, Severity
from lint502.ladder.before import many_lines, unreached
from lint502.ladder.broken import broken
from lint502.ladder.idle import reused, slow_client
from lint502.ladder.inner import with_inner
from lint502.ladder.model import Outcome
from lint502.ladder.seen import CLOSED, Subject, passed_on, seen
from lint502.ladder.sizes import large_body, large_head, large_response
from lint502.ladder.slow import Ending, connecting_attempt, endings, slow_attempt
from lint502.nginx.values import format_time
from lint502.pairing import Pair
from lint502.wording import by_profile, listed


def outcomes(
    subject: Subject, findings: Iterable[Finding], beside: Iterable[Outcome]
) -> Iterator[Outcome]:
    """All that can be told, what every request gets first; ``beside`` is what becomes of requests
    that are asked beside it."""
    yield from _found(findings)
    own, inner = with_inner(subject, _own(subject))
    yield from own
    yield from (_before_front(subject, one) for one in (*inner, *beside))


def _own(subject: Subject) -> Iterator[Outcome]:
    yield from _slow(subject)
    yield from unreached(subject.entry)
    yield from _unconnected(subject)
    yield from broken(subject)
    yield from _all_failed(subject)
    yield from _unresolved(subject)
    yield from large_body(subject)
    yield from large_head(subject)
    yield from large_response(subject)
    yield from many_lines(subject.entry)
    yield from reused(subject)
    yield from slow_client(subject)


def _found(findings: Iterable[Finding]) -> Iterator[Outcome]:
    for one in findings:
        if one.severity is Severity.ERROR and one.frequency == "always" and one.status is not None:
            by = one.about or "nginx"
            yield Outcome("finding", "every request", by, one.status, one.message)


def _slow(subject: Subject) -> Iterator[Outcome]:
    for group in subject.hop.groups():
        pairs = [pair for pair in subject.pairs if pair.target in group]
        methods = frozenset((subject.method,))
        found = endings(pairs, lambda pair: slow_attempt(pair, subject.behind(pair)), methods)
        if not found:
            continue
        first = min(found, key=lambda one: one.after)
        outcome = Outcome(
            "slow-answer",
            f"no answer starts within {format_time(first.after)}",
            first.last.by,
            first.last.status,
            _why_slow(pairs, first) + _for_each_address(subject, pairs, first),
            first.after,
            always=all(pair_known.last.certain for pair_known in found),
            instead="" if first.last.status is not None else "what it answers itself",
        )
        shown = passed_on if first.last.phase is None else seen
        outcome = shown(subject.hop, outcome)
        yield _before_front(subject, _unless_several(outcome, found))


def _why_slow(pairs: Sequence[Pair], ending: Ending) -> str:
    hop, last = pairs[0].hop, ending.last
    if last.why:
        return last.why
    timeout = hop.scope.time(f"{hop.kind}_read_timeout")
    waited = "" if timeout is None else format_time(timeout.value)
    name = f"{hop.kind}_read_timeout"
    times = f" at each of {ending.attempts} servers" if ending.attempts > 1 else ""
    gives_up = next((one for pair in pairs if (one := _gives_up(pair)) is not None), None)
    limit = "" if gives_up is None else format_time(gives_up.value)
    if last.by == "nginx":
        against = f"; the upstream itself gives up after {limit}" if gives_up is not None else ""
        if gives_up is not None and limit == waited:
            against = f", just when the upstream gives up ({limit}): it is either of them"
        return f"nginx gives up first: {name} is {waited}{times}{against}"
    did = "closes the connection" if last.phase is not None else f"answers {last.status}"
    stated = "" if gives_up is None else by_profile(gives_up)
    return (
        f"{last.by} gives up first, after {limit}{stated}{times}, and {did}; nginx would have "
        f"waited {waited} ({name})"
    )


def _for_each_address(subject: Subject, pairs: Sequence[Pair], ending: Ending) -> str:
    """A clause where a name among the servers may have several addresses, each asked in turn."""
    addresses = (pair.target.address for pair in pairs)
    names = [one.host for one in addresses if one.socket is None and one.ip is None]
    phase = ending.last.phase
    if not names or phase is None or tries(subject.hop) == 1:
        return ""
    if not retries(subject.hop, phase, frozenset((subject.method,))):
        return ""
    return f"; so long for each address that {listed(names)} has"


def _gives_up(pair: Pair) -> Fact[int] | None:
    return None if pair.meant is None else pair.meant.request_timeout


def _unless_several(outcome: Outcome, found: Sequence[Ending]) -> Outcome:
    """With no status where the servers would end it with different ones."""
    statuses = {one.last.status for one in found}
    if len(statuses) < 2 or None in statuses:
        return outcome
    either = listed(map(str, sorted(filter(None, statuses)))).replace(" and ", " or ")
    words = f"{either}, by the server that is last"
    return replace(outcome, status=None, instead=words)


def _unconnected(subject: Subject) -> Iterator[Outcome]:
    found = endings(subject.pairs, connecting_attempt, frozenset()) if subject.pairs else []
    if not found:
        return
    name = f"{subject.hop.kind}_connect_timeout"
    first = found[0]
    each = f" at each of {first.attempts} servers" if first.attempts > 1 else ""
    waited = format_time(first.last.after)
    outcome = Outcome(
        "no-connection",
        f"no server accepts a connection within {format_time(first.after)}",
        "nginx",
        first.last.status,
        f"{name} is {waited}{each}",
        first.after,
    )
    yield _before_front(subject, seen(subject.hop, outcome))
    refused = Outcome(
        "refused-connection",
        "every server refuses the connection",
        "nginx",
        CLOSED,
        f"nginx asks {first.attempts} of them",
        0,
    )
    yield seen(subject.hop, refused)


def _all_failed(subject: Subject) -> Iterator[Outcome]:
    """Servers that have all failed: nginx asks none of them for a while.

    Source: ``ngx_http_upstream_get_round_robin_peer()``: with one server only, failures do not
    count.
    """
    servers = [pair.target.server for pair in subject.pairs]
    known = [one for one in servers if one is not None and not one.down]
    if len(known) < 2 or len(known) < len(servers):
        return
    if any(one.max_fails in (None, 0) or one.fail_timeout is None for one in known):
        return
    fails = sorted({one.max_fails or 0 for one in known})
    rests = max(one.fail_timeout or 0 for one in known)
    outcome = Outcome(
        "no-live-server",
        f"all servers have failed within {format_time(rests)}",
        "nginx",
        CLOSED,
        f"nginx asks none of them for {format_time(rests)} after "
        f"{listed(map(str, fails))} failures: no live upstreams",
        0,
        always=False,
    )
    yield seen(subject.hop, outcome)


def _unresolved(subject: Subject) -> Iterator[Outcome]:
    if not any(pair.target.needs_resolver for pair in subject.pairs):
        return
    timeout = subject.scope.time("resolver_timeout")
    if timeout is None:
        return
    outcome = Outcome(
        "unresolved",
        f"the resolver says nothing within {format_time(timeout.value)}",
        "nginx",
        CLOSED,
        "a name that is not resolved is 502, never 504",
        timeout.value,
    )
    yield _before_front(subject, seen(subject.hop, outcome))


def _before_front(subject: Subject, outcome: Outcome) -> Outcome:
    """What the client of a front sees, which may give up before."""
    for front in subject.entry.fronts:
        waiting = waits(front)
        if waiting is None or outcome.after is None or waiting.value > outcome.after:
            continue
        limit = format_time(waiting.value)
        if waiting.value == outcome.after:
            words = f"; {front.name} gives up at the same time, and either may be first"
            status = front.timeout_status
            if status is not None and status.value == outcome.status:
                return replace(outcome, why=outcome.why + words)
            instead = "" if outcome.status is None else f"{outcome.status}, or that of {front.name}"
            return replace(outcome, status=None, why=outcome.why + words, instead=instead)
        return _by_front(front, outcome, limit, waiting.value)
    return outcome


def _by_front(front: Front, outcome: Outcome, limit: str, after: int) -> Outcome:
    status = front.timeout_status
    if front.passes_tcp is not None and front.passes_tcp.value:
        why = f"{front.name} forgets the connection after {limit}; without it: {outcome.why}"
        when, gone = f"no answer starts within {limit}", "no answer: the connection is cut"
        return replace(
            outcome, when=when, by=front.name, status=None, instead=gone, why=why, after=after
        )
    return replace(
        outcome,
        when=f"no answer starts within {limit}",
        by=front.name,
        status=None if status is None else status.value,
        instead="" if status is not None else f"what {front.name} answers then is not declared",
        why=f"{front.name} gives up first, after {limit}; without it: {outcome.why}",
        after=after,
    )
