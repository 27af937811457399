"""max-conns: nginx answers 502 at once when every server has as many requests as it may."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.ejection import named, usable
from lint502.behaviour.keepalive import users
from lint502.findings import Finding
from lint502.nginx import error_log
from lint502.nginx.upstreams import Block
from lint502.rule import Rule
from lint502.site import Site

_SHOWN = 3


def check(site: Site) -> Iterator[Finding]:
    """One finding for each block that hops reach and whose servers all have a limit."""
    for block, hops in users(site).items():
        servers = usable(block)
        if not block.known or not servers or "queue" in block.context.by_name:
            continue
        if block.context.uncertain_of("queue", "zone"):
            continue
        if not all(server.max_conns for server in servers):
            continue
        first, *others = servers
        stream = hops[0].kind == "stream"
        work = "connections" if stream else "requests"
        most = _most(block)
        takes = (
            f"every server of {named([block])} has max_conns"
            if most is None
            else f"with max_conns {named([block])} takes {most} {work} at a time"
        )
        if _each_worker_counts(site, block):
            takes += " in each worker process"
        yield RULE.finding(
            message=(
                f"{takes}, and nginx has no queue: what comes while all are busy "
                + ("is closed" if stream else "gets 502")
                + " at once"
            ),
            place=first.directive.place("no more than this"),
            related=tuple(server.directive.place("nor here") for server in others[:_SHOWN]),
            hops=tuple(hop.id for hop in hops),
            log=error_log.line("no-live-upstreams"),
        )


def _most(block: Block) -> int | None:
    """How many requests all servers take; None where a name may have several addresses."""
    most = 0
    for server in usable(block):
        address = server.address
        if address is None or (address.socket is None and address.ip is None):
            return None
        most += server.max_conns or 0
    return most


def _each_worker_counts(site: Site, block: Block) -> bool:
    """Whether worker processes count each for themselves: they share nothing without a zone."""
    if "zone" in block.context.by_name:
        return False
    lines = site.tree.main.by_name.get("worker_processes", ())
    return any(line.args[:1] != ("1",) for line in lines)


RULE = Rule("max-conns", check, "failures.busy")
