"""no-live-peer: every server of an upstream block is down."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.findings import Finding
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.upstreams import Block
from lint502.rule import Rule
from lint502.site import Site

_SHOWN = 3


def check(site: Site) -> Iterator[Finding]:
    """One finding for each block with nothing but ``down`` servers that some hop passes to."""
    users: dict[Block, list[Hop]] = {}
    for hop in site.hops:
        for block in hop.blocks:
            users.setdefault(block, []).append(hop)
    for block, hops in users.items():
        if not block.known or not all(server.down for server in block.servers):
            continue
        first, *others = block.servers
        yield RULE.finding(
            frequency="always" if any(map(_goes_nowhere_else, hops)) else "sometimes",
            message=f'every server of upstream "{block.context.args[0]}" is marked down',
            place=first.directive.place("marked down"),
            related=tuple(server.directive.place("marked down") for server in others[:_SHOWN]),
            hops=tuple(hop.id for hop in hops),
            log=error_log.line("no-live-upstreams"),
        )


def _goes_nowhere_else(hop: Hop) -> bool:
    return len(hop.blocks) == 1 and not hop.targets and hop.unknown is None


RULE = Rule("no-live-peer", check, "usual.once")
