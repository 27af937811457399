"""The upstreams that the hops of a run reach, each with what is known of it and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from lint502.declared.listeners import Listener, is_blank
from lint502.hop_states import upstream_of
from lint502.nginx.hops import Target
from lint502.nginx.pass_values import Kind
from lint502.pairing import Pair
from lint502.site import Site


class Entry(Struct):
    """An upstream: its name, its ``listeners`` as far as files state them, the ``targets`` of which
    nothing is stated, and the kinds of the hops that reach it. ``declared``: a spec file has it."""

    name: str
    listeners: list[Listener] = field(default_factory=list)
    targets: dict[Target, None] = field(default_factory=dict)
    kinds: dict[Kind, None] = field(default_factory=dict)
    declared: bool = False


def entries(sites: Sequence[Site]) -> tuple[Entry, ...]:
    """What the hops of the sites reach, in the order of the hops."""
    found: dict[str, Entry] = {}
    taken: set[tuple[str, int]] = set()
    every = [upstream for site in sites for upstream in site.spec.upstreams]
    stated = {upstream.name for upstream in every if not is_blank(upstream)}
    blank = {upstream.name for upstream in every if is_blank(upstream)}
    for site in sites:
        upstreams = {upstream.name: upstream for upstream in site.spec.upstreams}
        for pair in _pairs(site):
            upstream = upstreams.get(upstream_of(pair) or "")
            name = _name(pair.target, stated) if upstream is None else upstream.name
            entry = found.setdefault(name, Entry(name))
            entry.kinds[pair.hop.kind] = None
            if upstream is None:
                entry.targets[pair.target] = None
                entry.declared = entry.declared or name in blank
                continue
            if (name, id(upstream)) in taken:
                continue
            taken.add((name, id(upstream)))
            entry.declared = entry.declared or not upstream.derived
            entry.listeners += [one for one in upstream.listeners if one not in entry.listeners]
    return tuple(found.values())


def _pairs(site: Site) -> Iterator[Pair]:
    """Those of every hop that requests get to."""
    for hop in site.every_hop:
        if hop.id not in site.unreached:
            yield from site.pairs[hop.id]


def _name(target: Target, stated: set[str]) -> str:
    """What an upstream of which nothing is stated is called: like its block or its host, or where
    that may be something else by its whole address."""
    address = target.address
    if target.block is not None and target.block.context.args[0] not in stated:
        return target.block.context.args[0]
    if address.socket is not None:
        return address.socket.rpartition("/")[2].removesuffix(".sock") or address.socket
    if address.ip is None and not address.is_loopback and address.host not in stated:
        return address.host
    return str(address)
