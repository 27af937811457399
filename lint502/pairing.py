"""Which listener a target reaches: the declared side's half of a hop."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from lint502.declared.doubts import Doubts
from lint502.declared.likeliest import Alike, called, speaks, spelled
from lint502.declared.listeners import Listener, Spec, hinted, is_blank
from lint502.declared.nearest import DeclaredAddresses
from lint502.declared.reachable import (
    LOOPBACK,
    canonical,
    folded,
    goes_beyond,
    has_other_hosts,
    is_elsewhere,
    is_of_containers,
    is_private,
    other_hosts,
    reachable_hosts,
)
from lint502.nginx.addresses import Address, normal_socket
from lint502.nginx.hops import Hop, Target
from lint502.nginx.pass_values import Kind

if TYPE_CHECKING:
    from lint502.deployment.viewpoint import Viewpoint

FROM_CONTAINERS = ("host.docker.internal", "host.containers.internal")
"""How a container calls the machine on which it runs.

Sources: https://docs.docker.com/desktop/features/networking/ and podman-run(1), ``--add-host``.
"""

_OF_THE_MACHINE = (LOOPBACK, *FROM_CONTAINERS)
"""By what a port that is published on the machine is reached there, and from its containers."""


class Mismatch(Struct, frozen=True, eq=False):
    """A target whose host or name is declared, but not with this port or socket.

    ``certain``: nothing that answers there can have been left undeclared. ``nearest`` has the
    nearest few of the listeners that are declared there, nearest first; ``total`` counts them all,
    those of one upstream at one port or socket as one. ``upstream`` is the one that is meant; None
    where several may be. ``elsewhere``: this port is declared, but on another machine or in another
    container, and nginx connects to its own; ``nearest`` then has all of them, or where none is
    said to be there, those that are declared by other hosts alone. Targets that are called alike,
    at one address, share one mismatch, and so do those that the same listeners ``elsewhere`` may be
    meant by. ``by_host``: the host alone says that this upstream is meant. ``upstreams`` are those
    of the ``nearest``; ``guessed``: it is ``elsewhere`` by the hosts alone.
    """

    certain: bool
    nearest: tuple[Listener, ...]
    total: int
    upstream: str | None
    elsewhere: bool = False
    by_host: bool = False
    upstreams: Mapping[str, None] = {}
    guessed: bool = False

    def __post_init__(self) -> None:
        names = dict.fromkeys(listener.upstream for listener in self.nearest)
        hosts_alone = all(listener.same_host is None for listener in self.nearest)
        force_setattr(self, "upstreams", names)
        force_setattr(self, "guessed", self.elsewhere and bool(self.nearest) and hosts_alone)


class Pair(Struct, frozen=True, eq=False):
    """A target and the listener that it reaches; neither listener nor mismatch: undeclared.

    ``doubt``: the mistake in a spec file that leaves open what is declared of the target.
    ``undeclared``: nothing is stated of what it reaches, but perhaps a name. ``meant`` is the
    listener that it reaches, or where the address is wrong, the only one that can be meant: with
    the right address it would be reached.
    """

    hop: Hop
    target: Target
    listener: Listener | None = None
    mismatch: Mismatch | None = None
    doubt: str | None = None
    undeclared: bool = False
    meant: Listener | None = None

    def __post_init__(self) -> None:
        undeclared = (
            self.doubt is None
            and self.mismatch is None
            and (self.listener is None or self.listener.blank)
        )
        meant = None if undeclared else self.listener
        mismatch = self.mismatch
        if mismatch is not None and mismatch.certain and mismatch.total == 1:
            meant = mismatch.nearest[0]
        force_setattr(self, "undeclared", undeclared)
        force_setattr(self, "meant", meant)


def _address(listener: Listener) -> Address:
    """Where a listener is found."""
    if listener.socket is not None:
        return Address(socket=normal_socket(listener.socket.value))
    port = 80 if listener.port is None else listener.port.value
    host = next(iter(listener.hosts), listener.upstream).strip("[]").lower()
    return Address(host, port, port_written=listener.port is not None)


_Found = tuple[Listener | None, Mismatch | None]
_Known = tuple[Listener | None, Mismatch | None, str | None]


class Pairing:
    """Finds listeners by address and by name, in time that hardly grows with their number."""

    def __init__(self, spec: Spec) -> None:
        """Where a mistake in the spec leaves open what else is declared, or where something
        listens, only names and exact addresses count."""
        self._upstreams = {upstream.name.lower(): upstream.listeners for upstream in spec.upstreams}
        blank = {one.name: one.listeners[0] for one in spec.upstreams if is_blank(one)}
        self._blank = {folded(name): one for name, one in reversed(blank.items())} | blank
        filled = tuple(one for one in spec.upstreams if one.name not in blank)
        spec = replace(spec, upstreams=filled)
        self._complete = spec.complete
        self._doubts = Doubts(spec)
        self._whole = not self._doubts
        self._view = spec.viewpoint
        inside = self._view is not None and not self._view.on_machine
        machine = FROM_CONTAINERS if inside else _OF_THE_MACHINE
        self._addresses: dict[tuple[str, int], list[Listener]] = {}
        self._published: dict[tuple[str, int], list[Listener]] = {}
        self._published_ports: dict[int, list[Listener]] = {}
        self._sockets: dict[str, list[Listener]] = {}
        self._elsewhere: dict[int, list[Listener]] = {}
        self._by_other_hosts: dict[int, list[Listener]] = {}
        hosts: dict[str, list[Listener]] = {LOOPBACK: []}
        for upstream in spec.upstreams:
            for listener in upstream.listeners:
                if listener.socket is not None:
                    path = normal_socket(listener.socket.value)
                    self._sockets.setdefault(path, []).append(listener)
                reachable = reachable_hosts(listener)
                if listener.port is not None and is_elsewhere(listener, reachable):
                    self._elsewhere.setdefault(listener.port.value, []).append(listener)
                elif listener.port is not None and has_other_hosts(listener, reachable):
                    self._by_other_hosts.setdefault(listener.port.value, []).append(listener)
                for port in listener.published.value if listener.published is not None else ():
                    for host in machine:
                        self._published.setdefault((host, port), []).append(listener)
                    self._published_ports.setdefault(port, []).append(listener)
                for host in reachable:
                    hosts.setdefault(host, []).append(listener)
                    if listener.port is not None:
                        self._addresses.setdefault((host, listener.port.value), []).append(listener)
        self._hosts = frozenset(
            folded(host)
            for upstream in spec.upstreams
            for listener in upstream.listeners
            if listener.hosts_declared
            for host in other_hosts(listener)
        )
        self._at_hosts = {
            host: DeclaredAddresses([item for item in listeners if item.socket is None])
            for host, listeners in hosts.items()
        }
        self._on_loopback = hosts[LOOPBACK]
        self._at_local: dict[tuple[bool, Kind], DeclaredAddresses] = {}
        self._owners = {
            host: DeclaredAddresses(listeners)
            for host, listeners in hosts.items()
            if host != LOOPBACK and len({listener.upstream for listener in listeners}) == 1
        }
        exact = {
            upstream.name: DeclaredAddresses(upstream.listeners)
            for upstream in spec.upstreams
            if not upstream.derived  # its names are hosts, whatever a block is called
        }
        small = {folded(name): declared for name, declared in reversed(exact.items())}
        self._names = small | exact
        self._found: dict[tuple[str, str, Address, Kind], _Known] = {}
        self._all_elsewhere = tuple(chain.from_iterable(self._elsewhere.values()))
        self._alike: dict[int, Alike] = {}
        self._mismatches: dict[tuple[int, bool], Mismatch] = {}

    def behind(self, name: str) -> list[Address]:
        """The addresses of the upstream of a name, in lower case. Where it declares no port, any
        will do: the listener is found by the name."""
        return [_address(listener) for listener in self._upstreams.get(name, ())]

    def is_host(self, name: str) -> bool:
        """Whether a name, in lower case, is declared to be a host by which nginx reaches something;
        the names of upstreams themselves may be those of blocks."""
        return name in self._hosts

    def pairs(
        self, hops: Iterable[Hop], unreached: Container[str] = ()
    ) -> Mapping[str, tuple[Pair, ...]]:
        """What the targets of the hops of a root reach, by the ids of the hops: by address, then by
        name, then by a host that they share.

        A wrong port of a host is less than certain where other requests get to the right one: it is
        likely a second service there that nobody has declared, unless the block is called like the
        upstream. So is a port on the loopback that might mean an upstream of another host. No
        requests get to the ``unreached``.
        """
        found = {hop.id: tuple(self._pair(hop, target) for target in hop.targets) for hop in hops}
        if self._complete:
            return found
        ways: dict[str, set[object]] = {}
        for pair in (pair for hop in hops if hop.id not in unreached for pair in found[hop.id]):
            if pair.listener is not None:
                ways.setdefault(pair.listener.upstream, set()).add(_way(pair))
        doubtful: dict[int, Mismatch] = {}
        reached: dict[int, bool] = {}

        def weighed(pair: Pair) -> Pair:
            mismatch = pair.mismatch
            if mismatch is None:
                return pair
            if mismatch.guessed:
                if id(mismatch) not in reached:
                    reached[id(mismatch)] = any(name in ways for name in mismatch.upstreams)
                if reached[id(mismatch)]:
                    return replace(pair, mismatch=None)
            if not mismatch.by_host or mismatch.upstream is None:
                return pair
            if ways.get(mismatch.upstream, set()) <= {_way(pair)}:
                return pair
            less = doubtful.get(id(mismatch)) or replace(mismatch, certain=False)
            doubtful[id(mismatch)] = less
            return replace(pair, mismatch=less)

        return {hop: tuple(map(weighed, pairs)) for hop, pairs in found.items()}

    def _pair(self, hop: Hop, target: Target) -> Pair:
        key = (spelled(target), target.name, target.address, hop.kind)  # many hops share a block
        found = self._found.get(key)
        if found is None:
            listener, mismatch = self._find(target, hop.kind)
            if listener is None and mismatch is None:
                names = (name for name in called(target) if name in self._blank)
                listener = self._blank.get(next(names, ""))
            doubt = self._doubts.of(target, listener) if mismatch is None else None
            found = self._found[key] = listener, mismatch, doubt
        return Pair(hop, target, *found)

    def _find(self, target: Target, kind: Kind) -> _Found:
        address = target.address
        exact = self._exact(address)
        if exact:
            return self._likeliest(exact, target, kind), None
        meant = self._start_of(address)
        if meant:
            listener = self._likeliest(meant, target, kind)
            return None, Mismatch(True, (listener,), 1, listener.upstream)
        named = self._named(target)
        if named is None:
            return self._shared(address, kind)
        if address.port in named.at:
            return _unless_elsewhere(next(iter(named.at[address.port].values())), address)
        if named.anywhere:
            return _unless_elsewhere(self._likeliest(named.anywhere, target, kind), address)
        if self._doubts.bear_on(named.upstreams):
            return None, None  # a port or a socket of it is not known
        is_block_of_it = target.block is not None and folded(target.name) in named.names
        by_host = not (is_block_of_it or named.stated)
        return None, _mismatch(named, address, certain=True, by_host=by_host)

    def _likeliest(self, listeners: Sequence[Listener], target: Target, kind: Kind) -> Listener:
        """The one that is meant of some listeners, which live as long as this does."""
        if id(listeners) not in self._alike:
            self._alike[id(listeners)] = Alike(listeners)
        return self._alike[id(listeners)].likeliest(target, kind)

    def _exact(self, address: Address) -> Sequence[Listener]:
        if address.socket is not None:
            return self._sockets.get(address.socket, ())
        if address.port is None:
            return ()
        where = (canonical(address.host), address.port)
        return self._addresses.get(where) or self._published.get(where) or ()

    def _start_of(self, address: Address) -> Sequence[Listener]:
        """The listeners at the socket that a path goes beyond: no file is below a socket, and what
        stands behind a colon is meant as a URI."""
        path = address.socket or ""
        for end in (index for index in range(1, len(path)) if goes_beyond(path[index:])):
            if path[:end] in self._sockets:
                return self._sockets[path[:end]]
        return ()

    def _named(self, target: Target) -> DeclaredAddresses | None:
        host = folded(target.address.host)
        if self._view is not None and host in self._view.names:
            return self._owners.get(host)  # what it is the name of, whatever the block is called
        for name in called(target):
            if name in self._names:
                return self._names[name]
        return self._owners.get(canonical(target.address.host))

    def _shared(self, address: Address, kind: Kind) -> _Found:
        """By a host where something undeclared may listen too; a socket is on nginx's own."""
        host = LOOPBACK if address.socket is not None else canonical(address.host)
        if self._view is not None and self._view.on_machine and is_private(address):
            return self._published_there(address)
        if self._view is not None and host == LOOPBACK and address.socket is None:
            return self._on_own_loopback(address, kind, self._view)
        at_host = self._at_hosts.get(host)
        if at_host is None or not self._whole:
            return None, None
        if at_host.anywhere:  # the one, or one of several, that may be meant
            return at_host.anywhere[0] if len(at_host.anywhere) == 1 else None, None
        others: Sequence[Listener] = ()
        if host == LOOPBACK and address.port is not None:
            others = self._elsewhere.get(address.port) or ()
            others = others or self._by_other_hosts.get(address.port, ())
        if others:
            return None, self._mismatch_elsewhere(others, certain=self._complete)
        declared = at_host if host != LOOPBACK else self._locally(address.socket is not None, kind)
        if declared.total or (self._complete and host == LOOPBACK):
            return None, _mismatch(declared, address, certain=self._complete)
        return None, None

    def _published_there(self, address: Address) -> _Found:
        """By a port that one container alone publishes, at the address of another machine, or of a
        container: it is likely the one that is meant."""
        there: Sequence[Listener] = self._published_ports.get(address.port or 0, ())
        if len({listener.upstream for listener in there}) != 1:
            return None, None
        listener = there[0]
        own = listener.port
        if is_of_containers(address) and own is not None and own.value != address.port:
            return None, Mismatch(False, (listener,), 1, listener.upstream)
        return hinted(listener), None

    def _on_own_loopback(self, address: Address, kind: Kind, view: Viewpoint) -> _Found:
        """Where it is known what listens in nginx's network namespace, and that is not there."""
        if not self._whole or not (view.loopback_known or self._complete):
            return None, None
        others: Sequence[Listener] = ()
        if address.port is not None:
            others = self._elsewhere.get(address.port) or ()
            others = others or self._published_ports.get(address.port, ())
        if not others:
            local = self._locally(False, kind)
            if local.total:
                return None, _mismatch(local, address, certain=True)
            others = self._all_elsewhere
        return None, self._mismatch_elsewhere(others, certain=True)

    def _mismatch_elsewhere(self, others: Sequence[Listener], *, certain: bool) -> Mismatch:
        """The mismatch of targets that some listeners, which live as long as this, are meant by."""
        key = id(others), certain
        if key not in self._mismatches:
            sole = others[0].upstream if len({item.upstream for item in others}) == 1 else None
            found = Mismatch(certain, tuple(others), len(others), sole, elsewhere=True)
            self._mismatches[key] = found
        return self._mismatches[key]

    def _locally(self, socket: bool, kind: Kind) -> DeclaredAddresses:
        """What is on nginx's own host by sockets, or else by ports; and by the other of the two
        what speaks the hop's protocol, for it may have moved there."""
        found = self._at_local.get((socket, kind))
        if found is None:
            found = self._at_local[socket, kind] = DeclaredAddresses(
                [
                    listener
                    for listener in chain(self._on_loopback, *self._sockets.values())
                    if ((listener.socket is not None) is socket and not listener.derived)
                    or speaks(listener, kind)
                ]
            )
        return found


def _mismatch(
    declared: DeclaredAddresses, address: Address, *, certain: bool, by_host: bool = False
) -> Mismatch:
    upstream = declared.sole_upstream if certain else None
    return Mismatch(certain, declared.nearest(address), declared.total, upstream, by_host=by_host)


def _unless_elsewhere(listener: Listener, address: Address) -> _Found:
    """A listener that is meant by its name, unless the address is on nginx's own loopback and the
    listener is not."""
    if address.is_loopback and is_elsewhere(listener, reachable_hosts(listener)):
        return None, Mismatch(True, (listener,), 1, listener.upstream, elsewhere=True)
    return listener, None


def _way(pair: Pair) -> object:
    """What leads to a target: its block, whichever hops share it, or else its hop."""
    return pair.target.block or pair.hop.id
