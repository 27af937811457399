"""What takes time or many requests: idle timeouts, requests on a connection, limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Literal

from lint502.probing import http1, other_protocols
from lint502.probing.answers import Seen
from lint502.probing.http1 import Response
from lint502.probing.talk import GoneError, Talk
from lint502.probing.wire import Connection

MOST_REQUESTS = 1001
"""On one connection: nginx's ``keepalive_requests`` is 1000 by default, in both directions."""

REQUESTS_SECONDS = 30.0
"""For all of these together."""

MOST_TRIES = 14
"""Requests to find one limit."""

LARGEST_HEAD = 2 * 1024**2
LARGEST_BODY = 16 * 1024**2
_USUAL_HEAD = 128 * 1024
_STEP = 256
_BODY_STEP = 4096
_MARGIN = 512
_LATER = 0.05
_REFUSALS = frozenset((400, 413, 414, 431, 494))

Taken = Literal["taken", "answer", "close", "unclear"]
"""What becomes of a request of some size: it is taken, refused by an answer, or by closing."""


def idle(talk: Talk, longest: float, seconds: float) -> Seen:
    """How long a connection is kept after an answer; one connection, ``longest`` seconds."""
    key = "keepalive.idle_timeout"
    with talk.open(longest + 2 * seconds) as connection:
        if talk.way.http2:
            if not other_protocols.speaks_http2(connection):
                return Seen(key, why="it is not kept")
            connection.send(other_protocols.head_request(talk.host, tls=talk.way.tls))
            begun = time.monotonic()
            connection.deadline = begun + longest
            closed = other_protocols.end_of_http2(connection)
        else:
            answered = _kept(talk, connection_asks(talk), connection)
            if answered is not None:
                return Seen(key, why=answered)
            begun = time.monotonic()
            heard = connection.hear(bool, until=begun + longest)
            closed = heard.end != "silent"
        took = round((time.monotonic() - begun) * 10) * 100
    if not closed:
        return Seen(key, int(longest * 1000), at_least=True)
    if took == 0:
        return Seen(key, why="it closes after each answer")
    return Seen(key, took)


def connection_asks(talk: Talk) -> bytes:
    """The first question on a connection that is then left alone."""
    if talk.way.protocol == "memcached":
        return other_protocols.MEMCACHED_VERSION
    if talk.way.protocol == "fastcgi":
        return other_protocols.fastcgi_request(talk.host, keep=True)
    return http1.request(talk.host)


def _kept(talk: Talk, asked: bytes, connection: Connection) -> str | None:
    """Ask once; why the connection is not kept, where that is so."""
    if talk.way.protocol in ("memcached", "fastcgi"):
        connection.send(asked)
        fastcgi = talk.way.protocol == "fastcgi"
        heard = connection.hear(other_protocols.fastcgi_ended if fastcgi else _line_ended)
        return None if heard.end == "enough" else "no answer came to keep it after"
    response = http1.ask(connection, asked)
    if response is None or not response.whole:
        return "no whole answer came to keep it after"
    return "it closes after each answer" if response.says_close else None


def _line_ended(data: bytes) -> bool:
    return data.endswith(b"\r\n")


def requests(talk: Talk, claimed: int | None) -> Iterator[Seen]:
    """After how many requests a connection is closed; one connection, and one request more than is
    claimed, within :data:`MOST_REQUESTS`."""
    key = "keepalive.max_requests"
    most = MOST_REQUESTS if claimed is None else min(MOST_REQUESTS, claimed + 1)
    end = time.monotonic() + REQUESTS_SECONDS
    done, announced = _count(talk, most, end, "HEAD")
    if done <= 1:  # some know no HEAD
        done, announced = _count(talk, most, end, "GET")
    if done == 0:
        yield Seen(key, why="no answer came this time")
    elif (done >= most or time.monotonic() >= end) and not announced:
        yield Seen(key, done, at_least=True)
    elif done == 1:
        yield Seen(key, why="it closes after each answer")
    else:
        yield Seen(key, done)
        yield Seen("keepalive.announces_close", announced)


def _count(talk: Talk, most: int, end: float, method: str) -> tuple[int, bool]:
    """How many requests are answered on a connection, and whether its end is announced."""
    done = 0
    with talk.open() as connection:
        asked = http1.request(talk.host, method=method)
        while done < most and time.monotonic() < end:
            connection.deadline = time.monotonic() + talk.dialer.seconds
            response = http1.ask(connection, asked, body=method != "HEAD")
            if response is None or not response.whole:
                break
            done += 1
            if response.says_close:
                return done, True
    return done, False


def head(talk: Talk, claimed: int | None) -> Iterator[Seen]:
    """The largest head of a request that is taken, and what happens beyond it."""
    key = "limits.request_headers"
    least = _head_size(talk, 0)
    largest = min(LARGEST_HEAD, max(_USUAL_HEAD, 0 if claimed is None else claimed * 5 // 4))
    if talk.way.protocol == "uwsgi":
        largest = min(largest, 65535 - _MARGIN)
    yield from _limit(
        key, lambda size: _try_head(talk, size - least), least, largest, _STEP, claimed
    )


def body(talk: Talk, claimed: int | None) -> Iterator[Seen]:
    """The largest body that is taken. It is announced, and sent only where that is asked for."""
    key = "limits.request_body"
    yield from _limit(key, lambda size: _try_body(talk, size), 0, LARGEST_BODY, _BODY_STEP, claimed)


def _limit(
    key: str,
    take: Callable[[int], Taken],
    least: int,
    largest: int,
    step: int,
    claimed: int | None,
) -> Iterator[Seen]:
    tries = 0

    def tried(size: int) -> Taken:
        nonlocal tries
        tries += 1
        return take(size)

    if tried(least) != "taken":
        yield Seen(key, why="an ordinary request is not taken either")
        return
    low, high, refused = least, largest, "taken"
    if claimed is not None and least < claimed <= largest:
        margin = max(_MARGIN // 2, claimed // 40)
        above = tried(min(largest, claimed + margin))
        if above == "taken":
            low = min(largest, claimed + margin)
        elif above != "unclear":
            high, refused = claimed + margin, above
            below = tried(max(least, claimed - margin))
            if below == "taken":
                yield Seen(key, claimed)
                yield Seen("limits.overflow", refused)
                return
            high = max(least, claimed - margin)
    if refused == "taken":
        refused = tried(largest)
        if refused == "taken":
            yield Seen(key, largest, at_least=True)
            yield Seen("limits.overflow", why="nothing that was tried was too large")
            return
    if refused == "unclear":
        yield Seen(key, why="no answer in time")
        return
    while high - low > step and tries < MOST_TRIES:
        middle = (low + high) // 2
        outcome = tried(middle)
        if outcome == "unclear":
            yield Seen(key, why="no answer in time")
            return
        if outcome == "taken":
            low = middle
        else:
            high, refused = middle, outcome
    if [take(low * 3 // 4), take(low), take(high)] != ["taken", "taken", refused]:
        yield Seen(key, why=f"it varies: {low} bytes are taken at times, and at times not")
        return
    yield Seen(key, low)
    yield Seen("limits.overflow", refused)


def _head_size(talk: Talk, more: int) -> int:
    return len(_head_request(talk, more))


def _head_request(talk: Talk, more: int) -> bytes:
    fields = http1.padding(more)
    if talk.way.protocol == "uwsgi":
        return other_protocols.uwsgi_request(talk.host, fields)
    if talk.way.protocol == "scgi":
        return other_protocols.scgi_request(talk.host, fields)
    return http1.request(talk.host, fields=fields)


def _try_head(talk: Talk, more: int) -> Taken:
    try:
        with talk.open() as connection:
            asked = _head_request(talk, more)
            connection.send(asked[:-2])
            time.sleep(_LATER)  # some have another limit for a head that has not come whole
            connection.send(asked[-2:])
            if talk.way.protocol in ("uwsgi", "scgi"):
                heard = connection.hear(lambda data: b"\n" in data)
                if other_protocols.is_cgi(heard.data):
                    return "answer" if b" 400" in heard.data[:16] else "taken"
                return "unclear" if heard.end == "silent" else "close"
            response = http1.hear(connection, body=False)
            if response is None:
                return "unclear" if connection.hear(bool).end == "silent" else "close"
            return _judged(response)
    except GoneError:
        return "unclear"


def _judged(response: Response) -> Taken:
    return "answer" if response.status in _REFUSALS else "taken"


def _try_body(talk: Talk, size: int) -> Taken:
    """Announce a body with a GET; where it is waited for, send it."""
    fields = [("Content-Length", str(size)), ("Expect", "100-continue")]
    try:
        with talk.open() as connection:
            connection.send(http1.request(talk.host, fields=fields if size else ()))
            if size == 0:
                response = http1.hear(connection, body=False)
                return "unclear" if response is None else _judged(response)
            soon = time.monotonic() + min(1.0, talk.dialer.seconds / 2)
            heard = connection.hear(lambda data: b"\n" in data, until=soon)
            connection.put_back(heard.data)
            if not heard.data or heard.data.startswith((b"HTTP/1.1 100", b"HTTP/1.0 100")):
                block = bytes(64 * 1024)
                for _ in range(0, size, len(block)):
                    if not connection.send(block[: min(len(block), size)]):
                        break
                    size -= len(block)
            response = http1.hear(connection, body=False)
            if response is None:
                return "unclear" if connection.hear(bool).end == "silent" else "close"
            return _judged(response)
    except GoneError:
        return "unclear"
