"""What becomes of a request that is too slow or too large: who ends it first, with which status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from lint502.behaviour.front_waits import waits
from lint502.behaviour.next_upstream import retries, tries
from lint502.declared.listeners import Fact, Front
from lint502.findings import Finding, Severity
from lint502.ladder.idle import reused, slow_client
from lint502.ladder.model import Outcome
from lint502.ladder.seen import CLOSED, Subject, seen
from lint502.ladder.sizes import large_body, large_head, large_response
from lint502.ladder.slow import Ending, connecting_attempt, endings, slow_attempt
from lint502.nginx.values import format_time
from lint502.pairing import Pair
from lint502.wording import by_profile, listed


def outcomes(subject: Subject, findings: Iterable[Finding]) -> Iterator[Outcome]:
    """All that can be told, what every request gets first."""
    yield from _found(findings)
    yield from _slow(subject)
    yield from _unconnected(subject)
    yield from _unresolved(subject)
    yield from large_body(subject)
    yield from large_head(subject)
    yield from large_response(subject)
    yield from reused(subject)
    yield from slow_client(subject)


def _found(findings: Iterable[Finding]) -> Iterator[Outcome]:
    for one in findings:
        if one.severity is Severity.ERROR and one.frequency == "always" and one.status is not None:
            yield Outcome("finding", "every request", one.about, one.status, one.message)


def _slow(subject: Subject) -> Iterator[Outcome]:
    for group in subject.hop.groups():
        pairs = [pair for pair in subject.pairs if pair.target in group]
        found = endings(pairs, slow_attempt, frozenset((subject.method,))) if pairs else []
        if not found:
            continue
        first = min(found, key=lambda one: one.after)
        outcome = seen(
            subject.hop,
            Outcome(
                "slow-answer",
                f"no answer starts within {format_time(first.after)}",
                first.last.by,
                first.last.status,
                _why_slow(pairs, first) + _for_each_address(subject, pairs, first),
                first.after,
                always=all(pair_known.last.certain for pair_known in found),
            ),
        )
        yield _before_front(subject, _unless_several(outcome, found))


def _why_slow(pairs: Sequence[Pair], ending: Ending) -> str:
    hop, last = pairs[0].hop, ending.last
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
    statuses = sorted({one.last.status for one in found})
    if len(statuses) < 2:
        return outcome
    words = f"{listed(map(str, statuses)).replace(' and ', ' or ')}, by the server that is last"
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
    return replace(
        outcome,
        when=f"no answer starts within {limit}",
        by=front.name,
        status=None if status is None else status.value,
        instead="" if status is not None else f"what {front.name} answers then is not declared",
        why=f"{front.name} gives up first, after {limit}; without it: {outcome.why}",
        after=after,
    )
