"""Compares the profiles in ``lint502/declared/profiles/`` with the servers that can be run here.

``python -m tools.measure.profiles`` prints what it measured of each server with its defaults, and
where the server's profile says something else. It takes as long as the longest idle timeout that it
waits for, some minutes. Everything is measured directly, over HTTP/1.1 in plaintext.
"""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lint502.declared import profiles
from lint502.declared.profiles import Default
from lint502.lab.bench import LOOPBACK, Bench, LabError
from lint502.lab.binary import described
from lint502.nginx.values import format_size, format_time
from tools.measure import debian, servers
from tools.measure.servers import Endpoint, RealServer

LONGEST_SECONDS = 160.0
"""The longest that the command waits for the end of an idle connection."""

_ANSWER_SECONDS = 20.0
_LARGEST = 64 * 1024 * 1024
_BELOW = 0.9
_ABOVE = (1.1, 1.5)
"""How near to a limit it is tried: servers count a head in different ways, and some read a whole
buffer more."""

_MOST_LINES = 90
_LINE = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """``status`` is None where the connection ended without a response; ``closes`` tells whether
    the response says so."""

    status: int | None
    closes: bool = False


@dataclass(frozen=True, slots=True)
class MeasuredFact:
    """Something measured: the key of a profile, what was seen, in words, and what the profile says
    instead, "" where it agrees."""

    key: str
    seen: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one server."""

    server: str
    version: str
    facts: tuple[MeasuredFact, ...]


def measure_all(longest: float = LONGEST_SECONDS) -> list[Figures]:
    """The figures of all servers, which are measured at once.

    ``longest`` is how many seconds to wait for an idle connection to end: a timeout that is longer
    is only seen to be. Raises :class:`LabError` where a server cannot be run.
    """
    unpacked, missing = debian.available()
    if missing:
        raise LabError("; ".join(missing))
    newest = described(unpacked[-1].command, unpacked[-1].environment, unpacked[-1].modules)
    with Bench() as bench:
        started = [
            (server, endpoint)
            for server in servers.start(bench, servers.families(newest))
            for endpoint in server.endpoints
            if endpoint.speaks == "http" and not endpoint.variant
        ]
        with ThreadPoolExecutor(len(started)) as pool:
            return list(pool.map(lambda one: _figures(one[0], one[1], longest), started))


def _figures(server: RealServer, endpoint: Endpoint, longest: float) -> Figures:
    stated = profiles.defaults(f"{server.name}/{server.version}", "http", False)
    facts = (*_limits(endpoint.port, stated), *_connection(endpoint.port, stated, longest))
    return Figures(server.name, server.version, facts)


def _connection(port: int, stated: Mapping[str, Default], longest: float) -> Iterator[MeasuredFact]:
    """Whether it keeps a connection, how long, for how many requests, and what it says at the
    end."""
    with _connected(port) as client:
        reply = _ask(client)
        started = time.monotonic()
        ended = _ends(client, longest)
        seconds = time.monotonic() - started
    kept = not reply.closes and (not ended or seconds > 0.5)
    yield _fact("keepalive", kept, stated, "yes" if kept else "no")
    if not kept:
        says = "says that it closes" if reply.closes else "closes without a word"
        yield _fact("keepalive.announces_close", reply.closes, stated, says)
        return
    seen = f"{seconds:.1f} s" if ended else f"more than {longest:.0f} s"
    yield MeasuredFact("keepalive.idle_timeout", seen, _other_idle(seconds, ended, stated))
    yield from _most_requests(port, stated)


def _other_idle(seconds: float, ended: bool, stated: Mapping[str, Default]) -> str:
    """The idle timeout that the profile states, where it is another one."""
    fact = stated.get("keepalive.idle_timeout")
    if fact is None:
        return f"none, so more than {seconds:.0f} s" if ended else ""
    expected = fact.value / 1000
    # a server may look for idle connections every so often only
    agrees = expected - 0.5 <= seconds <= expected * 1.3 + 2 if ended else expected >= seconds - 2
    return "" if agrees else format_time(fact.value)


def _most_requests(port: int, stated: Mapping[str, Default]) -> Iterator[MeasuredFact]:
    fact = stated.get("keepalive.max_requests")
    if fact is None:
        return
    served, reply = 0, Reply(200)
    with _connected(port) as client:
        while served <= fact.value and not reply.closes:
            reply = _ask(client)
            if reply.status is None:
                break
            served += 1
    if served > fact.value and not reply.closes:
        yield MeasuredFact("keepalive.max_requests", f"more than {fact.value}", f"{fact.value}")
        return
    yield _fact("keepalive.max_requests", served, stated, f"{served}")
    says = "says that it closes" if reply.closes else "closes without a word"
    yield _fact("keepalive.announces_close", reply.closes, stated, says)


def _limits(port: int, stated: Mapping[str, Default]) -> Iterator[MeasuredFact]:
    """The limits that the profile states, tried a little below and a little above."""
    for key, send in (("limits.request_headers", _head_of), ("limits.request_body", _body_of)):
        fact = stated.get(key)
        if fact is None or fact.value > _LARGEST:
            continue
        below = send(port, round(fact.value * _BELOW))
        for factor in _ABOVE:
            above = send(port, round(fact.value * factor))
            if above.status != 200:
                break
        agrees = below.status == 200 and above.status != 200
        seen = f"{_said(below)} at {_BELOW:.0%} of it, {_said(above)} at {factor:.0%}"
        yield MeasuredFact(key, seen, "" if agrees else format_size(fact.value))
        overflow = stated.get("limits.overflow")
        if overflow is None or not agrees:
            continue
        if overflow.covers and key.removeprefix("limits.") not in overflow.covers:
            continue
        does = "close" if above.status is None else "answer"
        name = f"limits.overflow ({key.removeprefix('limits.')})"
        yield MeasuredFact(name, does, "" if overflow.value == does else overflow.value)


def _said(reply: Reply) -> str:
    return "closed" if reply.status is None else f"{reply.status}"


def _fact(key: str, value: object, stated: Mapping[str, Default], seen: str) -> MeasuredFact:
    fact = stated.get(key)
    agrees = fact is None or fact.value == value
    return MeasuredFact(key, seen, "" if agrees else str(stated[key].value))


def _head_of(port: int, size: int) -> Reply:
    """A request whose head has so many bytes, in lines of a moderate length, of which some servers
    take a hundred only."""
    start = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    left = size - len(start) - 2
    most = max(_LINE, -(-left // _MOST_LINES))
    lines: list[bytes] = []
    while left > 0:
        length = min(left, most)
        name = b"X-%02d: " % len(lines)
        lines.append(name + b"x" * max(1, length - len(name) - 2) + b"\r\n")
        left -= length
    return _sent(port, start + b"".join(lines) + b"\r\n", b"")


def _body_of(port: int, size: int) -> Reply:
    head = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
    )
    return _sent(port, head.encode(), b"x" * size)


def _sent(port: int, head: bytes, body: bytes) -> Reply:
    with _connected(port) as client:
        with contextlib.suppress(OSError):  # it may answer, or close, before it has read all
            client.sendall(head)
            client.sendall(body)
        return _reply(client)


def _ask(client: socket.socket) -> Reply:
    """One request on a connection that is to be kept."""
    try:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    except OSError:
        return Reply(None)
    return _reply(client)


def _reply(client: socket.socket) -> Reply:
    """Reads one response, with the body that it announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = _received(client)
        if not part:
            break
        data += part
    head, separator, body = data.partition(b"\r\n\r\n")
    match = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    if match is None or not separator:
        return Reply(None)
    lower = head.lower()
    length = re.search(rb"\r\ncontent-length: *(\d+)", lower)
    chunked = b"\r\ntransfer-encoding: chunked" in lower
    while (length and len(body) < int(length[1])) or (chunked and not body.endswith(b"0\r\n\r\n")):
        part = _received(client)
        if not part:
            break
        body += part
    return Reply(int(match[1]), b"\r\nconnection: close" in lower)


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except OSError:
        return b""


def _ends(client: socket.socket, seconds: float) -> bool:
    """Whether the server ends an idle connection within some seconds."""
    client.settimeout(seconds)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def _connected(port: int) -> socket.socket:
    client = socket.create_connection((LOOPBACK, port), _ANSWER_SECONDS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def main() -> int:
    """Print the figures; 0, or 1 where a profile says something else, or 2 where it cannot run."""
    try:
        measured = measure_all()
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    for figures in measured:
        print(f"{figures.server} {figures.version}")
        for fact in figures.facts:
            instead = f"   <- the profile says {fact.instead}" if fact.instead else ""
            print(f"    {fact.key:36}{fact.seen}{instead}")
    return int(any(fact.instead for figures in measured for fact in figures.facts))


if __name__ == "__main__":
    sys.exit(main())
