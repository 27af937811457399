"""Which listener a target reaches: the declared side's half of a hop."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from lint502.nginx.addresses import is_loopback, literal_ip, normal_socket
from lint502.nginx.hops import Hop, Target
from lint502.spec.listeners import Listener, Spec, Upstream

LOOPBACK = "loopback"
"""Stands for every way to write nginx's own network namespace."""

_PROTOCOLS = {
    "proxy": "http",
    "fastcgi": "fastcgi",
    "uwsgi": "uwsgi",
    "scgi": "scgi",
    "grpc": "grpc",
    "memcached": "memcached",
    "stream": "tcp",
}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A target whose host or name is declared, but not with this port or socket.

    ``certain``: nothing that answers there can have been left undeclared. ``nearest`` are the
    listeners that are declared there, nearest first; empty where nothing is.
    """

    certain: bool
    nearest: tuple[Listener, ...]

    @property
    def upstream(self) -> str | None:
        """The upstream that is meant; None where several may be."""
        names = {listener.upstream for listener in self.nearest}
        return names.pop() if self.certain and len(names) == 1 else None


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A target and the listener that it reaches; neither listener nor mismatch: undeclared."""

    hop: Hop
    target: Target
    listener: Listener | None = None
    mismatch: Mismatch | None = None


class Pairing:
    """Finds listeners by address and by name, in time independent of how many there are."""

    def __init__(self, spec: Spec) -> None:
        self._complete = spec.complete
        self._addresses: dict[tuple[str, int], list[Listener]] = {}
        self._sockets: dict[str, list[Listener]] = {}
        self._hosts: dict[str, dict[str, list[Listener]]] = {}
        self._names: dict[str, Upstream] = {}
        for upstream in spec.upstreams:
            self._names[upstream.name.lower()] = upstream
            for listener in upstream.listeners:
                self._add(listener)

    def _add(self, listener: Listener) -> None:
        if listener.socket is not None:
            path = normal_socket(listener.socket.value.path)
            self._sockets.setdefault(path, []).append(listener)
        for host in _reachable_hosts(listener):
            self._hosts.setdefault(host, {}).setdefault(listener.upstream, []).append(listener)
            if listener.port is not None:
                self._addresses.setdefault((host, listener.port.value), []).append(listener)

    def pair(self, hop: Hop, target: Target) -> Pair:
        """What a target reaches: by address, then by name, then by a host that it shares."""
        exact = self._exact(target)
        if exact:
            return Pair(hop, target, _likeliest(exact, hop, target))
        named = self._named(target)
        if named:
            return self._pair_named(hop, target, named)
        shared = self._shared(target)
        if shared is None:
            return Pair(hop, target)
        return Pair(hop, target, mismatch=Mismatch(self._complete, _nearest(shared, target)))

    def _exact(self, target: Target) -> list[Listener]:
        address = target.address
        if address.socket is not None:
            return self._sockets.get(address.socket, [])
        if address.port is None:
            return []
        return self._addresses.get((_canonical(address.host), address.port), [])

    def _named(self, target: Target) -> tuple[Listener, ...]:
        upstream = self._names.get(target.name)
        if upstream is None and target.address.host != target.name:
            upstream = self._names.get(target.address.host)
        if upstream is not None:
            return upstream.listeners
        host = target.address.host
        if host and not is_loopback(host):
            owners = self._hosts.get(host, {})
            if len(owners) == 1:
                return tuple(next(iter(owners.values())))
        return ()

    def _pair_named(self, hop: Hop, target: Target, named: tuple[Listener, ...]) -> Pair:
        address = target.address
        if address.socket is not None:
            if any(listener.socket is None and listener.port is None for listener in named):
                return Pair(hop, target, _likeliest(named, hop, target))
        else:
            for listener in named:
                if listener.port is not None and listener.port.value == address.port:
                    return Pair(hop, target, listener)
            unknown = [item for item in named if item.port is None and item.socket is None]
            if unknown:
                return Pair(hop, target, _likeliest(unknown, hop, target))
        return Pair(hop, target, mismatch=Mismatch(True, _nearest(named, target)))

    def _shared(self, target: Target) -> list[Listener] | None:
        """The listeners of a host where something undeclared may listen too; None: no such host."""
        address = target.address
        if address.socket is not None:
            listeners = [item for items in self._sockets.values() for item in items]
            return listeners if listeners or self._complete else None
        host = _canonical(address.host)
        ported = [
            listener
            for listeners in self._hosts.get(host, {}).values()
            for listener in listeners
            if listener.port is not None
        ]
        return ported if ported or (host == LOOPBACK and self._complete) else None


def _canonical(host: str) -> str:
    if is_loopback(host):
        return LOOPBACK
    ip = literal_ip(host)
    return host if ip is None else str(ip)


def _reachable_hosts(listener: Listener) -> dict[str, None]:
    """The hosts by which nginx may reach a listener, loopback among them where it may be meant."""
    hosts = dict.fromkeys(_canonical(host.lower().strip("[]")) for host in listener.hosts)
    bound = listener.bind.value if listener.bind is not None else ()
    loopback_bound = False
    for address in bound:
        ip = literal_ip(address.strip("[]"))
        if is_loopback(address) and not (ip is not None and ip.is_unspecified):
            loopback_bound = True
        elif ip is not None and not ip.is_unspecified:
            hosts[str(ip)] = None
    same_host = listener.same_host.value if listener.same_host is not None else None
    if same_host or (same_host is None and (loopback_bound or not listener.hosts_declared)):
        hosts[LOOPBACK] = None
    return hosts


def _likeliest(
    listeners: list[Listener] | tuple[Listener, ...], hop: Hop, target: Target
) -> Listener:
    """Of several listeners at one address, the one that the hop means: by name, then protocol."""

    def rank(listener: Listener) -> tuple[bool, bool]:
        protocol = listener.protocol.value if listener.protocol is not None else None
        return (
            listener.upstream.lower() not in (target.name, target.address.host),
            protocol is not None and protocol != _PROTOCOLS[hop.kind],
        )

    return min(listeners, key=rank)


def _nearest(
    listeners: list[Listener] | tuple[Listener, ...], target: Target
) -> tuple[Listener, ...]:
    """Listeners by how near their port or path is to the target's, the nearest first."""
    address = target.address

    def distance(listener: Listener) -> tuple[int, float]:
        if address.socket is not None:
            if listener.socket is None:
                return (1, 0)
            path = normal_socket(listener.socket.value.path)
            return (0, -difflib.SequenceMatcher(None, path, address.socket).ratio())
        if listener.port is None:
            return (1, 0)
        return (0, abs(listener.port.value - (address.port or 0)))

    return tuple(sorted(listeners, key=distance))
