"""The addresses that are declared with one name or at one host, and which of them are near one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import TypeVar

from lint502.declared.listeners import Listener
from lint502.declared.reachable import folded
from lint502.nginx.addresses import Address, normal_socket
from lint502.standing import Standing

T = TypeVar("T", int, str)

NEAREST = 3
"""As many listeners as a message names."""

_NEIGHBOURS = 8
"""As many sockets on either side of one, in the order of their paths, are compared with it."""


class DeclaredAddresses:
    """Listeners that are declared with one name, at one host, or with a socket.

    They are looked at when that is asked for: most targets have the address of a listener.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners

    @cached_property
    def anywhere(self) -> Sequence[Listener]:
        """Those with neither port nor socket, so that any address may be theirs."""
        return [one for one in self._listeners if _where(one) is None]

    @cached_property
    def at(self) -> Mapping[int | str | None, Mapping[str, Listener]]:
        """The others by port or socket and by upstream."""
        found: dict[int | str | None, dict[str, Listener]] = {}
        for listener in self._listeners:
            where = _where(listener)
            if where is not None:
                found.setdefault(where, {}).setdefault(listener.upstream, listener)
        return found

    @cached_property
    def total(self) -> int:
        """How many ``at`` has."""
        return sum(map(len, self.at.values()))

    @cached_property
    def upstreams(self) -> Collection[str]:
        """The upstreams of those that ``at`` has."""
        return {upstream for there in self.at.values() for upstream in there}

    @cached_property
    def names(self) -> frozenset[str]:
        """What the upstreams are called, as names are compared."""
        return frozenset(map(folded, self.upstreams))

    @cached_property
    def stated(self) -> bool:
        """Whether it is stated where all of what runs there listens, so that nothing else can."""
        return all(
            one.derived and one.port is not None and one.port.standing is Standing.STATED
            for there in self.at.values()
            for one in there.values()
        )

    @cached_property
    def _ports(self) -> list[int]:
        return sorted(where for where in self.at if isinstance(where, int))

    @cached_property
    def _sockets(self) -> list[str]:
        return sorted(where for where in self.at if isinstance(where, str))

    @cached_property
    def _backwards(self) -> list[str]:
        return sorted(path[::-1] for path in self._sockets)

    @property
    def sole_upstream(self) -> str | None:
        """The one upstream that they belong to, if it is one."""
        return next(iter(self.upstreams)) if len(self.upstreams) == 1 else None

    def nearest(self, address: Address) -> tuple[Listener, ...]:
        """What there is instead of ``address``: first what is on a port, or a socket, as it is."""
        near: Iterable[int | str]
        if address.socket is None:
            near = chain(self._near_ports(address.port or 0), self._sockets)
        else:
            near = chain(self._near_sockets(address.socket), self._ports)
        listeners = chain.from_iterable(self.at[where].values() for where in near)
        return tuple(islice(listeners, NEAREST))

    def _near_ports(self, port: int) -> list[int]:
        return sorted(_around(self._ports, port, NEAREST), key=lambda other: abs(other - port))

    def _near_sockets(self, path: str) -> list[str]:
        """The paths with the least to change, of those that start or end like ``path``."""
        starting = _around(self._sockets, path, _NEIGHBOURS)
        ending = (other[::-1] for other in _around(self._backwards, path[::-1], _NEIGHBOURS))
        return sorted({*starting, *ending}, key=lambda other: (_difference(other, path), other))


def _where(listener: Listener) -> int | str | None:
    """The port or the path of the socket that is declared, if one is."""
    if listener.socket is not None:
        return normal_socket(listener.socket.value)
    return listener.port.value if listener.port is not None else None


def _around(ordered: Sequence[T], value: T, most: int) -> Sequence[T]:
    """Up to ``most`` on either side of where a value belongs."""
    index = bisect_left(ordered, value)
    return ordered[max(index - most, 0) : index + most]


def _difference(one: str, other: str) -> int:
    """How many characters two paths have between the start and the end that they share."""
    start = _same_start(one, other)
    end = _same_start(one[start:][::-1], other[start:][::-1])
    return len(one) + len(other) - 2 * (start + end)


def _same_start(one: str, other: str) -> int:
    """How many characters two texts have in common before they differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
