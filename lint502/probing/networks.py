"""Names made into addresses, and on which networks those are."""

from __future__ import annotations

import ipaddress
import socket
import threading

from msgspec import Struct

from lint502.nginx.addresses import Address, literal_ip
from lint502.probing.wire import SocketAddress

_PRIVATE = tuple(
    ipaddress.ip_network(one)
    for one in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Loopback, and what is not routed on the internet: RFC 1918, 3927, 4193, 4291 and 6598."""


class UnresolvedError(Exception):
    """A name has no address; ``str()`` says why."""


class Resolved(Struct, frozen=True):
    """Where an address leads: the family and the address for a socket, ``ip`` its number ("" for a
    unix socket)."""

    family: int
    address: SocketAddress
    ip: str


def resolve(address: Address, seconds: float) -> tuple[Resolved, ...]:
    """Everything that an address leads to, in the system's order. Raises
    :class:`UnresolvedError`."""
    if address.socket is not None:
        return (Resolved(socket.AF_UNIX, address.socket, ""),)
    found: list[Resolved] = []
    why = ["no answer in time"]

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            why[0] = getattr(error, "strerror", None) or "no host can have this name"
            return
        for family, _, _, _, where in entries:
            found.append(Resolved(family, where, str(where[0])))  # type: ignore[arg-type]

    thread = threading.Thread(target=look_up, daemon=True)  # the system's resolver knows no limit
    thread.start()
    thread.join(seconds)
    if not found:
        raise UnresolvedError(why[0])
    return tuple(found)


def strays(address: Address, ip: str) -> str | None:
    """Why an address is not asked without being told to: it leads out of this machine and the
    private networks around it, or elsewhere than it says."""
    if not ip:
        return None
    number = literal_ip(ip.partition("%")[0])
    if number is None:
        return "it is no address of the internet protocol"
    if address.is_loopback and not (number.is_loopback or number.is_unspecified):
        return f"{address.host} leads to {ip}, which is not this machine's loopback"
    if number.is_unspecified:
        return None
    if any(number.version == one.version and number in one for one in _PRIVATE):
        return None
    return f"{ip} is neither on this machine nor on a private network"


def is_here(ip: str) -> bool:
    """Whether an address is one of this machine's, or rather of this network namespace."""
    number = literal_ip(ip.partition("%")[0])
    if number is None:
        return not ip
    if number.is_loopback or number.is_unspecified:
        return True
    family = socket.AF_INET if number.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.bind((str(number), 0))
    except OSError:
        return False
    return True
