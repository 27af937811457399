"""undeclared-upstream: no upstream is declared for an address that nginx reaches."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.mismatches import port_left_out
from lint502.behaviour.misspelt_blocks import misspelt
from lint502.behaviour.sockets import slip
from lint502.behaviour.unknown_names import is_nobody
from lint502.deployment.viewpoint import Viewpoint
from lint502.findings import Finding
from lint502.nginx.addresses import Address
from lint502.nginx.parse import Directive
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import address_place


def check(site: Site) -> Iterator[Finding]:
    """One finding for each address without a declaration, with all hops that lead there."""
    found: dict[tuple[Directive, int, Address], list[Pair]] = {}
    named = {id(one.pair) for one in misspelt(site)}
    for pair in site.each_pair():
        if not pair.undeclared or id(pair) in named:
            continue
        if not _has_another_name(pair, site.spec.viewpoint):
            target = pair.target
            found.setdefault((target.written, target.arg, target.address), []).append(pair)
    for pairs in found.values():
        target, listener = pairs[0].target, pairs[0].listener
        known = f"no upstream is declared for {target.address}"
        if listener is not None:
            known = f"{listener.upstream} is declared for {target.address}, but nothing of it"
        yield RULE.finding(
            message=f"{known}: what stands there was not compared with anything",
            place=target.place(),
            related=() if listener is None else (address_place(listener),),
            hops=tuple(dict.fromkeys(pair.hop.id for pair in pairs)),
        )


def _has_another_name(pair: Pair, view: Viewpoint | None) -> bool:
    """Whether the address itself is the mistake, which another rule names."""
    return port_left_out(pair) or slip(pair) is not None or is_nobody(pair, view)


RULE = Rule("undeclared-upstream", check, None)
