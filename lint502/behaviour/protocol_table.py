"""What comes of a request in a protocol that its server does not expect, as it was measured.

The figures stand in ``protocol_table.toml``, whose head says what its rows mean, and which
``python -m tools.measure.matrix`` writes. It is read when the first mismatch is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import tomli
from msgspec import Struct

from lint502.declared import profiles
from lint502.nginx import error_log
from lint502.nginx.version import Version
from lint502.packaged import table_of

FILE = "protocol_table.toml"
GARBAGE = 9
"""nginx's ``$status`` for what it takes for HTTP/0.9: the client gets it without a status line."""


class Outcome(Struct, frozen=True, order=True):
    """nginx's ``$status``, and the line of its error log, "" where it writes none."""

    status: int
    log: str

    @property
    def fits(self) -> bool:
        """Whether the request was served."""
        return 200 <= self.status < 300

    @property
    def timed_out(self) -> bool:
        """Whether nginx gave up waiting."""
        return self.says("handshake-timed-out") or self.says("response-timed-out")

    def says(self, name: str) -> bool:
        """Whether its line is the message of that name."""
        found = error_log.find(self.log)
        return found is not None and found.message.name == name


class Ending(Struct, frozen=True):
    """How a request ends.

    Where the server gives up by itself after some ``seconds`` of waiting, ``later`` is what comes
    of it; ``outcome`` is then what nginx makes of its own timeout, if that is shorter.
    """

    outcome: Outcome
    seconds: int | None = None
    later: Outcome | None = None


class Row(Struct, frozen=True):
    """The ways in which requests of one kind end, the likeliest first, by nginx version.

    A version has those of the newest measured one that is not newer, or of the oldest.
    """

    by_version: tuple[tuple[Version, tuple[Ending, ...]], ...]

    def at(self, version: Version) -> tuple[Ending, ...]:
        """The ways for a version of nginx."""
        found = self.by_version[0][1]
        for since, endings in self.by_version:
            if since <= version:
                found = endings
        return found


class Known(Struct, frozen=True):
    """The ways in which a request ends.

    ``typical``: they are those of most servers, for this one was not measured.
    """

    endings: tuple[Ending, ...]
    typical: bool


class Protocols(Struct, frozen=True):
    """The whole file; ``rows`` by server, by what its listener speaks, and by what nginx does.
    ``measured`` are the versions of the servers, and of the OpenSSL that some of them use."""

    measured: Mapping[str, str]
    like: Mapping[str, str]
    logs: Mapping[str, str]
    rows: Mapping[str, Mapping[str, Mapping[str, Row]]]


def known(server: str, speaks: str, passed: str, version: Version) -> Known | None:
    """How a request ends; ``speaks`` and ``passed`` are named as in the file.

    A server that was not measured behaves like the one that it is like, or else like most that
    speak the same. A row that says that the request is served is about another setup than the one
    that was declared, and does not count.
    """
    data = load()
    for name in lineage(server):
        endings = _failing(data.rows.get(name, {}).get(speaks, {}), passed, version)
        if endings:
            return Known(endings, typical=False)
    counts: Counter[Ending] = Counter()
    for endpoints in data.rows.values():
        endings = _failing(endpoints.get(speaks, {}), passed, version)
        if endings:
            counts[endings[0]] += 1
    if not counts:
        return None
    return Known((min(counts, key=lambda ending: (-counts[ending], _rank(ending))),), typical=True)


def lineage(server: str) -> Iterator[str]:
    """A server, the one that it is like, and so on."""
    data = load()
    name: str | None = server
    seen: set[str] = set()
    while name and name not in seen:
        yield name
        seen.add(name)
        name = data.like.get(name) or (
            profiles.load(name).like if name in profiles.names() else None
        )


def _failing(rows: Mapping[str, Row], passed: str, version: Version) -> tuple[Ending, ...]:
    row = rows.get(passed) or rows.get(passed.partition("/")[0])
    if row is None:
        return ()
    return tuple(ending for ending in row.at(version) if not ending.outcome.fits)


def _rank(ending: Ending) -> tuple[bool, int, str, int]:
    """Of several that are as frequent: an answer of the server's own is more particular to it."""
    outcome = ending.outcome
    return (outcome.log == "", outcome.status, outcome.log, ending.seconds or 0)


@cache
def load() -> Protocols:
    """What the file says."""
    return _protocols(table_of(__package__, FILE))


def parse(text: str) -> Protocols:
    """The file's text as values."""
    return _protocols(tomli.loads(text))


def _protocols(data: Mapping[str, Any]) -> Protocols:
    logs = data["logs"]
    return Protocols(
        data["measured"],
        data["like"],
        logs,
        {
            server: {
                speaks: {passed: _row(value, logs) for passed, value in rows.items()}
                for speaks, rows in endpoints.items()
            }
            for server, endpoints in data["outcomes"].items()
        },
    )


def _row(value: Any, logs: Mapping[str, str]) -> Row:
    by_version = value if isinstance(value, dict) else {"0.0.0": value}
    return Row(
        tuple(
            sorted(
                (Version.parse(since), _endings(written, logs))
                for since, written in by_version.items()
            )
        )
    )


def _endings(written: str | list[str], logs: Mapping[str, str]) -> tuple[Ending, ...]:
    texts = [written] if isinstance(written, str) else written
    return tuple(_ending(text, logs) for text in texts)


def _ending(text: str, logs: Mapping[str, str]) -> Ending:
    """``504 timed-out, after 20s 502 closed``."""
    first, _, last = text.partition(", after ")
    if not last:
        return Ending(_outcome(first, logs))
    seconds, _, later = last.partition("s ")
    return Ending(_outcome(first, logs), int(seconds), _outcome(later, logs))


def _outcome(text: str, logs: Mapping[str, str]) -> Outcome:
    status, _, name = text.partition(" ")
    return Outcome(int(status), logs[name] if name else "")
