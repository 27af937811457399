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


def likeliest(listeners: Sequence[Listener], target: Target, kind: Kind) -> Listener:
    """Of several listeners at one address, the one that is meant: by name, then protocol."""
    if len(listeners) == 1:
        return listeners[0]
    names = called(target)

    def rank(listener: Listener) -> tuple[bool, bool, bool]:
        protocol = listener.protocol.value if listener.protocol is not None else None
        return (
            folded(listener.upstream) not in names,
            listener.upstream != names[0],
            protocol is not None and protocol != PROTOCOLS[kind],
        )

    return min(listeners, key=rank)
