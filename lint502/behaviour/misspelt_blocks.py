"""Names that passes give to no ``upstream{}`` block, where a block is left over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from msgspec import Struct

from lint502.nginx.tree import Context
from lint502.nginx.upstreams import Block
from lint502.pairing import Pair
from lint502.site import Site

_MOST_BLOCKS = 50


class Misspelt(Struct, frozen=True):
    """A pair whose name is no block, and of the blocks that no pass names the likeliest.

    ``likeness`` is how much the two names are alike: 1 for the same.
    """

    pair: Pair
    block: Block
    likeness: float


def misspelt(site: Site) -> Iterator[Misspelt]:
    """The pairs of a root that lead to a bare name where a block is left over; with a port, where
    the name is that of the block."""
    areas: dict[int, tuple[Sequence[Block], Mapping[str, Block]]] = {}
    known: dict[tuple[int, str, bool], tuple[Block, float] | None] = {}
    for pair in site.each_pair():
        area = pair.hop.context.enclosing("http", "stream")
        if area is None or not _is_bare(pair):
            continue
        if id(area) not in areas:
            unused = _unused(site, area)
            areas[id(area)] = unused, {block.name: block for block in reversed(unused)}
        address = pair.target.address
        asked = (id(area), address.host, address.port_written)
        if asked not in known:
            known[asked] = _likeliest(*areas[id(area)], address.host, address.port_written)
        found = known[asked]
        if found is not None:
            yield Misspelt(pair, *found)


def _likeliest(
    blocks: Sequence[Block], named: Mapping[str, Block], host: str, with_port: bool
) -> tuple[Block, float] | None:
    """The block that is most like a name, and how much; with a port only the one of that name.
    Of many blocks only the first few are looked at."""
    same = named.get(host)
    if same is not None:
        return same, 1.0
    rated = [
        (block, SequenceMatcher(None, host, block.name).ratio()) for block in blocks[:_MOST_BLOCKS]
    ]
    return max(rated, key=lambda one: one[1]) if rated and not with_port else None


def _is_bare(pair: Pair) -> bool:
    """Whether a target is a name without a dot of which nothing is declared."""
    target = pair.target
    host = target.address.host
    return (
        target.block is None
        and target.address.socket is None
        and target.address.ip is None
        and "." not in host
        and not target.address.is_loopback
        and pair.undeclared
    )


def _unused(site: Site, area: Context) -> Sequence[Block]:
    """The blocks of an ``http{}`` or ``stream{}`` that no pass names; none where that is not
    known."""
    hops = [hop for hop in site.every_hop if hop.context.enclosing("http", "stream") is area]
    if site.tree.fragment or site.tree.problems or not area.seen_whole:
        return ()
    if any(hop.unknown is not None for hop in hops):
        return ()
    used = {block.name for hop in hops for block in hop.blocks}
    return [
        block
        for block in site.blocks
        if block.context.parent is area and block.name not in used and block.known
    ]
