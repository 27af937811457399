"""What becomes of a request whose upstream closes, takes no body, or stops sending."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.next_upstream import WITH_A_BODY
from lint502.ladder.model import Outcome
from lint502.ladder.seen import CLOSED, Subject, seen
from lint502.ladder.slow import Attempt, endings
from lint502.nginx.values import format_time

_TIMED_OUT = 504


def broken(subject: Subject) -> Iterator[Outcome]:
    """All servers of the pass do so."""
    hop, methods = subject.hop, frozenset((subject.method,))
    closing = endings(subject.pairs, lambda _: Attempt(0, "nginx", CLOSED, "send"), methods)
    if closing:
        tries = closing[0].attempts
        why = f"nginx asks {tries} of them, one after the other" if tries > 1 else "nginx asks once"
        when = "the upstream closes the connection without an answer"
        yield seen(hop, Outcome("closed-early", when, "nginx", CLOSED, why, 0))
    sending = hop.scope.time(f"{hop.kind}_send_timeout")
    if sending is not None and sending.value and subject.method in WITH_A_BODY:
        stuck = Attempt(sending.value, "nginx", _TIMED_OUT, "wait")
        for one in endings(subject.pairs, lambda _: stuck, methods)[:1]:
            limit, name = format_time(sending.value), f"{hop.kind}_send_timeout"
            outcome = Outcome(
                "slow-upload",
                f"the upstream takes no more of the body for {format_time(one.after)}",
                "nginx",
                _TIMED_OUT,
                sending.described(f"{name} is {limit}"),
                one.after,
            )
            yield seen(hop, outcome)
    reading = hop.scope.time(f"{hop.kind}_read_timeout")
    if reading is not None and reading.value and subject.pairs:
        limit = format_time(reading.value)
        yield Outcome(
            "stalled-response",
            f"a response that has begun stops for {limit}",
            "nginx",
            None,
            reading.described(f"{hop.kind}_read_timeout is {limit}, between two reads"),
            reading.value,
            instead="what has come of the response, cut short",
        )
