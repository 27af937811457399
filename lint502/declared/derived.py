"""Puts what a deployment states beside what people have declared, which counts before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lint502.declared.claims import Claims, exclusions
from lint502.declared.listeners import Drift, Fact
from lint502.nginx.addresses import is_loopback, normal_socket
from lint502.standing import Standing

_ADDRESS = ("port", "socket")

_NO_DRIFT = frozenset(("hosts", "same_host", "server", "published", "resolvers"))
"""What both sides may say in their own way: hosts are added up, and a server has a version."""


class Combined(Struct, frozen=True):
    """The claims that hold, one for each listener, and where the two sides differ."""

    claims: tuple[Claims, ...]
    drifts: tuple[Drift, ...]


def with_derived(declared: Sequence[Claims], derived: Sequence[Claims]) -> Combined:
    """What is declared, with what is derived of the same listeners, and the rest of what is
    derived.

    They are of the same upstream where they have the same name, or where one of the hosts that are
    declared is one of those that are derived. They are the same listener where the port or the
    socket is the same, or where each side has only one.
    """
    if not derived:
        return Combined(tuple(declared), ())
    filled = {one.name for one in declared if one.facts or one.unsure}
    stated = {one.name for one in derived} - filled
    declared = [one for one in declared if one.name not in stated]  # a table without a key
    of_upstream: dict[str, list[Claims]] = {}
    for one in declared:
        of_upstream.setdefault(one.name, []).append(one)
    owner = {
        host.lower(): name
        for name, listeners in of_upstream.items()
        for one in listeners
        for host in (*_hosts(one), name)
        if not is_loopback(host.strip("[]"))
    }
    groups: dict[str, list[Claims]] = {}
    for one in derived:
        groups.setdefault(one.name, []).append(one)
    claims: list[Claims] = []
    drifts: list[Drift] = []
    rest: list[Claims] = []
    beside: dict[str, list[Claims]] = {}
    for name, group in groups.items():
        names = (host.lower() for one in group for host in (name, *_hosts(one)))
        owning = next((owner[host] for host in names if host in owner), None)
        if owning is None:
            rest += group
        else:
            beside.setdefault(owning, []).extend(group)
    for name, listeners in of_upstream.items():
        left = beside.get(name, [])
        for one in listeners:
            same = _same(one, left, sole=len(listeners) == 1)
            if same is None:
                claims.append(one)
                continue
            left = [other for other in left if other is not same]
            both, differing = _both(one, same)
            claims.append(both)
            drifts += differing
        if any(one.leaves_open(key) for one in listeners for key in _ADDRESS):
            continue
        if not any("port" in one.facts or "socket" in one.facts for one in listeners):
            claims += (replace(other, name=name) for other in left)  # other listeners of it
        else:
            claims += (replace(other, name=name, listed=True) for other in left if _is_firm(other))
    return Combined((*claims, *rest), tuple(drifts))


def _is_firm(claims: Claims) -> bool:
    """Whether it is certain that there is another listener."""
    return any(
        claims.facts[key].standing >= Standing.STATED for key in _ADDRESS if key in claims.facts
    )


def _hosts(claims: Claims) -> Iterable[str]:
    hosts = claims.facts.get("hosts")
    return () if hosts is None else hosts.value


def _same(one: Claims, others: Sequence[Claims], *, sole: bool) -> Claims | None:
    """Of several derived listeners the one that is meant by what is declared."""
    address = _address(one)
    if address is not None:
        found = next((other for other in others if _address(other) == address), None)
        if found is not None:
            return found
    stated = [other for other in others if _is_firm(other)]
    if sole and len(stated) == 1:
        return stated[0]
    return others[0] if sole and len(others) == 1 else None


def _address(claims: Claims) -> tuple[str, object] | None:
    if (socket := claims.facts.get("socket")) is not None:
        return "socket", normal_socket(socket.value)
    port = claims.facts.get("port")
    return None if port is None else ("port", port.value)


def _both(one: Claims, other: Claims) -> tuple[Claims, list[Drift]]:
    """What is declared of a listener, with what is derived of it, and where the two differ."""
    facts: dict[str, Fact[Any]] = dict(one.facts)
    drifts: list[Drift] = []
    moved = next((key for key in _ADDRESS if key in one.facts), None)
    for key, fact in other.facts.items():
        if one.leaves_open(key) or (key in _ADDRESS and any(map(one.leaves_open, _ADDRESS))):
            continue
        known = one.facts.get(key)
        if key == "hosts":
            hosts = (*_hosts(one), *fact.value)
            facts[key] = Fact(tuple(dict.fromkeys(hosts)), (known or fact).place)
        elif known is None and not (moved and key in _ADDRESS):
            facts[key] = fact
        elif key == "server" and known is not None and _is_narrower(fact, known):
            facts[key] = _versioned(fact, known)
            drifts.append(Drift(one.name, key, known, fact))
        else:
            known = known or one.facts[moved or key]
            differs = _meaning(key, known.value) != _meaning(key, fact.value)
            if differs and fact.standing is Standing.STATED and key not in _NO_DRIFT:
                drifts.append(Drift(one.name, key, known, fact))
    values = {key: fact.value for key, fact in facts.items()}
    for key in tuple(facts):
        for excluded, _ in exclusions(key, values):
            loser = excluded if excluded not in one.facts else key
            facts.pop(loser, None)
    return replace(one, facts=_without_denied(facts)), drifts


def _is_narrower(stated: Fact[str], declared: Fact[str]) -> bool:
    """Whether the workers that run are of another class than a name alone means:
    ``gunicorn-gthread`` where ``gunicorn`` is declared."""
    name, running = (one.value.partition("/")[0] for one in (declared, stated))
    return stated.standing is Standing.STATED and running.startswith(f"{name}-")


def _versioned(stated: Fact[str], declared: Fact[str]) -> Fact[str]:
    """The server that is stated, with the version that is declared where it has none."""
    version = declared.value.partition("/")[2]
    if not version or "/" in stated.value:
        return stated
    return replace(stated, value=f"{stated.value}/{version}")


def _without_denied(facts: Mapping[str, Fact[Any]]) -> dict[str, Fact[Any]]:
    """Without facts of something that is declared not to be: the idle timeout of
    ``keepalive = false``."""
    denied = {key for key, fact in facts.items() if fact.value is False}
    return {key: fact for key, fact in facts.items() if key.partition(".")[0] not in denied - {key}}


def _meaning(key: str, value: Any) -> Any:
    if key == "socket":
        return normal_socket(value)
    return frozenset(value) if isinstance(value, tuple) else value
