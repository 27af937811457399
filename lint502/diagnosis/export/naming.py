"""The cause of a record, as :func:`lint502.diagnosis.causes.cause_of` names it without a
configuration, in steps of a query.

The messages are looked up by number: that of the wording which a message is of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lint502.diagnosis.causes import UNKNOWN, causes, upstream_words
from lint502.diagnosis.export.dialect import Columns, Dialect, case, either, every
from lint502.diagnosis.export.expressions import names, portable, whole
from lint502.diagnosis.grouping import ADDRESS
from lint502.nginx import error_log
from lint502.nginx.error_log import Expression

COUNTED = "cause <> 'unknown' OR upstream_field IS NOT NULL"
"""Which records bear on an upstream."""

_PLACES = ("address", "host")
"""Fields of messages that say where nginx wanted to connect to."""

_Wording = tuple[int, Expression]


def wording(dialect: Dialect) -> str:
    """The number of the wording that a ``message`` is of; 0 where it is of none."""
    branches = (
        (
            every(
                dialect.contains("message", one.part),
                dialect.matches("message", whole(portable(one.pattern))),
            ),
            str(number),
        )
        for number, one in _wordings()
    )
    return case(*branches, other="0")


def steps(dialect: Dialect) -> Sequence[Columns]:
    """The steps from the parts of a record and its ``wording`` to ``cause`` and ``upstream``."""
    address = dialect.extracted("upstream_field", rf"(?s)\A({portable(ADDRESS.pattern)})")
    named = case(("upstream_field IS NOT NULL", address), other="place_said")
    return (
        {"place_said": case(*_places(dialect), other="''")},
        {"place": case(("upstream_field <> ''", "upstream_field"), other="place_said")},
        {
            "cause": case(*_branches(dialect), other=dialect.text(UNKNOWN.name)),
            "upstream": f"coalesce({named}, '')",
        },
    )


def _wordings() -> Iterator[_Wording]:
    return enumerate(error_log.expressions(), start=1)


def _places(dialect: Dialect) -> Iterator[tuple[str, str]]:
    for number, one in _wordings():
        for name in _PLACES:
            if name in names(one.pattern):
                value = dialect.extracted("message", whole(portable(one.pattern, name)))
                yield every(f"wording = {number}", f"{value} <> ''"), value


def _branches(dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Each cause with what it takes: its messages, or its patterns where it is no message."""
    for name, row in causes().items():
        messages = row.get("messages", ())
        wordings = [one for one in _wordings() if one[1].message.name in messages]
        condition = row.get("when", {})
        if {"fields", "phases"} & condition.keys():
            told = [_of(dialect, condition, one) for one in wordings]
        else:
            numbers = ", ".join(str(number) for number, _ in wordings)
            told = [every(f"wording IN ({numbers})", *_parts(dialect, condition))] * bool(numbers)
        found = [dialect.matches("message", portable(one)) for one in row.get("patterns", ())]
        if found and not {"fields", "phases"} & condition.keys():
            told.append(every("wording = 0", either(*found), *_parts(dialect, condition)))
        if told:
            yield either(*told), dialect.text(name)


def _of(dialect: Dialect, condition: Mapping[str, Any], wording: _Wording) -> str:
    """A condition that asks for the phase or the fields of a wording."""
    number, one = wording
    asked = [
        f"{dialect.extracted('message', whole(portable(one.pattern, name)))} "
        f"IN ({_listed(dialect, values)})"
        if name in names(one.pattern)
        else "FALSE"
        for name, values in condition.get("fields", {}).items()
    ]
    if "phases" in condition:
        asked.append(_phase(dialect, condition["phases"], one))
    return every(f"wording = {number}", *asked, *_parts(dialect, condition))


def _phase(dialect: Dialect, wanted: Sequence[str], one: Expression) -> str:
    """Whether a message is of one of these phases."""
    phases = one.message.phases
    told = [
        (
            f"{dialect.extracted('message', whole(portable(one.pattern, f'_{number}')))} <> ''",
            "TRUE" if phase in wanted else "FALSE",
        )
        for number, phase in enumerate(phases)
        if error_log.endings(phase)
    ]
    silent = [phase for phase in phases if not error_log.endings(phase)]
    other = "TRUE" if (silent or phases)[0] in wanted else "FALSE"
    return case(*told, other=other) if told else other


def _parts(dialect: Dialect, condition: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a condition that are of no wording; a new kind of part is an error."""
    for key, wanted in condition.items():
        if key == "upstream":
            yield from (_fits(dialect, word) for word in wanted)
        elif key == "without":
            yield f"NOT (place = '' AND cut) AND NOT {either(*(_fits(dialect, w) for w in wanted))}"
        elif key == "says":
            yield dialect.matches("message", portable(wanted))
        elif key == "levels":
            yield f"level IN ({_listed(dialect, wanted)})"
        elif key == "methods":
            yield f"method IN ({_listed(dialect, wanted)})"
        elif key not in ("fields", "phases"):
            raise ValueError(f"{key!r} is not told by a line alone")


def _fits(dialect: Dialect, word: str) -> str:
    if word == "none":
        return "(place = '' AND NOT cut)"
    return f"(place <> '' AND {dialect.matches('place', portable(upstream_words()[word]))})"


def _listed(dialect: Dialect, values: Sequence[str]) -> str:
    return ", ".join(map(dialect.text, values))
