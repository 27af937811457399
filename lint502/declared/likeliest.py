"""Which of several listeners a target means: by what it is called, and by what it speaks."""

from __future__ import annotations

from collections.abc import Sequence

from lint502.declared.listeners import Listener
from lint502.declared.reachable import folded
from lint502.nginx.hops import Target
from lint502.nginx.pass_values import PROTOCOLS, Kind


def speaks(listener: Listener, kind: Kind) -> bool:
    """Whether a listener is known to speak what a pass does."""
    return listener.protocol is not None and listener.protocol.value == PROTOCOLS[kind]


def spelled(target: Target) -> str:
    """What a target is called, as it is spelled where its block is defined."""
    return target.name if target.block is None else target.block.context.args[0]


def called(target: Target) -> tuple[str, str, str]:
    """The names by which a target may mean an upstream, the closest first."""
    return spelled(target), folded(target.name), folded(target.address.host)


_Rank = tuple[bool, bool, int]
"""Whether a listener is not spelled like the target, and speaks something else, and its place."""


class Alike:
    """Several listeners at one address, of which many targets may mean one."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._spelled = {listener.upstream for listener in listeners}
        self._called: dict[str, list[int]] = {}
        for number, listener in enumerate(listeners):
            self._called.setdefault(folded(listener.upstream), []).append(number)
        self._first: dict[tuple[str | None, str, Kind], _Rank] = {}

    def likeliest(self, target: Target, kind: Kind) -> Listener:
        """The one that is meant: by name, then protocol."""
        if len(self._listeners) == 1:
            return self._listeners[0]
        names = called(target)
        there = [name for name in dict.fromkeys(names) if name in self._called]
        ranks = [self._best(name, names[0], kind) for name in there or (None,)]
        return self._listeners[min(ranks)[-1]]

    def _best(self, name: str | None, spelled: str, kind: Kind) -> _Rank:
        """The rank of the first of those that are called so, or of all."""
        key = name, spelled if spelled in self._spelled else "", kind
        if key not in self._first:
            numbers = range(len(self._listeners)) if name is None else self._called[name]
            self._first[key] = min(self._rank(number, spelled, kind) for number in numbers)
        return self._first[key]

    def _rank(self, number: int, spelled: str, kind: Kind) -> _Rank:
        listener = self._listeners[number]
        protocol = listener.protocol.value if listener.protocol is not None else None
        other = protocol is not None and protocol != PROTOCOLS[kind]
        return listener.upstream != spelled, other, number
