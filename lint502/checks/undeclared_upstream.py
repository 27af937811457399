"""undeclared-upstream: no upstream is declared for an address that nginx reaches."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks import implicit_port_80
from lint502.checks.site import Site
from lint502.findings import Finding, Severity


def check(site: Site) -> Iterator[Finding]:
    """One finding for each address without a declaration."""
    for pair in site.each_pair():
        if pair.listener is None and pair.mismatch is None and not implicit_port_80.covers(pair):
            yield Finding(
                rule="undeclared-upstream",
                severity=Severity.INFO,
                status=None,
                frequency=None,
                message=(
                    f"no upstream is declared for {pair.target.address}: what stands there was not "
                    "compared with anything"
                ),
                place=pair.target.place(),
                hops=(pair.hop.id,),
            )
