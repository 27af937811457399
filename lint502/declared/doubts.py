"""What mistakes in spec files leave open: nobody knows whether what they are about is declared."""

from __future__ import annotations

from collections.abc import Iterable

from lint502.declared.likeliest import called
from lint502.declared.listeners import Listener, Spec
from lint502.declared.reachable import LOOPBACK, canonical, folded, reachable_hosts
from lint502.nginx.hops import Target

_MOST = 200
"""Listeners of which it is not known where they listen that are looked at for each target."""


class Doubts:
    """The listeners of which a mistake leaves open where they listen."""

    def __init__(self, spec: Spec) -> None:
        self._lost = spec.lost
        self._listeners = [
            listener
            for upstream in spec.upstreams
            for listener in upstream.listeners
            if listener.address_unsure
        ]
        self._names = {listener.upstream for listener in self._listeners}

    def __bool__(self) -> bool:
        return self._lost is not None or bool(self._listeners)

    def bear_on(self, upstreams: Iterable[str]) -> bool:
        """Whether it is not known where one of some upstreams listens."""
        return not self._names.isdisjoint(upstreams)

    def of(self, target: Target, reached: Listener | None) -> str | None:
        """The mistake that leaves open what is declared of a target, which reaches a listener as
        far as is known."""
        if reached is not None and not reached.blank:
            return _words(reached) if reached.hollow else None
        for listener in self._listeners[:_MOST]:
            if _may_be(listener, target):
                return _words(listener)
        return self._lost if len(self._listeners) <= _MOST else _words(self._listeners[0])


def _may_be(listener: Listener, target: Target) -> bool:
    """Whether a target may be meant by a listener of which it is not known where it listens."""
    if folded(listener.upstream) in map(folded, called(target)):
        return True
    address = target.address
    if "hosts" in listener.unsure:
        return True
    if address.socket is not None:
        return listener.port is None
    if listener.port is not None and "*" not in listener.unsure and listener.hosts_declared:
        return False
    hosts = reachable_hosts(listener)
    host = canonical(address.host)
    return host in hosts or (host == LOOPBACK and not listener.hosts_declared)


def _words(listener: Listener) -> str:
    place = listener.place
    return f"a mistake in {place.file}:{place.line} leaves open what {listener.upstream} is"
