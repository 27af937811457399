"""What the clients got of each group, and the failures that no line of the error log goes with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from lint502.diagnosis.access.requests import Attempt, Request
from lint502.diagnosis.diagnosis import Access, Group, WithoutLine

ITSELF = "the upstream itself"
NGINX = "nginx itself, which asked no upstream"
KEPT = "nginx's cache"
NO_LINE = "nginx, whose line is in none of these error logs"
NOT_SAID = "the upstream itself, or nginx, whose line is in none of these error logs"

_MOST = 1000
"""Kinds of failures without a line that are told apart."""


class Answers:
    """Takes the requests of access logs; :meth:`groups` and :meth:`access` say what came of it."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._answers: list[Counter[str]] = [Counter() for _ in groups]
        self._took: list[tuple[float, float] | None] = [None for _ in groups]
        self._by_address: dict[str, list[int]] = {}
        self._by_path: dict[str, list[int]] = {}
        for number, group in enumerate(groups):
            self._by_address.setdefault(address_in(group.upstream), []).append(number)
            for path in group.tally.paths:
                self._by_path.setdefault(path, []).append(number)
        self._requests = self._retried = 0
        self._statuses: Counter[str] = Counter()
        self._without: Counter[WithoutLine] = Counter()

    def take(self, request: Request) -> None:
        """Count a request."""
        self._requests += 1
        self._statuses[request.status] += 1
        if not request.failed:
            return
        answer = _answer(request)
        failed = [one for one in request.attempts if one.failed]
        if failed and request.status[:1] != "5":
            self._retried += 1
        groups: set[int] = set()
        likely = False
        for attempt in failed:
            found = self._of_attempt(attempt, request)
            likely = likely or bool(found)
            told_apart = self._told_apart(found, request)
            groups.update(told_apart)
            for number in told_apart:
                self._took[number] = wider(self._took[number], attempt.seconds)
        if not failed:
            found = self._likely(self._by_path.get(request.path, ()), request)
            likely = bool(found)
            groups.update(self._told_apart(found, request))
        for number in groups:
            self._answers[number][answer] += 1
        if not likely and request.status[:1] == "5":
            self._count_without(request, answer)

    def groups(self) -> tuple[Group, ...]:
        """The groups with what clients got, and how long it took until the upstream failed."""
        return tuple(
            replace(group, answers=answers, took=took)
            for group, answers, took in zip(self._groups, self._answers, self._took, strict=True)
        )

    def access(self, unread: int, example: str) -> Access:
        """All that was counted."""
        return Access(
            self._requests,
            self._statuses,
            self._without,
            self._retried,
            unread,
            example,
        )

    def _of_attempt(self, attempt: Attempt, request: Request) -> list[int]:
        if attempt.header:  # then nginx took what came for a response, and logged nothing
            return []
        return self._likely(self._by_address.get(attempt.address, ()), request)

    def _likely(self, numbers: Iterable[int], request: Request) -> list[int]:
        """The groups that had a line while the request was served."""
        minute = request.minute
        if minute is None:
            return list(numbers)
        span = range(minute - 1 - int(request.seconds) // 60, minute + 1)
        minutes = [(number, self._groups[number].tally.minutes) for number in numbers]
        return [number for number, there in minutes if any(one in there for one in span)]

    def _told_apart(self, found: Sequence[int], request: Request) -> Sequence[int]:
        """The one group that it is of; none where it may be of several."""
        groups = self._groups
        for narrower in (
            [n for n in found if groups[n].cause.failure],
            [n for n in found if request.path in groups[n].tally.paths],
            [n for n in found if request.method in groups[n].tally.methods],
            [n for n in found if groups[n].cause.status == int(request.status)],
        ):
            if len(found) > 1:
                found = [n for n in found if n in narrower] or found
        return found if len(found) == 1 else ()

    def _count_without(self, request: Request, answer: str) -> None:
        last = request.attempts[-1] if request.attempts else None
        if request.cached:
            source = KEPT
        elif last is None:
            source = NGINX if request.asked is False else NOT_SAID
        elif last.header:
            source = ITSELF
        else:
            source = NOT_SAID if last.header is None else NO_LINE
        one = WithoutLine(source, answer, "" if last is None else last.address)
        if one not in self._without and len(self._without) >= _MOST:
            one = WithoutLine(source, answer, "…")
        self._without[one] += 1


def wider(span: tuple[float, float] | None, seconds: float | None) -> tuple[float, float] | None:
    """The span with a time in it."""
    if seconds is None:
        return span
    return (seconds, seconds) if span is None else (min(span[0], seconds), max(span[1], seconds))


def address_in(upstream: str) -> str:
    """The address in what the error log says of an upstream, as ``$upstream_addr`` has it:
    ``127.0.0.1:3000`` of ``http://127.0.0.1:3000``."""
    return upstream.partition("://")[2] or upstream


def _answer(request: Request) -> str:
    """What the client got, in words."""
    if request.status == "009":
        return "009 (bytes without a status line)"
    failed = any(one.failed for one in request.attempts)
    if request.status[:1] == "5" or not failed:
        return request.status
    way = "from another location" if request.redirected else "after a retry"
    return f"{request.status} {way}"
