"""Roots with their hops found and paired: what the rules are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lint502.behaviour.reached import unreached
from lint502.declared.listeners import Spec
from lint502.hop_states import upstreams_meant
from lint502.loading import Loaded
from lint502.nginx.hops import find_hops
from lint502.nginx.servers import find_servers
from lint502.nginx.tree import Tree
from lint502.options import Options
from lint502.pairing import Pairing
from lint502.site import Site

_Ordinals = dict[tuple[str, ...], int]


def all_sites(loaded: Iterable[Loaded]) -> Iterator[Site]:
    """Every root, its hops paired; alike hops are told apart over all of them."""
    ordinals: _Ordinals = {}
    alike: dict[tuple[Path, ...], list[Site]] = {}
    for part in loaded:
        for paths, trees in part.trees.items():
            spec, wrong = part.specs[paths]
            pairing = Pairing(spec, whole=not wrong)
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
        hops, blocks = find_hops(tree, options.version, ordinals, pairing.behind)
        cut = {hop.id: why for hop in hops if (why := unreached(hop)) is not None}
        pairs = pairing.pairs(hops, cut)
        unseen = tree.fragment or tree.problems or not tree.main.seen_whole
        if unseen or any(hop.unknown for hop in hops):
            reached = None
        if reached is not None:
            reached.update(
                name for found in pairs.values() for pair in found for name in upstreams_meant(pair)
            )
            used = {block.name for hop in hops for block in hop.blocks}  # also when all are down
            reached.update(item.name for item in spec.upstreams if item.name.lower() in used)
        sites.append(
            Site(
                tree=tree,
                version=options.version,
                spec=spec,
                hops=tuple(hop for hop in hops if hop.id not in cut),
                every_hop=tuple(hops),
                unreached=cut,
                blocks=tuple(blocks),
                servers=tuple(find_servers(tree)),
                pairs=pairs,
                reached=None,
                options=options.rules,
            )
        )
    if reached is None:
        return sites
    return [replace(site, reached=frozenset(reached)) for site in sites]
