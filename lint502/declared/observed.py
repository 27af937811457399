"""Puts what a probe saw beside what is declared, which counts before it, and what is derived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from lint502.declared.agreement import agree
from lint502.declared.claims import Claims, exclusions
from lint502.declared.derived import Combined
from lint502.declared.listeners import Drift, Fact
from lint502.nginx.addresses import normal_socket

_ADDRESS = ("port", "socket")


def with_observed(combined: Combined, observed: Sequence[Claims]) -> Combined:
    """The same claims with what was observed of the same listeners. What was observed of an
    upstream that nothing claims any more says nothing."""
    if not observed:
        return combined
    claims = []
    drifts = list(combined.drifts)
    for one in combined.claims:
        alone = sum(other.name == one.name for other in combined.claims) == 1
        for seen in observed:
            if seen.name == one.name and _same(one, seen, alone=alone):
                one, differing = _with(one, seen)
                drifts += differing
        claims.append(one)
    return Combined(tuple(claims), tuple(dict.fromkeys(drifts)))


def _same(one: Claims, seen: Claims, *, alone: bool) -> bool:
    """Whether it was this listener that was seen: by its address, or because there is no other."""
    address = _address(one)
    return alone if address is None else address == _address(seen)


def _address(claims: Claims) -> tuple[str, object] | None:
    if (socket := claims.facts.get("socket")) is not None:
        return "socket", normal_socket(socket.value)
    port = claims.facts.get("port")
    return None if port is None else ("port", port.value)


def _with(one: Claims, seen: Claims) -> tuple[Claims, list[Drift]]:
    facts: dict[str, Fact[Any]] = dict(one.facts)
    drifts: list[Drift] = []
    for key, fact in seen.facts.items():
        known = facts.get(key)
        if key in _ADDRESS or one.leaves_open(key) or (key == "server" and known is not None):
            continue
        if known is None or known.standing < fact.standing:
            facts[key] = fact
        elif known.standing > fact.standing and not agree(key, known.value, fact.value):
            drifts.append(Drift(one.name, key, known, fact))
    for key in tuple(facts):
        values = {other: fact.value for other, fact in facts.items()}
        for other, _ in exclusions(key, values):
            facts.pop(min((key, other), key=lambda name: facts[name].standing), None)
    denied = dict(_denied(facts))
    kept = {
        key: fact
        for key, fact in facts.items()
        if fact.standing > denied.get(key.partition(".")[0], -1) or "." not in key
    }
    return replace(one, facts=kept), drifts


def _denied(facts: dict[str, Fact[Any]]) -> Iterator[tuple[str, int]]:
    """The tables that there are none of, with the standing of who says so."""
    for key, fact in facts.items():
        if fact.value is False and "." not in key:
            yield key, fact.standing
