"""What is going to be asked of an address, with how many connections at most and in what time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from lint502.probing import encrypted, measuring, spoken, web
from lint502.probing.subjects import Subject

MOST_RESOLVED = 4
"""Addresses of one name that are tried, one after the other, until one takes a connection."""


class Wanted(Struct, frozen=True):
    """How far to go: the ``seconds`` that each connection has, whether to ``measure``, and the
    ``longest`` that an idle connection is kept for that. ``strangers``: addresses outside of
    private networks are asked, too."""

    seconds: float = 3.0
    measure: bool = False
    longest: float = 90.0
    strangers: bool = False


class Question(Struct, frozen=True):
    """A question by its name, the connections that it opens at most, and the seconds that it takes
    at most."""

    name: str
    what: str
    connections: int
    seconds: float


def plan(subject: Subject, wanted: Wanted) -> tuple[Question, ...]:
    """The questions for an address; which of them fit it, its answers tell."""
    return tuple(_questions(subject, wanted))


def total(questions: Sequence[Question]) -> int:
    """The connections of all questions together."""
    return sum(one.connections for one in questions)


def _questions(subject: Subject, wanted: Wanted) -> Iterator[Question]:
    each = wanted.seconds
    claims = subject.claims()
    protocol = claims["protocol"].value if "protocol" in claims else "http"

    def question(name: str, what: str, connections: int) -> Question:
        return Question(name, what, connections, connections * each)

    if protocol == "tcp":
        yield question("connect", "whether it takes a connection", 1)
        if "tls" in claims:
            most = encrypted.CONNECTIONS + 1
            yield question("tls", "TLS: versions, names, SNI, certificates", most)
        return
    most = spoken.CONNECTIONS + MOST_RESOLVED - 1
    yield question("spoken", "what it speaks: one connection a protocol", most)
    yield question("tls", "TLS: versions, names, SNI, certificates", encrypted.CONNECTIONS)
    yield question("versions", "HTTP 1.0, 1.1 and 2: GET /", 3)
    yield question("grpc", "gRPC: a HEAD, which is none of its methods", 1)
    yield question("reuse", "two GET / on one connection", 1)
    if "websocket" in claims:
        paths = min(len(claims["websocket"].value), web.MOST_PATHS)
        yield question("websocket", "the handshake of WebSockets at each claimed path", paths)
    if "unknown_host" in claims:
        yield question("unknown_host", "GET / for a Host that nobody serves", 1)
    if wanted.measure:
        yield Question(
            "idle", "keeps a connection until it is closed", 1, wanted.longest + 2 * each
        )
        most = measuring.MOST_REQUESTS
        seconds = measuring.REQUESTS_SECONDS + each
        yield Question("requests", f"up to {most} requests on one connection", 2, seconds)
        tries = measuring.MOST_TRIES + 7
        yield question("head", "GET / with larger and larger heads", tries)
        yield question("body", "GET / that announces larger and larger bodies", tries)
