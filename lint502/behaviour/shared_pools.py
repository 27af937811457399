"""Pools of idle connections in which connections of two kinds come together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from lint502.behaviour.keepalive import reuses
from lint502.behaviour.next_upstream import not_sent_again
from lint502.declared.listeners import Listener
from lint502.nginx import error_log
from lint502.nginx.addresses import Address
from lint502.nginx.hops import Hop
from lint502.nginx.upstreams import Block
from lint502.pairing import Pair
from lint502.site import Site

Spoken = Literal["HTTP/1", "HTTP/2", "gRPC", "FastCGI", "memcached"]


_HTTP: tuple[Spoken, ...] = ("HTTP/1", "HTTP/2", "gRPC")
"""Several of them can be spoken at one port."""


_BY_KIND: dict[str, Spoken] = {"grpc": "gRPC", "fastcgi": "FastCGI", "memcached": "memcached"}


class Dialect(Struct, frozen=True):
    """How a hop speaks to a server: what it takes a connection of its pool for."""

    spoken: Spoken
    tls: bool

    @property
    def words(self) -> str:
        """For a message."""
        return f"{self.spoken} with TLS" if self.tls else self.spoken


class Clash(Struct, frozen=True):
    """A pair whose requests get connections that another pair leaves.

    ``certain``: the server is known to take both ways. ``exclusive``: a server takes only one of
    them, as a rule. ``clause`` says what comes of it, ``log`` what nginx logs.
    """

    pair: Pair
    way: Dialect
    other: Pair
    other_way: Dialect
    certain: bool
    exclusive: bool
    clause: str
    log: str


def clashes(site: Site, block: Block, hops: Sequence[Hop]) -> Iterator[Clash]:
    """The pairs of a block that get connections of another kind than their own, one for each way
    in which they speak and each that they get."""
    found = [
        (pair, spoken)
        for hop in hops
        if (spoken := _spoken(hop)) is not None
        for pair in site.pairs[hop.id]
        if pair.target.block is block
    ]
    if len({(spoken, pair.target.tls) for pair, spoken in found}) < 2:
        return
    at: dict[Address, dict[Dialect, list[Pair]]] = {}
    for pair, spoken in found:
        if pair.hop.conditional or pair.target.tls is None or pair.mismatch:
            continue
        way = Dialect(spoken, pair.target.tls)
        if _fits(pair.listener, way) is not False:
            at.setdefault(pair.target.address, {}).setdefault(way, []).append(pair)
    for ways in at.values():
        leaving = {
            way: pair
            for way, pairs in ways.items()
            for pair in reversed(pairs)
            if reuses(site)[pair.hop.id].kept
        }
        for way, pairs in ways.items():
            for other_way, other in leaving.items():
                if other_way != way:
                    for pair in pairs:
                        yield from _clash(pair, way, other, other_way)


def _clash(pair: Pair, way: Dialect, other: Pair, other_way: Dialect) -> Iterator[Clash]:
    both_http = way.spoken in _HTTP and other_way.spoken in _HTTP
    if way.tls != other_way.tls or not both_http:
        clause = (
            "a server takes one of the two, as a rule, and what comes of the other one depends on "
            "whose connection it gets"
        )
        log = error_log.line(
            "handshake-failed" if way.tls and not other_way.tls else "closed-early"
        )
        if way.tls or way.tls == other_way.tls:  # said once: of the hop with TLS
            yield Clash(pair, way, other, other_way, False, True, clause, log)
        return
    certain = bool(_fits(pair.listener, way) and _fits(pair.listener, other_way))
    if way.spoken == "HTTP/1":
        clause = "answers 502, or the client gets bytes that are no HTTP"
        log = error_log.line("closed-early")
        yield Clash(pair, way, other, other_way, certain, False, clause, log)
        return
    requests = not_sent_again(pair.hop, streams=False)
    if requests is not None:
        clause = f"answers 502 ({requests})"
        log = error_log.line("no-connection-data")
        yield Clash(pair, way, other, other_way, certain, False, clause, log)


def _spoken(hop: Hop) -> Spoken | None:
    """What a hop speaks; None where it is not known. uwsgi and SCGI are left out: what becomes of
    them on a connection of another kind is the server's own error."""
    if hop.kind != "proxy":
        return _BY_KIND.get(hop.kind)
    version = hop.scope.word("proxy_http_version")
    if version is None:
        return None
    return "HTTP/2" if version.value == "2" else "HTTP/1"


def _fits(listener: Listener | None, way: Dialect) -> bool | None:
    """Whether a listener takes what is spoken to it; None where that is not known. Where it does
    not, other rules say so."""
    if listener is None:
        return None
    if listener.tls is not None and listener.tls.value != way.tls:
        return False
    protocol = listener.protocol.value if listener.protocol is not None else None
    if protocol is None:
        return None
    versions = listener.http_versions.value if listener.http_versions is not None else None
    if way.spoken == "gRPC":
        return protocol == "grpc" or (protocol == "http" and "2" in (versions or ()))
    if way.spoken == "HTTP/2":
        if protocol == "grpc":
            return True
        return protocol == "http" and (None if versions is None else "2" in versions)
    if way.spoken == "HTTP/1":
        return protocol == "http" and (None if versions is None else versions != ("2",))
    return protocol == way.spoken.lower()
