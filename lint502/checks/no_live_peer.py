"""no-live-peer: every server of an upstream block is down."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks.site import Site
from lint502.findings import Finding, Severity


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that passes to a block with nothing but ``down`` servers."""
    for hop in site.hops:
        for block in hop.blocks:
            if not block.known or not all(server.down for server in block.servers):
                continue
            alone = len(hop.blocks) == 1 and not hop.targets and hop.unknown is None
            yield Finding(
                rule="no-live-peer",
                severity=Severity.ERROR,
                status=502,
                frequency="always" if alone else "sometimes",
                message=f'every server of upstream "{block.context.args[0]}" is marked down',
                place=block.servers[0].directive.place("marked down"),
                related=tuple(
                    server.directive.place("marked down") for server in block.servers[1:]
                ),
                hops=(hop.id,),
                log="no live upstreams while connecting to upstream",
            )
