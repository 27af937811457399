"""What a probe has found, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from lint502 import __version__
from lint502.declared.listeners import Fact
from lint502.declared.written import plain, written
from lint502.findings import Problem
from lint502.probing.answers import Answer
from lint502.probing.asking import Asked
from lint502.probing.plan import Question, total
from lint502.probing.subjects import Subject
from lint502.reading import shown
from lint502.report import Style, counted, json
from lint502.report.table import Column, table

SCHEMA_VERSION = 1

_COLOURS = {"agrees": "32", "differs": "31", "not claimed": "34", "not seen": "33"}


class Probed(Struct, frozen=True):
    """A probe: when it began (ISO 8601, UTC), what came of each address, what was not asked and
    why, and what could not be read."""

    observed: str
    asked: tuple[Asked, ...]
    left: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()

    def count(self, agreement: str) -> int:
        """How many facts have come out like that."""
        return sum(one.agreement == agreement for asked in self.asked for one in asked.answers)


def render(probed: Probed, style: Style) -> str:
    """A table for each address, and a line that sums it up."""
    parts = [_address(asked, style) for asked in probed.asked if asked.refused is None]
    opened = sum(one.connections for one in probed.asked)
    counts = [f"{probed.count(one)} {one}" for one in _COLOURS]
    asked = sum(one.refused is None for one in probed.asked)
    addresses = f"{asked} address" + ("" if asked == 1 else "es")
    parts.append(f"{', '.join(counts)}; {counted(range(opened), 'connection')} to {addresses}\n")
    return "\n".join(parts)


def _address(asked: Asked, style: Style) -> str:
    columns = [
        Column("FACT"),
        Column(""),
        Column("CLAIMED", wraps=True),
        Column("OBSERVED", wraps=True),
    ]

    def paint(column: int, text: str) -> str:
        if column != 1 or not style.colour:
            return text
        return f"\x1b[{_COLOURS.get(text, '0')}m{text}\x1b[0m"

    rows = [_row(one) for one in asked.answers]
    return f"{_title(asked.subject)}\n{table(columns, rows, style, paint)}"


def _title(subject: Subject) -> str:
    place = subject.place
    return shown(f"{subject.upstream}: {subject.address} ({place.file}:{place.line})")


def _row(answer: Answer) -> tuple[str, ...]:
    seen = answer.seen
    text = shown(seen.text)
    why = f": {shown(seen.why)}" if seen.why and text else shown(seen.why)
    claimed = "-"
    if answer.claimed is not None:
        value = shown(written(_of_claim(answer), answer.claimed.value))
        claimed = f"{value} ({shown(_by(answer.claimed))})"
    return answer.key, answer.agreement, claimed, f"{text}{why}" or "-"


def _of_claim(answer: Answer) -> str:
    return "" if answer.key in ("resolves", "connects") else answer.key


def _by(fact: Fact[Any]) -> str:
    place = f"{fact.place.file}:{fact.place.line}"
    if fact.profile is not None:
        return f"{place}, the default of {fact.profile}"
    return f"{place}, {fact.what}" if fact.what else place


def render_plan(plans: Sequence[tuple[Subject, Sequence[Question]]], style: Style) -> str:
    """What would be asked: the addresses, the questions, and the connections of each."""
    columns = [Column("QUESTION"), Column("CONNECTIONS"), Column("SECONDS AT MOST")]
    parts = []
    for subject, questions in plans:
        rows = [(one.what, str(one.connections), f"{one.seconds:g}") for one in questions]
        parts.append(f"{_title(subject)}\n{table(columns, rows, style)}")
    most = sum(total(questions) for _, questions in plans)
    seconds = sum(one.seconds for _, questions in plans for one in questions)
    parts.append(
        f"at most {counted(range(most), 'connection')}, one at a time, in {seconds:g} seconds; "
        "nothing was opened\n"
    )
    return "\n".join(parts)


def plan_object(plans: Sequence[tuple[Subject, Sequence[Question]]]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "schema_version": SCHEMA_VERSION,
        "lint502": __version__,
        "plan": [
            {
                **_subject(subject),
                "connections": total(questions),
                "questions": [
                    {
                        "name": one.name,
                        "what": one.what,
                        "connections": one.connections,
                        "seconds": one.seconds,
                    }
                    for one in questions
                ],
            }
            for subject, questions in plans
        ],
    }


def render_json(probed: Probed) -> str:
    """One object; ``check --observed`` reads it."""
    return json.dump(
        {
            "schema_version": SCHEMA_VERSION,
            "lint502": __version__,
            "observed": probed.observed,
            "upstreams": [_object(one) for one in probed.asked],
            "not_asked": [{"upstream": name, "why": why} for name, why in probed.left],
            "problems": [json.problem_object(one) for one in probed.problems],
            "summary": {
                **{one.replace(" ", "_"): probed.count(one) for one in _COLOURS},
                "connections": sum(one.connections for one in probed.asked),
            },
        }
    )


def _subject(subject: Subject) -> dict[str, Any]:
    address, place = subject.address, subject.place
    listener = subject.listener
    port = address.port if listener.port is None else listener.port.value
    where = {"socket": address.socket} if address.socket is not None else {"port": port}
    return {
        "upstream": subject.upstream,
        "address": str(address),
        **where,
        "file": place.file,
        "line": place.line,
    }


def _object(asked: Asked) -> dict[str, Any]:
    return {
        **_subject(asked.subject),
        "connections": asked.connections,
        "planned": asked.planned,
        "refused": asked.refused,
        "facts": [_fact(one) for one in asked.answers],
    }


def _fact(answer: Answer) -> dict[str, Any]:
    seen, claimed = answer.seen, answer.claimed
    value = None if seen.value is None else plain(answer.key, seen.value)
    found: dict[str, Any] = {"key": answer.key, "agreement": answer.agreement, "claimed": None}
    if claimed is not None:
        found["claimed"] = {
            "value": plain(_of_claim(answer), claimed.value),
            "file": claimed.place.file,
            "line": claimed.place.line,
            "by": claimed.profile or claimed.what or None,
            "standing": claimed.standing.word,
        }
    bound = "at_least" if seen.at_least else "observed"
    return {**found, "observed": None, bound: value, "says": seen.text, "why": seen.why}


def differing(probed: Probed) -> Iterator[tuple[Subject, Answer]]:
    """What differs, with the address that it is about."""
    for asked in probed.asked:
        for answer in asked.answers:
            if answer.agreement == "differs":
                yield asked.subject, answer
