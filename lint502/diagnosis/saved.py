"""Diagnoses that were saved as JSON, and several of them put together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast, get_args

from msgspec.structs import replace

from lint502.diagnosis.access.answers import wider
from lint502.diagnosis.causes import About, Candidate, Cause
from lint502.diagnosis.counts import merge_tallies
from lint502.diagnosis.diagnosis import (
    Access,
    Diagnosis,
    Group,
    HopPlace,
    Root,
    RootPlace,
    Unread,
    WithoutLine,
    in_order,
)
from lint502.diagnosis.statements import Tally
from lint502.reading import UnreadableError, read_regular, shown

T = TypeVar("T")

_MAX_BYTES = 256 * 1024**2
_EPOCH = datetime(1970, 1, 1)


class NoDiagnosisError(Exception):
    """A file that is no saved diagnosis; ``str()`` names it and says why."""


def read(path: str) -> Diagnosis:
    """A diagnosis that ``lint502 diagnose --format json`` has written. Raises
    :class:`NoDiagnosisError`."""
    name = shown(path)
    try:
        data = json.loads(read_regular(path, _MAX_BYTES))
    except UnreadableError as error:
        raise NoDiagnosisError(f"{name}: {error}") from None
    except (ValueError, RecursionError):
        raise NoDiagnosisError(f"{name} is no JSON") from None
    if not isinstance(data, dict) or "groups" not in data or "totals" not in data:
        raise NoDiagnosisError(f"{name} is not what lint502 diagnose --format json writes")
    if data.get("schema_version") != 1:
        raise NoDiagnosisError(f"{name} is of a version of lint502 whose form is not known")
    try:
        return _diagnosis(data)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise NoDiagnosisError(
            f"{name} is not what lint502 diagnose --format json writes"
        ) from None


def together(diagnoses: Iterable[Diagnosis]) -> Diagnosis:
    """All of them in one, as if one run had read all logs."""
    every = list(diagnoses)
    groups: dict[tuple[object, ...], Group] = {}
    for group in (group for one in every for group in one.groups):
        known = groups.get(group.key)
        if known is None:
            groups[group.key] = group
            continue
        tally = merge_tallies(known.tally, group.tally)
        took = known.took
        for seconds in group.took or ():
            took = wider(took, seconds)
        groups[group.key] = replace(
            known,
            tally=tally,
            answers=known.answers + group.answers,
            root=known.root or group.root,
            took=took,
        )
    accesses = [one.access for one in every if one.access is not None]
    return Diagnosis(
        in_order(groups.values()),
        sum(one.other for one in every),
        sum(one.access_lines for one in every),
        _unread(line for one in every for line in one.unread),
        _each_once(one.logs for one in every),
        _each_once(one.roots for one in every),
        _accesses(accesses) if accesses else None,
        _each_once(one.fronts for one in every),
        _each_once(one.problems for one in every),
    )


def _each_once(lists: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(one for items in lists for one in items))


def _unread(lines: Iterable[Unread]) -> tuple[Unread, ...]:
    found: dict[str, Unread] = {}
    for one in lines:
        known = found.get(one.kind)
        found[one.kind] = one if known is None else replace(known, count=known.count + one.count)
    return tuple(found.values())


def _accesses(accesses: list[Access]) -> Access:
    return Access(
        sum(one.requests for one in accesses),
        sum((one.statuses for one in accesses), Counter()),
        sum((one.without_line for one in accesses), Counter()),
        sum(one.retried for one in accesses),
        sum(one.unread for one in accesses),
        next((one.example for one in accesses if one.example), ""),
    )


def _diagnosis(data: Mapping[str, Any]) -> Diagnosis:
    totals = data["totals"]
    access = data.get("access")
    return Diagnosis(
        tuple(_group(one) for one in data["groups"]),
        _int(totals["other"]),
        _int(totals["access"]),
        tuple(
            Unread(_text(one["kind"]), _int(one["count"]), _text(one["example"]))
            for one in data["unread"]
        ),
        _texts(data["logs"]),
        _texts(data["roots"]),
        None if access is None else _access(access),
        _texts(data["fronts"]),
        _texts(data["problems"]),
    )


def _group(data: Mapping[str, Any]) -> Group:
    return Group(
        Cause(
            _text(data["cause"]),
            _text(data["title"]),
            tuple(map(_candidate, data["candidates"])),
            _maybe(_int, data["status"]),
            data["failure"] is True,
            _about(data["about"]),
            _maybe(_text, data["message"]),
        ),
        _text(data["upstream"] or ""),
        _tally(data),
        _maybe(_hop, data["hop"]),
        _text(data["hop_unknown"] or ""),
        tuple(map(_hop, data["hops"])),
        _maybe(_root, data["root"]),
        _text(data["kind"] or ""),
        _counts(data["answers"]),
        _maybe(_span, data["took"]),
    )


def _hop(data: Mapping[str, Any]) -> HopPlace:
    return HopPlace(
        _text(data["id"]),
        _text(data["file"]),
        _int(data["line"]),
        _text(data["passes"]),
        _text(data["request"]),
    )


def _candidate(data: Mapping[str, Any]) -> Candidate:
    return Candidate(
        _text(data["text"]),
        _text(data["tell"]),
        _texts(data["run"]),
        _texts(data["rules"]),
        data["settled"] is True,
    )


def _about(value: Any) -> About:
    if value not in get_args(About):
        raise ValueError
    return cast("About", value)


def _root(data: Mapping[str, Any]) -> Root:
    return Root(
        _maybe(_text, data["rule"]),
        _text(data["severity"] or ""),
        _text(data["message"]),
        tuple(
            RootPlace(
                _text(one["file"]), _int(one["line"]), _text(one["text"]), _text(one["message"])
            )
            for one in data["places"]
        ),
        _text(data["fix"] or ""),
        _text(data["fingerprint"] or ""),
        _texts(data["look"]),
    )


def _tally(data: Mapping[str, Any]) -> Tally:
    return Tally(
        _int(data["count"]),
        _maybe(_time, data["first"]),
        _maybe(_time, data["last"]),
        Counter({_minute(at): _int(count) for at, count in data["minutes"].items()}),
        _counts(data["methods"]),
        _counts(data["paths"]),
        _counts(data["clients"]),
        _text(data["example"]),
    )


def _access(data: Mapping[str, Any]) -> Access:
    without = {
        WithoutLine(_text(one["from"]), _text(one["answer"]), _text(one["upstream"] or "")): _int(
            one["count"]
        )
        for one in data["without_line"]
    }
    return Access(
        _int(data["requests"]),
        _counts(data["statuses"]),
        Counter(without),
        _int(data["retried"]),
        _int(data["unread"]),
        _text(data["example"]),
    )


def _minute(text: str) -> int:
    return int((_time(text) - _EPOCH).total_seconds()) // 60


def _time(text: Any) -> datetime:
    at = datetime.fromisoformat(_text(text))
    if at.tzinfo is not None:
        raise ValueError
    return at


def _span(value: Any) -> tuple[float, float]:
    shortest, longest = value
    if not isinstance(shortest, (int, float)) or not isinstance(longest, (int, float)):
        raise TypeError
    return float(shortest), float(longest)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _int(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError
    return tuple(map(_text, values))


def _counts(data: Mapping[str, Any]) -> Counter[str]:
    return Counter({_text(name): _int(count) for name, count in data.items()})


def _maybe(read_one: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else read_one(value)
