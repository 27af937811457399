"""What sources state: facts of a listener or a front, by the keys that ``upstreams.toml`` has."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from msgspec import Struct

from lint502.declared.listeners import Fact
from lint502.places import Place


class Claims(Struct, frozen=True):
    """What one source states of one listener of an upstream, or of a front.

    ``name`` is that of the upstream or front, ``place`` where it is stated. ``facts`` are by the
    dotted key that they have, or would have, in ``upstreams.toml`` (``"port"``,
    ``"keepalive.idle_timeout"``); a table that says "yes" by being there is a fact of its own
    (``"tls"``, ``"keepalive"``). ``unsure`` are the keys of which a mistake leaves open what they
    state, with :data:`ANY` where it may be any: neither a default nor another source fills them.
    ``listed``: it is one of several listeners of its upstream, each
    with an address of its own. ``derived``: no spec file states it.
    """

    name: str
    place: Place
    facts: Mapping[str, Fact[Any]]
    listed: bool = False
    derived: bool = False
    unsure: frozenset[str] = frozenset()

    def leaves_open(self, key: str) -> bool:
        """Whether a mistake leaves open what is stated for a key."""
        return is_unsure(key, self.unsure)


ANY = "*"
"""In the place of a key that a mistake may be about: any."""


def is_unsure(key: str, unsure: Container[str]) -> bool:
    """Whether a key, or the table that it is in, is among those of which a mistake leaves open what
    they state."""
    return ANY in unsure or key in unsure or key.partition(".")[0] in unsure


_NOT_WITH_A_SOCKET = {
    "port": "a listener has a port or a socket, never both",
    "published": "a socket has no port that is published",
    "allowed_clients": "the clients of a socket have no address",
    "bind": "a socket has no address to bind",
    "dynamic_address": "a socket has no address that changes",
}


EXCLUDING = ("socket", "http_versions")
"""The keys that exclude others."""


def exclusions(key: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys that exclude what is stated for ``key``, and why; ``values`` are by key."""
    value = values.get(key)
    if value is None:
        return
    if key == "socket":
        for other, reason in _NOT_WITH_A_SOCKET.items():
            if values.get(other):
                yield other, reason
    if key == "http_versions":
        protocol = values.get("protocol")
        if protocol not in (None, "http", "grpc"):
            yield "protocol", f"{protocol} is not HTTP"
        elif protocol == "grpc" and "2" not in value:
            yield "protocol", 'gRPC needs HTTP/2, which is "2" here'
