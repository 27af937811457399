"""The cause that a line of nginx's error log shows, and what may be behind it.

The causes stand in ``causes.toml``, which says what each key means. It is read when the first cause
is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, Literal, TypeAlias, cast

from msgspec import Struct

from lint502.diagnosis.addresses import filled
from lint502.diagnosis.known import NOTHING, Known
from lint502.diagnosis.statements import Statement
from lint502.nginx import error_log
from lint502.nginx.error_log import Match
from lint502.packaged import table_of

__all__ = [
    "UNKNOWN",
    "About",
    "Candidate",
    "Cause",
    "cause_of",
    "causes",
    "spelt",
    "upstream_words",
]

About: TypeAlias = Literal["upstream", "nginx", "dns", "client", "front", "application"]
"""Who a line is about: whose doing it is, or whose settings are at fault."""


class Candidate(Struct, frozen=True):
    """What may be behind a line: in ``text`` what is the matter, in ``tell`` what tells it apart.

    ``run`` are commands that show it, ``rules`` those of lint502 that find it beforehand;
    ``settled``: what is known of the hop bears it out.
    """

    text: str
    tell: str
    run: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    settled: bool = False


class Cause(Struct, frozen=True):
    """What a line shows: ``name`` is stable, ``title`` a sentence for whoever is on call.

    ``candidates`` are in the order of likelihood. ``status`` is what the client gets where nginx
    tries no other server, None where that is not this line's doing; ``failure``: a request failed
    by it. ``message`` is the message's name in ``error_log.toml``.
    """

    name: str
    title: str
    candidates: tuple[Candidate, ...]
    status: int | None = None
    failure: bool = True
    about: About = "upstream"
    message: str | None = None

    @property
    def at_fault(self) -> bool:
        """Whether a request failed, and the upstream or the way to it is at fault."""
        return self.failure and self.about == "upstream"


UNKNOWN = Cause("unknown", "lint502 does not know this line.", (), failure=False)
"""That of a line which is none of those that are known."""

_Row: TypeAlias = Mapping[str, Any]


def causes() -> Mapping[str, _Row]:
    """The causes by name, as ``causes.toml`` has them, in its order."""
    found: Mapping[str, _Row] = _data()["cause"]
    return found


def upstream_words() -> Mapping[str, str]:
    """The words for what stands after ``upstream:``, each with its regular expression."""
    found: Mapping[str, str] = _data()["upstream"]
    return found


def cause_of(statement: Statement, known: Known | None = None) -> Cause:
    """The cause that a statement shows; :data:`UNKNOWN` where it is no known line.

    ``known`` orders its candidates, and leaves out those that cannot be.
    """
    line = _Line(statement, error_log.find(statement.message), known or NOTHING)
    for name, row in _of_message(line.match) if line.match is not None else _of_patterns(line):
        if _holds(row.get("when"), line):
            return _cause(name, row, line)
    return UNKNOWN


def spelt(number: str) -> str | None:
    """What a number spells that is the first byte, or the first three, of an answer."""
    words: str | None = _data()["hex"].get(number)
    return words


class _Line(Struct, frozen=True):
    statement: Statement
    match: Match | None
    known: Known

    @property
    def place(self) -> str | None:
        """What nginx wanted to connect to: the upstream, else what the message names."""
        fields = self.match.fields if self.match is not None else {}
        return self.statement.upstream or fields.get("address") or fields.get("host")

    @property
    def upstream(self) -> str | None:
        """The same; "" where the line surely names none, None where that is not known."""
        return "" if self.place is None and not self.statement.cut else self.place

    @property
    def method(self) -> str | None:
        request = self.statement.subrequest or self.statement.request
        return request.split(" ", 1)[0] if request else None


@cache
def _data() -> Mapping[str, Any]:
    return table_of("lint502.diagnosis", "causes.toml")


@cache
def _by_message() -> Mapping[str, Sequence[tuple[str, _Row]]]:
    found: dict[str, list[tuple[str, _Row]]] = {}
    for name, row in causes().items():
        for message in row.get("messages", ()):
            found.setdefault(message, []).append((name, row))
    return found


def _of_message(match: Match) -> Sequence[tuple[str, _Row]]:
    return _by_message().get(match.message.name, ())


def _of_patterns(line: _Line) -> Iterator[tuple[str, _Row]]:
    for name, row in causes().items():
        if any(_pattern(one).search(line.statement.message) for one in row.get("patterns", ())):
            yield name, row


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _cause(name: str, row: _Row, line: _Line) -> Cause:
    message = line.match.message if line.match is not None else None
    failure = row.get("failure", message.failure if message is not None else True)
    status = row.get("status", message.status if message is not None else None)
    return Cause(
        name=name,
        title=row["title"],
        candidates=tuple(_candidates(row, line)),
        status=status,
        failure=failure,
        about=cast("About", row.get("about", "upstream")),
        message=message.name if message is not None else None,
    )


def _candidates(row: _Row, line: _Line) -> Iterator[Candidate]:
    possible = [one for one in row["candidate"] if _holds(one.get("when"), line, unknown=True)]
    standing = {
        id(one): (
            "settled" in one and _holds(one["settled"], line),
            "raised" in one and _holds(one["raised"], line),
        )
        for one in possible
    }
    for one in sorted(possible, key=lambda one: standing[id(one)], reverse=True):
        fill = partial(filled, upstream=line.place, name=line.known.upstream)
        yield Candidate(
            text=fill(one["text"]),
            tell=fill(one["tell"]),
            run=tuple(map(fill, one["run"])),
            rules=tuple(one.get("rules", ())),
            settled=standing[id(one)][0],
        )


def _holds(condition: _Row | None, line: _Line, *, unknown: bool = False) -> bool:
    """Whether a condition holds; ``unknown`` is the answer for a part of which nothing is known."""
    if condition is None:
        return True
    for key, wanted in condition.items():
        found = _PARTS[key](wanted, line)
        if not (unknown if found is None else found):
            return False
    return True


def _upstream(wanted: Sequence[str], line: _Line) -> bool | None:
    return None if line.upstream is None else all(_fits(word, line.upstream) for word in wanted)


def _without(wanted: Sequence[str], line: _Line) -> bool | None:
    return None if line.upstream is None else not any(_fits(one, line.upstream) for one in wanted)


def _fits(word: str, upstream: str) -> bool:
    if word == "none":
        return not upstream
    return _pattern(upstream_words()[word]).search(upstream) is not None


def _phases(wanted: Sequence[str], line: _Line) -> bool | None:
    return None if line.match is None else line.match.phase in wanted


def _fields(wanted: Mapping[str, Sequence[str]], line: _Line) -> bool | None:
    fields = line.match.fields if line.match is not None else {}
    return all(fields.get(name) in values for name, values in wanted.items())


def _says(wanted: str, line: _Line) -> bool:
    return _pattern(wanted).search(line.statement.message) is not None


def _levels(wanted: Sequence[str], line: _Line) -> bool | None:
    return line.statement.level in wanted if line.statement.level else None


def _methods(wanted: Sequence[str], line: _Line) -> bool | None:
    return None if line.method is None else line.method in wanted


def _known(wanted: Mapping[str, Any], line: _Line) -> bool | None:
    found = [_one(getattr(line.known, name), value) for name, value in wanted.items()]
    return False if False in found else None if None in found else True


def _one(fact: Any, value: Any) -> bool | None:
    if fact is None:
        return None
    return fact in value if isinstance(value, list) else fact == value


_PARTS: Mapping[str, Callable[[Any, _Line], bool | None]] = {
    "upstream": _upstream,
    "without": _without,
    "phases": _phases,
    "fields": _fields,
    "says": _says,
    "levels": _levels,
    "methods": _methods,
    "known": _known,
}
