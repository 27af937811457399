"""What a rule is given: one root's hops, paired with the declared side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from lint502.declared.listeners import Spec
from lint502.findings import Problem
from lint502.nginx.alike import Same
from lint502.nginx.hops import Hop
from lint502.nginx.reached import Unreached
from lint502.nginx.servers import Servers
from lint502.nginx.tree import Tree
from lint502.nginx.upstreams import Block
from lint502.nginx.version import Version
from lint502.pairing import Pair


class Site(Struct, frozen=True):
    """One root, ready to be checked.

    ``hops`` are those that requests get to, ``every_hop`` also the others, of which ``unreached``
    says why, by their ids. ``servers`` are those of each ``http {}`` and ``stream {}``. ``pairs``
    has the pairs of each hop, by the hop's id, in the order of its targets. ``reached`` names the
    upstreams and blocks that some hop of the run reaches; None where parts of a configuration were
    not seen.
    ``options`` are what the settings give to rules, by rule and option; times are milliseconds.
    Where there are very many pairs, some of the ``hops`` stand for others, which are in ``same`` by
    the id of the one, and not in ``hops``. ``problems`` is what was not looked at.
    """

    tree: Tree
    version: Version
    spec: Spec
    hops: tuple[Hop, ...]
    every_hop: tuple[Hop, ...]
    unreached: Mapping[str, Unreached]
    blocks: tuple[Block, ...]
    servers: tuple[Servers, ...]
    pairs: Mapping[str, tuple[Pair, ...]]
    reached: frozenset[str] | None
    options: Mapping[str, Mapping[str, int]]
    same: Same = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def each_pair(self) -> Iterator[Pair]:
        """Every pair of every hop."""
        for hop in self.hops:
            yield from self.pairs[hop.id]
