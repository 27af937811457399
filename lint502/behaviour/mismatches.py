"""Targets whose host or name is declared, but with another address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lint502.findings import Fix
from lint502.nginx.addresses import Address
from lint502.nginx.hops import Target
from lint502.nginx.parse import Directive
from lint502.pairing import Mismatch, Pair
from lint502.wording import listed, listens, replacement


def at_one_address(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """The pairs with a mismatch, those together whose targets are written in one place, with one
    address, and mean the same: many hops may share a block.
    """
    found: dict[tuple[Directive, int, Address, Mismatch | None, bool], list[Pair]] = {}
    for pair in pairs:
        target = pair.target
        key = (target.written, target.arg, target.address, pair.mismatch, pair.hop.datagrams)
        found.setdefault(key, []).append(pair)
    return iter(found.values())


def where_declared(mismatch: Mismatch) -> str:
    """Where the nearest listeners are, with their upstreams unless it is clear which is meant."""
    nearest = [
        listens(listener)
        if mismatch.upstream is not None
        else f"{listener.upstream} on {listens(listener)}"
        for listener in mismatch.nearest
    ]
    more = mismatch.total - len(nearest)
    return f"{', '.join(nearest)} and {more} more" if more else listed(nearest)


def port_fix(target: Target, mismatch: Mismatch) -> Fix | None:
    """The port that is declared, where there is only one."""
    if (
        mismatch.elsewhere
        or not mismatch.certain
        or mismatch.total != 1
        or mismatch.nearest[0].port is None
    ):
        return None
    port = mismatch.nearest[0].port.value
    if target.address.port_written:
        return replacement(target.written, target.arg, f":{target.address.port}", f":{port}")
    if target.server is not None:
        written = target.written.args[target.arg]
        return replacement(target.written, target.arg, written, f"{written}:{port}")
    return None


def port_left_out(pair: Pair) -> bool:
    """Whether a target is on port 80 for want of a port, where that cannot be meant."""
    target = pair.target
    if target.server is None or target.address.socket is not None or target.address.port_written:
        return False
    if pair.listener is not None and not pair.listener.blank:
        return False  # one on port 80 is declared, or one on no port at all
    return bool(target.tls) or pair.hop.kind in _NEVER_ON_80


_NEVER_ON_80 = frozenset(("fastcgi", "uwsgi", "scgi", "memcached"))
