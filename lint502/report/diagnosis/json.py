"""``--format json``: the diagnosis for programs, and for ``lint502 diagnose --merge``.

Keys are added to it, never renamed.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lint502 import __version__
from lint502.report.json import dump

if TYPE_CHECKING:
    from lint502.diagnosis.causes import Candidate
    from lint502.diagnosis.diagnosis import Access, Diagnosis, Group, HopPlace, Root
    from lint502.diagnosis.statements import Tally
    from lint502.report import Style

SCHEMA_VERSION = 1
_EPOCH = datetime(1970, 1, 1)


def render(diagnosis: Diagnosis, style: Style) -> str:
    """One object; the text is ASCII, so that bytes that are no UTF-8 survive (as ``\\udcXX``)."""
    return dump(
        {
            "schema_version": SCHEMA_VERSION,
            "lint502": __version__,
            "logs": list(diagnosis.logs),
            "roots": list(diagnosis.roots),
            "groups": [_group(one) for one in diagnosis.groups],
            "access": None if diagnosis.access is None else _access(diagnosis.access),
            "fronts": list(diagnosis.fronts),
            "totals": _totals(diagnosis),
            "unread": [
                {"kind": one.kind, "count": one.count, "example": one.example}
                for one in diagnosis.unread
            ],
            "problems": list(diagnosis.problems),
        }
    )


def _group(group: Group) -> dict[str, Any]:
    return {
        "cause": group.cause.name,
        "title": group.cause.title,
        "status": group.cause.status,
        "failure": group.cause.failure,
        "about": group.cause.about,
        "message": group.cause.message,
        "kind": group.kind or None,
        "upstream": group.upstream or None,
        "hop": None if group.hop is None else _hop(group.hop),
        "hop_unknown": group.why or None,
        "hops": [_hop(one) for one in group.hops],
        "candidates": [_candidate(one) for one in group.cause.candidates],
        "root": None if group.root is None else _root(group.root),
        **_tally(group.tally),
        "answers": _counts(group.answers),
        "took": None if group.took is None else list(group.took),
    }


def _hop(hop: HopPlace) -> dict[str, Any]:
    return {
        "id": hop.id,
        "file": hop.file,
        "line": hop.line,
        "passes": hop.passes,
        "request": hop.request,
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "text": one.text,
        "tell": one.tell,
        "run": list(one.run),
        "rules": list(one.rules),
        "settled": one.settled,
    }


def _root(root: Root) -> dict[str, Any]:
    return {
        "rule": root.rule,
        "severity": root.severity or None,
        "message": root.message,
        "places": [
            {"file": one.file, "line": one.line, "text": one.text, "message": one.note}
            for one in root.places
        ],
        "fix": root.fix or None,
        "fingerprint": root.fingerprint or None,
        "look": list(root.look),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    minutes = ((_minute(minute), count) for minute, count in sorted(tally.minutes.items()))
    return {
        "count": tally.count,
        "first": None if tally.first is None else tally.first.isoformat(),
        "last": None if tally.last is None else tally.last.isoformat(),
        "minutes": dict(minutes),
        "methods": _counts(tally.methods),
        "paths": _counts(tally.paths),
        "clients": _counts(tally.clients),
        "example": tally.example,
    }


@lru_cache(1 << 12)
def _minute(minute: int) -> str:
    """A minute in words; the groups of one log have the same ones."""
    return (_EPOCH + timedelta(minutes=minute)).isoformat(timespec="minutes")


def _counts(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _access(access: Access) -> dict[str, Any]:
    without = sorted(
        access.without_line.items(),
        key=lambda item: (-item[1], item[0].source, item[0].answer, item[0].upstream),
    )
    return {
        "requests": access.requests,
        "statuses": _counts(access.statuses),
        "retried": access.retried,
        "without_line": [
            {
                "from": one.source,
                "answer": one.answer,
                "upstream": one.upstream or None,
                "count": count,
            }
            for one, count in without
        ],
        "unread": access.unread,
        "example": access.example,
    }


def _totals(diagnosis: Diagnosis) -> dict[str, int]:
    return {
        "upstream": sum(one.tally.count for one in diagnosis.groups),
        "failures": sum(one.tally.count for one in diagnosis.failures),
        "unknown": diagnosis.unknown,
        "other": diagnosis.other,
        "access": diagnosis.access_lines,
        "unread": sum(one.count for one in diagnosis.unread),
    }
