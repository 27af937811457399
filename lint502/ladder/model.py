"""What the ladder of a request is made of."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from lint502.findings import Finding
from lint502.places import Place
from lint502.report_model import HopReport

FigureKind = Literal["timer", "size", "retry", "pool", "setting"]

Origin = Literal[
    "written", "inherited", "default", "unknown", "declared", "observed", "stated", "hinted"
]
"""What sets a figure: a line at its level or around it, nginx's default; or the standing of a
claim. ``unknown``: what is not seen may set it."""

RungKind = Literal["front", "server", "step", "location", "hop", "pool", "upstream", "answer"]

Case = Literal[
    "finding", "slow-answer", "no-connection", "refused-connection", "unresolved",
    "large-body", "long-request-line", "long-header-line", "large-request-head",
    "large-response-head", "many-response-headers", "reused-connection", "slow-request",
    "auth-request", "no-live-server", "front-connection", "silent-session", "closed-early",
    "slow-upload", "stalled-response",
]  # fmt: skip
"""What goes wrong."""


class Figure(Struct, frozen=True):
    """One timer, size, retry or pool, by the name of its directive or of its key in
    ``upstreams.toml``.

    ``value`` is as nginx writes it, ``amount`` the milliseconds or bytes, None where it is neither.
    ``level`` is the block that it is inherited from, ``source`` the documentation of a default.
    ``about`` says what it limits; ``faces`` is the directive on nginx's side that the figure of an
    upstream, or of a front, stands against.
    """

    kind: FigureKind
    name: str
    value: str
    origin: Origin
    about: str = ""
    place: Place | None = None
    level: str = ""
    source: str = ""
    amount: int | None = None
    faces: str = ""


class Rung(Struct, frozen=True):
    """One part of the way, with its figures in the order in which they count."""

    kind: RungKind
    title: str
    place: Place | None = None
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


class Outcome(Struct, frozen=True):
    """What becomes of a request of which something is too late or too large.

    ``after`` is when the client knows, in milliseconds, ``beyond`` the bytes that still pass; None
    where that is not known, or no matter. ``by`` is who ends it: "nginx", or the name of an
    upstream or a front. ``status`` is what the client sees, None where it cannot be known, or
    where it gets none: then ``instead`` says so.
    """

    case: Case
    when: str
    by: str
    status: int | None
    why: str
    after: int | None = None
    beyond: int | None = None
    always: bool = True
    instead: str = ""


class Route(Struct, frozen=True):
    """One way that the request may take; ``undecided`` says why it is not known which servers are
    asked then, if so. ``answer`` says what nginx answers by itself where there
    is no ``hop``, with ``status``, if that is known. ``outcomes`` are in their order: what every
    request gets comes first, then what ends a slow one."""

    root: str
    server: str
    rungs: tuple[Rung, ...]
    hop: HopReport | None = None
    answer: str = ""
    status: int | None = None
    outcomes: tuple[Outcome, ...] = ()
    findings: tuple[Finding, ...] = ()
    undecided: str = ""

    @property
    def first(self) -> Outcome | None:
        """What fails first, if anything may."""
        return self.outcomes[0] if self.outcomes else None


class Ladder(Struct, frozen=True):
    """All ways that a request may take, which is one where that can be known. ``undecided`` says
    why not."""

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    routes: tuple[Route, ...]
    undecided: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
