"""misspelt-block: a pass names no ``upstream{}`` block, and there is one that no pass names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.tree import Context
from lint502.nginx.upstreams import Block
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import replacement

_ALIKE = 0.6
"""From here on one name may be a misspelling of another."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each bare name that is no block, where a block is left over."""
    areas: dict[int, Sequence[Block]] = {}
    for pair in site.each_pair():
        area = pair.hop.context.enclosing("http", "stream")
        if area is None or not _is_bare(pair):
            continue
        if id(area) not in areas:
            areas[id(area)] = _unused(site, area)
        left = [_Left(block, pair) for block in areas[id(area)]]
        if pair.target.address.port_written:
            left = [one for one in left if one.likeness == 1]
        if left:
            yield _disagreement(pair, max(left, key=lambda one: one.likeness))


@dataclass(frozen=True, slots=True)
class _Left:
    """A block that no pass names, beside a pass that may mean it."""

    block: Block
    pair: Pair

    @property
    def likeness(self) -> float:
        """How much its name is like what the pass names: 1 for the same."""
        return SequenceMatcher(None, self.pair.target.address.host, self.block.name).ratio()


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
        and pair.listener is None
        and pair.mismatch is None
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


def _disagreement(pair: Pair, left: _Left) -> Disagreement:
    target, opener = pair.target, left.block.opener
    host, name = target.address.host, left.block.context.args[0]
    where = f"{opener.source.name}:{opener.line}"
    if target.address.port_written:
        message = f"with a port {host} is a host, and not the upstream block ({where})"
    else:
        message = f"no upstream block is called {host}, so that nginx takes it for a host"
    if not target.needs_resolver:
        message += ", and does not start where none is called so"
    if not target.address.port_written:
        message += f"; no pass uses upstream {name} ({where})"
    return RULE.disagreement(
        pair,
        "address",
        certain=False,
        message=message,
        place=target.place(f"nginx connects to {target.address}"),
        related=(opener.place("no pass uses this one"),),
        log=error_log.line("not-resolved", host=host)
        if target.needs_resolver
        else error_log.line("connection-refused"),
        fix=_fix(pair, left, name),
    )


def _fix(pair: Pair, left: _Left, name: str) -> Fix | None:
    target = pair.target
    if target.address.port_written:
        return Fix(f"{name} without a port")
    if left.likeness < _ALIKE:
        return None
    return replacement(target.written, target.arg, target.address.host, name, safe=False)


RULE = Rule("misspelt-block", check, "usual.once")
