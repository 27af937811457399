"""Addresses that nginx speaks to in two ways, of which a server takes one: in two protocols, or
with TLS and without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from lint502.behaviour.mismatches import port_left_out
from lint502.behaviour.protocol_outcomes import passed
from lint502.behaviour.protocol_table import known
from lint502.nginx.addresses import Address, split_scheme
from lint502.nginx.hops import Hop
from lint502.nginx.pass_values import authority
from lint502.nginx.symbols import UNKNOWN
from lint502.pairing import Pair

_ONE_PORT = {"proxy": "http", "grpc": "http"}
"""A server may take HTTP/1.1 and HTTP/2 on one port."""


class Way(NamedTuple):
    """How nginx speaks to an address: a protocol, and whether in TLS."""

    protocol: str
    tls: bool


class Clash(Struct, frozen=True):
    """An address of which nothing says what it takes. ``one`` are the pairs that speak to it in one
    way, those with TLS, or else the fewer ones; ``other`` those that do so in another."""

    one: Sequence[Pair]
    other: Sequence[Pair]

    @property
    def by_tls(self) -> bool:
        """Whether they differ in TLS alone."""
        return way(self.one[0]).protocol == way(self.other[0]).protocol


def clashes(pairs: Iterable[Pair]) -> Iterator[Clash]:
    """The addresses that the pairs of a root speak to in two ways, whatever a template says."""
    spoken: dict[tuple[str, object], dict[Way, list[Pair]]] = {}
    for pair in pairs:
        if pair.hop.conditional:
            continue
        if pair.hop.kind != "stream" and pair.target.tls is not None:
            ways = spoken.setdefault(_place(pair.target.address), {})
            ways.setdefault(way(pair), []).append(pair)
    for ways in spoken.values():
        if len(ways) > 1:
            *fewer, most = sorted(ways.values(), key=len)
            for some in fewer:
                found = _clash(some, most)
                if not _is_declared(found):
                    yield found


def way(pair: Pair) -> Way:
    """How nginx speaks at a pair."""
    kind = pair.hop.kind
    return Way(_ONE_PORT.get(kind, kind), bool(pair.target.tls))


_TAKEN = {"proxy": ("http", "https"), "grpc": ("h2c", "h2"), "uwsgi": ("uwsgi", "suwsgi")}
"""What a server takes that a pass speaks to, as ``protocol_table.toml`` calls it: without TLS, and
with it."""


def failure(clash: Clash) -> str | None:
    """The line of the error log where a server takes the other way, as it was measured with most
    servers; None where that is no 502."""
    one, kind = clash.one[0], clash.other[0].hop.kind
    takes = _TAKEN.get(kind, (kind, kind))[way(clash.other[0]).tls]
    found = known("", takes, passed(one), one.hop.scope.version)
    outcome = found.endings[0].outcome if found is not None else None
    return outcome.log if outcome is not None and outcome.status == 502 else None


def _clash(fewer: list[Pair], more: list[Pair]) -> Clash:
    swapped = way(more[0]) == way(fewer[0])._replace(tls=True)
    if len(fewer) == len(more) and not swapped:
        same = way(fewer[0]) == way(more[0])._replace(tls=True)
        return Clash(fewer, more) if same else Clash(more, fewer)
    return Clash(more, fewer) if swapped else Clash(fewer, more)


def _place(address: Address) -> tuple[str, object]:
    if address.socket is not None:
        return address.socket, None
    return "127.0.0.1" if address.host == "localhost" else address.host, address.port


def _is_declared(clash: Clash) -> bool:
    """Whether what is declared says which of the two is wrong, or that the address is."""
    pair = clash.one[0]
    if pair.mismatch is not None or port_left_out(pair):
        return True
    listener = pair.listener
    return listener is not None and (clash.by_tls or listener.protocol is not None)


def by_scheme_alone(hop: Hop) -> bool:
    """Whether a pass to a host that the request chooses goes to one port with TLS and without."""
    texts = hop.variables.expand(hop.value, hop.context) if hop.unknown_host else None
    schemes: dict[str, set[str]] = {}
    for text in texts or ():
        where = authority(text.text)
        scheme, rest = split_scheme(where)
        if UNKNOWN in rest and rest.rpartition(":")[2].isdecimal():
            schemes.setdefault(rest, set()).add(scheme)
    return {"http", "https"} in schemes.values()
