"""What a rule is given: one root's hops, paired with the declared side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import force_setattr

from lint502.declared.listeners import Spec
from lint502.findings import Problem
from lint502.nginx.alike import Same
from lint502.nginx.hops import Hop
from lint502.nginx.noting import NotingVersion
from lint502.nginx.reached import Unreached
from lint502.nginx.servers import Servers
from lint502.nginx.tree import Tree
from lint502.nginx.upstreams import Block
from lint502.nginx.version import Version
from lint502.pairing import Pair

T = TypeVar("T")


class Site(Struct, frozen=True, eq=False):
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
    _results: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        force_setattr(self, "_results", {})  # those of another version are its own

    def each_pair(self) -> Sequence[Pair]:
        """Every pair of every hop."""
        return _each_pair(self)


def once_a_site(function: Callable[[Site], T]) -> Callable[[Site], T]:
    """A function of a site that is computed once for each. Whichever rule asks first, each is noted
    to depend on the versions that the function compares with."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def computed(site: Site) -> T:
        if name not in site._results:
            with NotingVersion.apart(site.version) as starts:
                site._results[name] = function(site), starts
        result: T
        result, starts = site._results[name]
        NotingVersion.note(site.version, starts)
        return result

    return computed


@once_a_site
def _each_pair(site: Site) -> Sequence[Pair]:
    return [pair for hop in site.hops for pair in site.pairs[hop.id]]
