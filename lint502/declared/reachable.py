"""The hosts by which nginx may reach a listener, and whether its own loopback is one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_network

from lint502.declared.listeners import Listener
from lint502.nginx.addresses import Address, is_loopback, literal_ip

LOOPBACK = "127.0.0.1"
"""Stands for every way to write nginx's own network namespace."""


def folded(host: str) -> str:
    """A host or a name as it is compared: case and the dot of the root zone make no difference."""
    return host.lower().removesuffix(".")


@lru_cache(1 << 8)  # most listeners are at few hosts, each has its name besides
def canonical(host: str) -> str:
    """A host as it is compared, nginx's own network namespace by one address."""
    if is_loopback(host):
        return LOOPBACK
    ip = literal_ip(host)
    return folded(host) if ip is None else str(ip)


def reachable_hosts(listener: Listener) -> dict[str, None]:
    """The hosts by which nginx may reach a listener, loopback among them where it may be meant;
    only those that are stated, where a mistake leaves open where it listens."""
    hosts = dict.fromkeys(canonical(host.strip("[]")) for host in listener.hosts)
    if listener.address_unsure:
        return hosts
    bound = listener.bind.value if listener.bind is not None else ()
    loopback_bound = False
    for address in bound:
        ip = literal_ip(address.strip("[]"))
        if is_loopback(address) and not (ip is not None and ip.is_unspecified):
            loopback_bound = True
        elif ip is not None and not ip.is_unspecified:
            hosts[str(ip)] = None
    same_host = listener.same_host.value if listener.same_host is not None else None
    implied = not listener.hosts_declared and listener.port is not None
    if same_host or (same_host is None and (loopback_bound or implied)):
        hosts[LOOPBACK] = None
    return hosts


def is_elsewhere(listener: Listener, reachable: Iterable[str]) -> bool:
    """Whether nginx's own loopback does not lead to a listener: it is declared to run on another
    machine or in another container, and no loopback address (a port that is forwarded, or
    published) is among its hosts."""
    same_host = listener.same_host
    if listener.address_unsure:
        return False
    return same_host is not None and not same_host.value and LOOPBACK not in reachable


def has_other_hosts(listener: Listener, reachable: Iterable[str]) -> bool:
    """Whether a listener is declared by other hosts than the loopback, and nothing says whether it
    runs where nginx runs."""
    if listener.address_unsure:
        return False
    return listener.same_host is None and listener.bind is None and LOOPBACK not in reachable


_CONTAINERS = ip_network("172.16.0.0/12")
"""Of which Docker takes the first networks that it makes.

Source: https://docs.docker.com/engine/network/#subnet-allocation
"""


def is_private(address: Address) -> bool:
    """Whether an address is one of a private network, but not of nginx's own machine."""
    ip = address.ip
    return ip is not None and ip.is_private and not (ip.is_loopback or ip.is_unspecified)


def is_of_containers(address: Address) -> bool:
    """Whether an address is likely that of a container."""
    return address.ip is not None and address.ip in _CONTAINERS


def other_hosts(listener: Listener) -> Sequence[str]:
    """The hosts of a listener but its name, which is the last."""
    if listener.derived:
        return listener.hosts
    return listener.hosts[: max(len(listener.hosts) - 1, 1)]


def goes_beyond(rest: str) -> bool:
    """Whether what follows the path of a socket is a URI, with its colon or without, or the colon
    alone."""
    return rest.startswith(("/", ":/")) or rest == ":"
