"""Puts together what several sources state of the same upstreams and fronts, fact by fact.

Of facts of different standing the highest counts. Two of the highest that differ are a
contradiction: it is reported at both places, and neither counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lint502.declared.claims import ANY, EXCLUDING, Claims, exclusions
from lint502.declared.listeners import Fact
from lint502.findings import Problem
from lint502.nginx.addresses import normal_socket
from lint502.places import Place
from lint502.quoting import dotted, escape


class Merged(Struct, frozen=True):
    """The claims that hold, in the order in which their subjects were first stated, and what
    contradicts itself."""

    claims: tuple[Claims, ...]
    problems: tuple[Problem, ...]


def merge_listeners(sources: Sequence[Sequence[Claims]]) -> Merged:
    """The listeners of all sources; what contradicts itself is not known of an upstream.

    Those of one source are different listeners. One of another source is the same where it has the
    same port or socket; or where neither source lists several, so that each speaks of the upstream
    as a whole.
    """
    named: dict[str, list[list[Claims]]] = {}
    for source in sources:
        of_source: dict[str, list[Claims]] = {}
        for claims in source:
            of_source.setdefault(claims.name, []).append(claims)
        for name, found in of_source.items():
            named.setdefault(name, []).append(found)
    merged: list[Claims] = []
    problems: list[Problem] = []
    for stated in named.values():
        groups, wrong = _listeners(stated)
        problems += wrong
        for group in groups:
            claims, wrong = _together("upstream", group)
            problems += wrong
            merged.append(claims)
    return Merged(tuple(merged), tuple(problems))


def merge_fronts(sources: Sequence[Sequence[Claims]]) -> Merged:
    """The fronts of all sources; one with a contradiction is left out."""
    named: dict[str, list[Claims]] = {}
    for source in sources:
        for claims in source:
            named.setdefault(claims.name, []).append(claims)
    merged: list[Claims] = []
    problems: list[Problem] = []
    for group in named.values():
        claims, wrong = _together("front", group)
        problems += wrong
        if not wrong:
            merged.append(claims)
    return Merged(tuple(merged), tuple(problems))


def _listeners(sources: Sequence[Sequence[Claims]]) -> tuple[list[list[Claims]], list[Problem]]:
    """The listeners of one upstream, each with what every source states of it."""
    if len(sources) == 1:
        return [[claims] for claims in sources[0]], []
    several = any(claims.listed for source in sources for claims in source)
    if not several:
        return [[claims for source in sources for claims in source]], []
    groups: list[list[Claims]] = []
    loose: list[Claims] = []
    apart: list[list[Claims]] = []
    for source in sources:
        known = list(groups)
        for claims in source:
            address = _address(claims)
            if address is None and any(map(claims.leaves_open, _TELLING)):
                apart.append([claims])
                continue
            if address is None and not claims.listed:
                loose.append(claims)
                continue
            same = (at for at, one in enumerate(known) if address and _address(one[0]) == address)
            index = next(same, None)
            group: list[Claims] = [] if index is None else known.pop(index)
            if index is None:
                groups.append(group)
            group.append(claims)
    problems = []
    for claims in loose:
        if len(groups) == 1:
            groups[0].append(claims)
        else:
            problems.append(_which(claims, groups))
            apart.append([replace(claims, unsure=claims.unsure | {ANY})])
            for group in groups:  # any of them may be meant
                group[0] = replace(group[0], unsure=group[0].unsure.union(claims.facts))
    return [*groups, *apart], problems


_TELLING = ("port", "socket")


def _address(claims: Claims) -> tuple[str, object] | None:
    """What tells one listener of an upstream from another."""
    if (socket := claims.facts.get("socket")) is not None:
        return "socket", normal_socket(socket.value)
    port = claims.facts.get("port")
    return None if port is None else ("port", port.value)


def _which(claims: Claims, groups: Sequence[Sequence[Claims]]) -> Problem:
    others = ", ".join(_at(group[0].place) for group in groups)
    return Problem(
        claims.place.file,
        claims.place.line,
        f"[{dotted(('upstream', claims.name))}] has no port and no socket that tells which of its "
        f"listeners is meant: there are those in {others}",
        claims.place.column,
    )


def _together(kind: str, group: Sequence[Claims]) -> tuple[Claims, list[Problem]]:
    """What several sources state of one subject, as one, and where they contradict each other."""
    first = group[0]
    if len(group) == 1 and not first.unsure:
        return first, []
    unsure = frozenset().union(*(claims.unsure for claims in group))
    facts: dict[str, Fact[Any]] = {}
    problems: list[Problem] = []
    for claims in group:
        for key, fact in claims.facts.items():
            known = facts.setdefault(key, fact)
            if known is fact or fact.standing < known.standing:
                continue
            if fact.standing > known.standing:
                facts[key] = fact
            elif _meaning(key, fact.value) != _meaning(key, known.value):
                reason = f"two files may not state different things of one {kind}"
                problems += _contradiction(known.place, fact.place, reason)
                unsure |= {key}
    if group[1:]:
        facts = {key: fact for key, fact in facts.items() if not _denied(key, fact, facts)}
        for key, other, reason in _excluded(facts):
            problems += _contradiction(facts[key].place, facts[other].place, reason)
            unsure |= {key, other}
    facts = {key: fact for key, fact in facts.items() if key not in unsure}
    return Claims(first.name, first.place, facts, first.listed, unsure=unsure), problems


def _denied(key: str, fact: Fact[Any], facts: Mapping[str, Fact[Any]]) -> bool:
    """Whether a claim of higher standing says that there is nothing that a fact could be of:
    ``keepalive = false`` of an idle timeout."""
    table = facts.get(key.partition(".")[0])
    return table is not None and table.value is False and table.standing > fact.standing


def _meaning(key: str, value: Any) -> Any:
    """A value in the one way in which it is compared: lists state sets."""
    if key == "socket":
        return normal_socket(value)
    return frozenset(value) if isinstance(value, tuple) else value


def _excluded(facts: Mapping[str, Fact[Any]]) -> Iterator[tuple[str, str, str]]:
    """Which facts of different sources exclude each other, and why."""
    values = {key: fact.value for key, fact in facts.items()}
    for key in EXCLUDING:
        for other, reason in exclusions(key, values):
            yield key, other, reason


def _contradiction(one: Place, another: Place, reason: str) -> Iterable[Problem]:
    """The same contradiction, seen from either side."""
    for here, there in ((one, another), (another, one)):
        yield Problem(
            here.file,
            here.line,
            f"{_written(here)} contradicts {_written(there)} in {_at(there)}: {reason}",
            here.column,
        )


def _written(place: Place) -> str:
    """A key with its value (the first line of it), as the file writes it."""
    return escape(place.text[place.column - 1 : place.end_column - 1])


def _at(place: Place) -> str:
    return f"{escape(place.file)}, line {place.line}"
