"""What a diagnosis says: groups of records that have a cause, an upstream and a hop in common.

All of it is plain data, so that it can be saved as JSON and put together with others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field

from lint502.diagnosis.causes import Cause
from lint502.diagnosis.statements import Tally


class HopPlace(Struct, frozen=True):
    """A hop: its id in the reports of ``lint502 check``, where its pass stands, what requests get
    to it (``"shop.example /api/"``)."""

    id: str
    file: str
    line: int
    passes: str
    request: str = ""

    @property
    def label(self) -> str:
        """The request and where it is passed to."""
        return f"{self.request} → {self.passes}" if self.request else self.passes


class RootPlace(Struct, frozen=True):
    """A place that a root names: a line, and what is to be seen there."""

    file: str
    line: int
    text: str = ""
    note: str = ""


class Root(Struct, frozen=True):
    """What is at the root of a group: the finding of the same hop that explains it, with the
    fingerprint that ``lint502 check`` gives it, its places and its fix; without ``rule``, what is
    known instead: that nothing in the files explains it. ``look`` is what to look at then."""

    rule: str | None
    severity: str = ""
    message: str = ""
    places: tuple[RootPlace, ...] = ()
    fix: str = ""
    fingerprint: str = ""
    look: tuple[str, ...] = ()


class Group(Struct, frozen=True):
    """What has a cause, an upstream (as nginx writes it, without the path) and a hop in common.

    ``hop`` is None where the records do not tell: ``why`` says why, ``hops`` those that it may be.
    ``kind`` is the form of a message that has no name, "" for all others. ``answers`` is what
    clients got, by the access log: ``"502"``, ``"200 after a retry"``; ``took`` the shortest and
    the longest time until the upstream failed, in seconds.
    """

    cause: Cause
    upstream: str
    tally: Tally
    hop: HopPlace | None = None
    why: str = ""
    hops: tuple[HopPlace, ...] = ()
    root: Root | None = None
    kind: str = ""
    answers: Counter[str] = field(default_factory=Counter)
    took: tuple[float, float] | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from the others; the same in each run over the same configuration."""
        hops = tuple(one.id for one in self.hops)
        hop = None if self.hop is None else self.hop.id
        return (self.cause.name, self.cause.failure, self.upstream, hop, hops, self.kind)

    @property
    def known(self) -> bool:
        """Whether its message is one that has a name."""
        return not self.kind


class WithoutLine(Struct, frozen=True):
    """Failures of the access log that no line of the error log goes with: ``answer`` is what the
    client got, ``source`` who made it, as far as the line tells."""

    source: str
    answer: str
    upstream: str


class Access(Struct, frozen=True):
    """What access logs say: how many requests, what the clients got, and which failures no line of
    the error log goes with; ``unread`` lines are of none of the formats, ``example`` is one."""

    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    without_line: Counter[WithoutLine] = field(default_factory=Counter)
    retried: int = 0
    unread: int = 0
    example: str = ""


class Unread(Struct, frozen=True):
    """Lines that are no record, of a kind (their beginning, without numbers): how many, and one."""

    kind: str
    count: int
    example: str


class Diagnosis(Struct, frozen=True):
    """The whole: the groups, what hurts most first; ``roots`` is what nginx's configuration was
    read from, none where there was none. ``fronts`` is what stands before nginx, each with what it
    answers by itself. ``other`` counts the records of other matters, ``access_lines`` the lines of
    an access log between the records, ``unread`` has the lines that are
    neither, and ``problems`` says what could not be read."""

    groups: tuple[Group, ...] = ()
    other: int = 0
    access_lines: int = 0
    unread: tuple[Unread, ...] = ()
    logs: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    access: Access | None = None
    fronts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[Group, ...]:
        """The groups in which something failed, or of which that is not known."""
        return tuple(one for one in self.groups if one.cause.failure)

    @property
    def was_read(self) -> bool:
        """Whether there was any record of an error log, or nothing that kept one from being
        there."""
        return bool(self.groups or self.other) or not self.problems

    @property
    def unknown(self) -> int:
        """How many records bear on an upstream with a message that has no name."""
        return sum(one.tally.count for one in self.groups if not one.known)


def in_order(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Failures first, then what clients saw most of, then what happened last."""

    def rank(group: Group) -> tuple[bool, float, float, str]:
        last = group.tally.last
        seconds = 0.0 if last is None else (last - datetime(1970, 1, 1)).total_seconds()
        return (not group.cause.failure, -_seen(group), -seconds, str(group.key))

    return tuple(sorted(groups, key=rank))


def _seen(group: Group) -> float:
    """How often a client got an error, as far as the access log tells; else how often it
    happened."""
    answers = group.answers.total()
    if not answers:
        return float(group.tally.count)
    failed = sum(count for answer, count in group.answers.items() if " after " not in answer)
    return group.tally.count * failed / answers
