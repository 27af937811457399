"""keepalive-order: a balancing method after ``keepalive`` drops the pool, up to 1.29.6."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.keepalive import nginx_may_close_first, reuses, users
from lint502.edits.propose import swapped
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.upstreams import KEEPALIVE_BY_DEFAULT
from lint502.rule import Rule
from lint502.site import Site


def check(site: Site) -> Iterator[Finding]:
    """One finding for each block that hops reach and whose pool is dropped."""
    if site.version >= KEEPALIVE_BY_DEFAULT:
        return
    for block, hops in users(site).items():
        lines, method = block.context.by_name.get("keepalive"), block.balanced_last
        if not lines or method is None:
            continue
        found = [reuses(site)[hop.id] for hop in hops]
        sockets = all(server.address and server.address.socket for server in block.servers)
        exhausting = not sockets and any(nginx_may_close_first(hop, site.version) for hop in hops)
        pointless = all(item.kept is False for item in found)
        yield RULE.finding(
            severity=Severity.WARNING if exhausting else Severity.INFO,
            message=(
                f'{method.name} after keepalive drops the pool of "{block.context.args[0]}": each '
                "request opens a connection, "
                + (
                    "and under load nginx runs out of local ports"
                    if exhausting
                    else "which takes time"
                )
                + "; the balancing method has to come first"
                + (f", and even then the pool stays empty, for {found[0].why}" if pointless else "")
            ),
            place=lines[-1].place("no connection gets in here"),
            related=(method.place("this line drops the pool"),),
            hops=tuple(hop.id for hop in hops),
            fix=Fix(
                f"{method.name} above the keepalive line",
                True,
                swapped(lines[0], method) if len(lines) == 1 else (),
            ),
        )


RULE = Rule("keepalive-order", check, "reuse.crowd")
