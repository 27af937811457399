"""Compares the profiles in ``lint502/declared/profiles/`` with the servers that can be run here.

``python -m tools.measure.profiles`` prints what it measured of each server with its defaults, and
where the server's profile says something else. It takes as long as the longest idle timeout that it
waits for, some minutes. Everything is measured directly, over HTTP/1.1 in plaintext.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from lint502.declared import profiles
from lint502.declared.profiles import Default, Detail
from lint502.lab.bench import Bench, LabError
from lint502.lab.binary import described
from lint502.nginx.values import format_size, format_time, parse_size
from tools.measure import asking, debian, servers
from tools.measure.asking import Limit, Reply
from tools.measure.servers import Endpoint, RealServer

LONGEST_SECONDS = 160.0
"""The longest that the command waits for the end of an idle connection."""

_LARGEST = 64 * 1024 * 1024
_SMALL = 200
_FACTOR = 2
"""A limit is looked for up to so many times the stated one: some servers read a buffer more."""

_LESS = 0.05
_MORE = 0.01
"""How near a limit has to be: some servers count more than the bytes of a head, or break no line
over two buffers, others leave out the ends of its lines."""

_SAME_LINE = 24
"""The same for the longest line, in bytes: with its name or without."""

_NUMBER = re.compile(r"\d[\d,]*k?(?![\w.])")


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


def measure_all(longest: float = LONGEST_SECONDS, others: bool = False) -> list[Figures]:
    """The figures of all servers, which are measured at once.

    ``longest`` is how many seconds to wait for an idle connection to end: a timeout that is longer
    is only seen to be. ``others`` adds the servers that not every machine has, where they are
    here. Raises :class:`LabError` where a server cannot be run.
    """
    unpacked, missing = debian.available()
    if missing:
        raise LabError("; ".join(missing))
    newest = described(unpacked[-1].command, unpacked[-1].environment, unpacked[-1].modules)
    wanted = [*servers.families(newest), *servers.measured()]
    if others:
        wanted += servers.installed()
    with Bench() as bench:
        started = [
            (server, endpoint)
            for server in servers.start(bench, wanted)
            for endpoint in server.endpoints
            if endpoint.speaks == "http" and not endpoint.variant
        ]
        with ThreadPoolExecutor(2 * len(started)) as pool:
            running = [
                (server, [pool.submit(list, part) for part in _parts(server, endpoint, longest)])
                for server, endpoint in started
            ]
            return [
                Figures(
                    server.name,
                    server.version,
                    tuple(fact for future in futures for fact in future.result()),
                )
                for server, futures in running
            ]


def _parts(
    server: RealServer, endpoint: Endpoint, longest: float
) -> tuple[Iterator[MeasuredFact], ...]:
    """What is measured of a server, in parts that go on at the same time."""
    name = f"{server.name}/{server.version}"
    stated = profiles.defaults(name, "http", False)
    sizes = (_limits(server.name, endpoint.port, stated), _details(name, endpoint.port))
    return chain.from_iterable(sizes), _connection(endpoint.port, stated, longest)


def _connection(port: int, stated: Mapping[str, Default], longest: float) -> Iterator[MeasuredFact]:
    """Whether it keeps a connection, how long, for how many requests, and what it says at the
    end."""
    with asking.connected(port) as client:
        reply = asking.ask_once_more(client)
        started = time.monotonic()
        ended = asking.ends(client, longest)
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
    with asking.connected(port) as client:
        while served <= fact.value and not reply.closes:
            reply = asking.ask_once_more(client)
            if reply.status is None:
                break
            served += 1
    if served > fact.value and not reply.closes:
        yield MeasuredFact("keepalive.max_requests", f"more than {fact.value}", f"{fact.value}")
        return
    yield _fact("keepalive.max_requests", served, stated, f"{served}")
    says = "says that it closes" if reply.closes else "closes without a word"
    yield _fact("keepalive.announces_close", reply.closes, stated, says)


def _limits(name: str, port: int, stated: Mapping[str, Default]) -> Iterator[MeasuredFact]:
    """The limits that the profile states, each found to the byte."""
    status = asking.served(port)
    if status is None:
        raise LabError(f"the server on port {port} answers nothing")
    for key, ask in (
        ("limits.request_headers", asking.head_of),
        ("limits.request_body", asking.body_of),
    ):
        fact = stated.get(key)
        if fact is None or fact.value > _LARGEST:
            continue
        most = _most(name, key, fact)
        limit = asking.largest(ask, port, _SMALL, most * _FACTOR, status)
        agrees = limit.largest is not None and fact.value * (1 - _LESS) <= limit.largest <= most * (
            1 + _MORE
        )
        yield MeasuredFact(key, _seen(limit), "" if agrees else format_size(fact.value))
        yield from _overflow(key, limit, stated)


def _overflow(key: str, limit: Limit, stated: Mapping[str, Default]) -> Iterator[MeasuredFact]:
    """What comes of more than a limit: the word of the profile, and the status."""
    name = key.removeprefix("limits.")
    overflow = stated.get("limits.overflow")
    if limit.largest is None or overflow is None:
        return
    if overflow.covers and name not in overflow.covers:
        return
    does = "close" if limit.beyond.status is None else "answer"
    instead = "" if overflow.value == does else overflow.value
    yield MeasuredFact(f"limits.overflow ({name})", does, instead)
    status = stated.get(f"{key}_status")
    if does == "answer" and name == "request_headers" and status is not None:
        yield _fact(f"{key}_status", limit.beyond.status, stated, str(limit.beyond))


def _details(server: str, port: int) -> Iterator[MeasuredFact]:
    """What the profile says in words of the number of header fields, and of their length."""
    status = asking.served(port)
    for detail in _stated(server):
        match = _NUMBER.match(detail.value)
        if match is None or status is None:
            continue
        number = parse_size(match[0].replace(",", ""))
        if detail.about == "header fields":
            limit = asking.largest(asking.fields_of, port, 10, asking.MOST_FIELDS, status)
            agrees = limit.largest == number
        elif detail.about == "one header line":
            limit = asking.largest(asking.field_of, port, _SMALL, number * _FACTOR, status)
            agrees = limit.largest is not None and abs(limit.largest - number) <= _SAME_LINE
        else:
            continue
        yield MeasuredFact(detail.about, _seen(limit), "" if agrees else detail.value)


def _stated(server: str) -> Iterator[Detail]:
    """The details of a profile, and of those that it is like, each of a subject once."""
    name, written = profiles.parse_server(server)
    version = None if written is None else tuple(map(int, written.split(".")))
    seen: set[str] = set()
    for profile, its_version in profiles.line_of(profiles.load(name), version):
        found = [
            detail
            for detail in profile.details
            if detail.holds_in(its_version)
            and (its_version is not None or detail.since is detail.before is None)
        ]
        yield from (detail for detail in found if detail.about not in seen)
        seen.update(detail.about for detail in found)


def _most(name: str, key: str, fact: Default) -> int:
    """The largest that a limit may be, where it varies: ``fact`` has the least."""
    values = (
        one.value
        for one in profiles.load(name).facts
        if one.key == key and one.least == fact.value and one.source == fact.source
    )
    return int(next(values, fact.value))


def _seen(limit: Limit) -> str:
    if limit.largest is None:
        return f"none found: {limit.beyond}"
    return f"{limit.largest}, then {limit.beyond}, far beyond it {limit.far_beyond}"


def _fact(key: str, value: object, stated: Mapping[str, Default], seen: str) -> MeasuredFact:
    fact = stated.get(key)
    agrees = fact is None or fact.value == value
    return MeasuredFact(key, seen, "" if agrees else str(stated[key].value))


def main() -> int:
    """Print the figures; 0, or 1 where a profile says something else, or 2 where it cannot run."""
    try:
        measured = measure_all(others=True)
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
