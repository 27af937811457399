"""unused-upstream: no hop reaches a declared upstream."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lint502.declared.listeners import is_blank
from lint502.findings import Finding
from lint502.rule import Rule
from lint502.site import Site


def check(site: Site) -> Iterator[Finding]:
    """One finding for each upstream that nothing reaches, where every hop was seen."""
    if site.reached is None:
        return
    for upstream in site.spec.upstreams:
        if is_blank(upstream) or any(one.address_unsure for one in upstream.listeners):
            continue  # it is still to be filled in, or put right
        if not upstream.derived and site.reached.isdisjoint((upstream.name, upstream.name.lower())):
            yield RULE.finding(
                message=f"no hop reaches {upstream.name}; is it declared under another address?",
                place=replace(upstream.place, note=f"{upstream.name} is declared here"),
                upstream=upstream.name,
            )


RULE = Rule("unused-upstream", check, None)
