"""pool-shared: one pool for connections of two kinds, by TLS or by protocol."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.keepalive import users
from lint502.behaviour.shared_pools import Clash, clashes
from lint502.edits.pools import with_setting
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.upstreams import KEEPALIVE_BY_DEFAULT, Block, Pool
from lint502.nginx.version import Version
from lint502.rule import Rule
from lint502.site import Site


def check(site: Site) -> Iterator[Finding]:
    """One finding for each block whose pool mixes connections of two kinds."""
    for block, hops in users(site).items():
        pool = block.pool(site.version)
        if pool is None or pool.directive is None or pool.connections == 0 or pool.local:
            continue
        found = list(clashes(site, block, hops))
        if not found:
            continue
        first = min(found, key=_plainness)
        listener = first.pair.listener
        if first.exclusive:
            ends = first.clause
        else:
            ends = f"a request that gets one of the other kind {first.clause}"
        yield RULE.finding(
            severity=Severity.ERROR if first.certain else Severity.WARNING,
            message=(
                f'the pool of "{block.context.args[0]}" takes connections of {first.way.words} and '
                f"of {first.other_way.words}, and nginx tells them apart by the server's address "
                f"only: {ends}"
            ),
            place=pool.directive.place("one pool for both"),
            related=(
                first.pair.hop.directive.place(f"{first.way.words} here"),
                first.other.hop.directive.place(f"{first.other_way.words} here"),
            ),
            hops=tuple(
                dict.fromkeys(
                    clash.pair.hop.id for clash in found if clash.exclusive == first.exclusive
                )
            ),
            upstream=listener.upstream if listener is not None else None,
            log=first.log,
            fix=_fix(block, pool, first.pair.hop, site.version),
        )


def _plainness(clash: Clash) -> tuple[bool, bool, bool]:
    """The one to tell of first has the least key."""
    return not clash.certain, clash.exclusive, clash.way.spoken == "HTTP/1"


def _fix(block: Block, pool: Pool, hop: Hop, version: Version) -> Fix:
    if version >= KEEPALIVE_BY_DEFAULT:
        words = f"{pool.connections} local"
        return Fix(f"keepalive {words};", True, with_setting(block, "keepalive", words, version))
    return Fix(f"an upstream block of its own for {hop.directive.name} {hop.value}")


RULE = Rule("pool-shared", check, "reuse.other_kind")
