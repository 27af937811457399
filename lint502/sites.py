"""Roots with their hops found and paired: what the rules are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from lint502.behaviour.reached import unreached
from lint502.declared.listeners import Spec
from lint502.findings import Problem
from lint502.hop_states import upstreams_meant
from lint502.loading import Loaded
from lint502.nginx.alike import bounded, stand_ins
from lint502.nginx.hops import find_hops
from lint502.nginx.repeated import repeated_lines
from lint502.nginx.servers import Servers, find_servers
from lint502.nginx.tree import Tree
from lint502.options import Options
from lint502.pairing import Pairing
from lint502.site import Site

MAX_WAYS = 20_000
"""Ways from fronts to servers that are looked at."""

_Ordinals = dict[tuple[str, ...], int]


def all_sites(loaded: Iterable[Loaded]) -> Iterator[Site]:
    """Every root, its hops paired; alike hops are told apart over all of them."""
    ordinals: _Ordinals = {}
    alike: dict[tuple[Path, ...], list[Site]] = {}
    for part in loaded:
        for paths, trees in part.trees.items():
            spec, _ = part.specs[paths]
            pairing = Pairing(spec)
            alike.setdefault(paths, []).extend(_sites(trees, part.options, spec, pairing, ordinals))
    for sites in alike.values():
        reached = [site.reached for site in sites if site.reached is not None]
        whole = frozenset().union(*reached) if len(reached) == len(sites) else None
        yield from (replace(site, reached=whole) for site in sites)


def _sites(
    trees: Sequence[Tree], options: Options, spec: Spec, pairing: Pairing, ordinals: _Ordinals
) -> list[Site]:
    """The roots that are compared with one spec, each with its hops paired; what is reached is
    counted over all of them."""
    reached: set[str] | None = set()
    sites = []
    for tree in trees:
        hops, blocks = find_hops(tree, options.version, ordinals, pairing.behind, pairing.is_host)
        cut = {hop.id: why for hop in hops if (why := unreached(hop)) is not None}
        same = stand_ins([hop for hop in hops if hop.id not in cut])
        hops, problems = bounded(hops, same)
        represented = {other.id for others in same.values() for other in others}
        pairs = dict(pairing.pairs([hop for hop in hops if hop.id not in represented], cut))
        unseen = tree.fragment or tree.problems or problems or not tree.main.seen_whole
        if unseen or any(hop.unknown for hop in hops):
            reached = None
        if reached is not None:
            meant = {
                id(pair.listener or pair.mismatch): pair
                for found in pairs.values()
                for pair in found
            }
            reached.update(name for pair in meant.values() for name in upstreams_meant(pair))
            used = {block.name for hop in hops for block in hop.blocks}  # also when all are down
            reached.update(item.name for item in spec.upstreams if item.name.lower() in used)
        servers = tuple(find_servers(tree))
        compared, left_out = _with_fewer_fronts(spec, servers, tree)
        problems += left_out
        problems += (found for one in servers for found in repeated_lines(one.area))
        for first, others in same.items():
            pairs.update((other.id, pairs[first]) for other in others)
        sites.append(
            Site(
                tree=tree,
                version=options.version,
                spec=compared,
                hops=tuple(hop for hop in hops if hop.id not in cut and hop.id not in represented),
                every_hop=tuple(hops),
                unreached=cut,
                blocks=tuple(blocks),
                servers=servers,
                pairs=pairs,
                reached=None,
                options=options.rules,
                same=same,
                problems=tuple(problems),
            )
        )
    if reached is None:
        return sites
    return [replace(site, reached=frozenset(reached)) for site in sites]


def _with_fewer_fronts(
    spec: Spec, servers: Sequence[Servers], tree: Tree
) -> tuple[Spec, list[Problem]]:
    """A spec with as many fronts as can be put before each server, and what is said of others."""
    left = MAX_WAYS
    for number, front in enumerate(spec.fronts):
        named = 1 if front.servers is None else len(front.servers.value)
        each = [
            len(socket.servers) if front.servers is None else 1
            for area in servers
            for socket in area.sockets
        ]
        left -= named * sum(each)
        if left < 0 and number:
            said = (
                f"{len(spec.fronts)} fronts before these servers are more than {MAX_WAYS} ways to "
                f"them; lint502 looks at the first {number} fronts"
            )
            return replace(spec, fronts=spec.fronts[:number]), [Problem(tree.name, None, said)]
    return spec, []
