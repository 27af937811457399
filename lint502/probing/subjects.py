"""What is to be asked: the addresses that are claimed for upstreams, each with what is claimed."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from lint502.declared.listeners import Fact, Listener, is_blank
from lint502.declared.reachable import LOOPBACK, reachable_hosts
from lint502.declared.upstreams import FIELDS
from lint502.deployment.viewpoint import Viewpoint
from lint502.nginx.addresses import Address, normal_socket
from lint502.places import Place
from lint502.site import Site

MOST_ADDRESSES = 4
"""Of one listener."""


class Subject(Struct, frozen=True):
    """An address that is claimed for a listener of an upstream. ``place`` is where the address is
    claimed, ``host`` and ``where`` what claims its host and its port or socket. ``inside`` is the
    network that it is claimed for, where that is not the machine's. ``published``: it is the port
    of the machine that leads to it."""

    upstream: str
    listener: Listener
    address: Address
    place: Place
    inside: Viewpoint | None = None
    published: bool = False

    def claims(self) -> Mapping[str, Fact[Any]]:
        """What is claimed of it, by key."""
        found = ((key, getattr(self.listener, name)) for key, name in FIELDS.items())
        return {key: fact for key, fact in found if fact is not None}


class Chosen(Struct, frozen=True):
    """The addresses to ask, and what is not asked: of each the upstream, and why."""

    subjects: tuple[Subject, ...]
    left: tuple[tuple[str, str], ...]


def names(sites: Iterable[Site]) -> tuple[str, ...]:
    """The upstreams that are claimed."""
    return tuple(dict.fromkeys(one.name for site in sites for one in site.spec.upstreams))


def chosen(sites: Sequence[Site], wanted: Container[str], *, here: bool = False) -> Chosen:
    """The addresses claimed for the upstreams that are ``wanted``, or where none is named, for
    those that are declared or that hops reach. ``here``: this is where nginx runs, so that its
    names and its loopback are the ones of this machine."""
    subjects: dict[tuple[str, str], Subject] = {}
    left: dict[tuple[str, str], None] = {}
    for site in sites:
        targets = _targets(site)
        view = site.spec.viewpoint
        inside = None if here or view is None or view.on_machine else view
        for upstream in site.spec.upstreams:
            reached = any(_key(one) in targets for one in upstream.listeners)
            named = upstream.name in wanted if wanted else reached or not upstream.derived
            if not named:
                continue
            if is_blank(upstream) and not reached:
                left[upstream.name, "nothing is claimed of it, and no hop leads to it"] = None
            for listener in upstream.listeners:
                if _is_udp(listener):
                    left[upstream.name, "it speaks UDP, which answers only who knows it"] = None
                    continue
                found = list(dict(_addresses(listener, targets.get(_key(listener), {}))).items())
                for address, place in found[:MOST_ADDRESSES]:
                    subject = _seen(upstream.name, listener, address, place, inside)
                    subjects.setdefault((upstream.name, str(subject.address)), subject)
                for address, _ in found[MOST_ADDRESSES:]:
                    left[upstream.name, f"{address}: only {MOST_ADDRESSES} addresses are asked"] = (
                        None
                    )
                if not found and not is_blank(upstream):
                    left[upstream.name, "nothing claims its port, nor does a hop lead to it"] = None
    return Chosen(tuple(subjects.values()), tuple(left))


def _is_udp(listener: Listener) -> bool:
    return listener.protocol is not None and listener.protocol.value == "udp"


_Key = tuple[str, object]


def _key(listener: Listener) -> _Key:
    """What tells a listener from the others of its upstream."""
    if listener.socket is not None:
        return listener.upstream, normal_socket(listener.socket.value)
    return listener.upstream, None if listener.port is None else listener.port.value


def _targets(site: Site) -> dict[_Key, dict[Address, Place]]:
    """The addresses by which hops reach each listener, with the lines that have them."""
    found: dict[_Key, dict[Address, Place]] = {}
    for hop in site.hops:
        for pair in site.pairs[hop.id]:
            address = pair.target.address
            connects = address.socket is not None or address.port is not None
            if pair.listener is None or pair.mismatch is not None or pair.doubt or not connects:
                continue
            there = found.setdefault(_key(pair.listener), {})
            there.setdefault(address, pair.target.place())
    return found


def _addresses(
    listener: Listener, targets: Mapping[Address, Place]
) -> Iterator[tuple[Address, Place]]:
    """Where a listener is claimed to be: as nginx connects to it, or else by its hosts and port."""
    if targets:
        yield from targets.items()
    elif listener.socket is not None:
        yield Address(socket=normal_socket(listener.socket.value)), listener.socket.place
    elif listener.port is not None:
        port = listener.port.value
        hosts = [one for one in reachable_hosts(listener) if one != listener.upstream.lower()]
        if not listener.hosts_declared and LOOPBACK in hosts:
            hosts = [LOOPBACK]
        for host in hosts or reachable_hosts(listener):
            yield Address(host, port, port_written=True), listener.port.place


def _seen(
    upstream: str, listener: Listener, address: Address, place: Place, inside: Viewpoint | None
) -> Subject:
    """An address as this machine reaches it, if it does: what a container publishes."""
    if inside is not None and listener.published is not None and listener.published.value:
        port = listener.published.value[0]
        outside = Address(LOOPBACK, port, port_written=True)
        return Subject(upstream, listener, outside, listener.published.place, None, published=True)
    return Subject(upstream, listener, address, place, inside)
