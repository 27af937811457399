"""keepalive-unused: a pool of idle connections is declared, but no connection gets into it."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks.keepalive_unsupported import ending, kept_all_the_same
from lint502.checks.reuse import PORTS_RUN_OUT, Reuse, nginx_may_close_first, reuse, users
from lint502.checks.site import Site
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.pairing import Pair


def check(site: Site) -> Iterator[Finding]:
    """One finding for each block with a pool that none of its hops can use."""
    if any(hop.unknown_host for hop in site.hops):  # it may be the name of any block
        return
    for block, hops in users(site).items():
        pool = block.pool(site.version)
        area = block.context.parent
        if pool is None or pool.directive is None or pool.connections == 0:
            continue
        if area is None or area.unseen:  # a hop that cannot be seen may use it
            continue
        if all(server.address and server.address.socket for server in block.servers):
            continue  # a unix socket takes no port
        found = [reuse(hop, site.version) for hop in hops]
        if any(item.kept is not False for item in found):
            continue
        if any(_kept_all_the_same(pair) for hop in hops for pair in site.pairs[hop.id]):
            continue
        exhausting = any(nginx_may_close_first(hop, site.version) for hop in hops)
        yield Finding(
            rule="keepalive-unused",
            severity=Severity.WARNING if exhausting else Severity.INFO,
            status=502 if exhausting else None,
            frequency="sometimes" if exhausting else None,
            message=(
                f'the pool of "{block.context.args[0]}" stays empty, for {found[0].why}: each '
                "request opens a connection, "
                + (
                    "and under load nginx runs out of local ports"
                    if exhausting
                    else "which takes time"
                )
            ),
            place=pool.directive.place("no connection gets in here"),
            related=tuple(
                item.cause.place('where "close" comes from') for item in found[:1] if item.cause
            ),
            hops=tuple(hop.id for hop in hops),
            log=PORTS_RUN_OUT if exhausting else None,
            fix=_fix(hops[0], found[0]),
        )


def _kept_all_the_same(pair: Pair) -> bool:
    """Whether the server never says "close", so that nginx does keep its connection."""
    end = ending(pair.listener, pair.hop) if pair.listener is not None else None
    return end is not None and kept_all_the_same(pair.hop, end)


def _fix(hop: Hop, found: Reuse) -> Fix:
    if found.cause is not None:
        name = found.cause.name or "''"
        return Fix(f'{name} ""; in the place of {name} close; (line {found.cause.line})')
    if hop.kind == "proxy":
        return Fix('proxy_http_version 1.1; proxy_set_header Connection "";')
    if hop.kind == "fastcgi":
        return Fix("fastcgi_keep_conn on;")
    return Fix("remove the keepalive line")
