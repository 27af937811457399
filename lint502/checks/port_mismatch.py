"""port-mismatch: nginx connects to a port on which the upstream does not listen."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.loops import itself
from lint502.behaviour.mismatches import (
    at_one_address,
    port_fix,
    port_left_out,
    where_declared,
)
from lint502.declared.listeners import Listener
from lint502.deployment.viewpoint import Viewpoint
from lint502.disagreements import Disagreement
from lint502.nginx.hops import Target
from lint502.pairing import Mismatch, Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import address_place, nothing_listens


def check(site: Site) -> Iterator[Disagreement]:
    """One for each target whose host or name is declared with other ports."""
    own = itself(site)  # such a connection is not refused
    found = (pair for pair in site.each_pair() if _fails(pair) and not own(pair))
    for pairs in at_one_address(found):
        target, mismatch = pairs[0].target, pairs[0].mismatch
        assert mismatch is not None, "that is what fails"
        status, log = nothing_listens(pairs[0].hop.datagrams)
        disagreement = RULE.disagreement(
            pairs[0],
            "address",
            certain=mismatch.certain,
            status=status,
            message=_message(target, mismatch, site.spec.viewpoint),
            place=target.place(f"nginx connects to {target.address}"),
            related=tuple(address_place(listener) for listener in mismatch.nearest),
            upstream=mismatch.upstream,
            log=log,
            fix=port_fix(target, mismatch),
        )
        yield from disagreement.at(pairs)


def _fails(pair: Pair) -> bool:
    return (
        pair.mismatch is not None
        and not pair.mismatch.elsewhere
        and pair.target.address.socket is None
        and not port_left_out(pair)
    )


def _message(target: Target, mismatch: Mismatch, view: Viewpoint | None) -> str:
    if not mismatch.nearest:
        return (
            f"nginx connects to {target.address}, where no upstream is declared, and the spec says "
            "that it is complete"
        )
    if mismatch.upstream is not None:
        reached = not (mismatch.certain or (view is not None and view.on_machine))
        doubt = ", which other passes reach: a second service there?" if reached else ""
        message = (
            f"nginx connects to {target.address}, but {mismatch.upstream} listens on "
            f"{where_declared(mismatch)}{doubt}"
        )
        if any(_publishes(listener, target) for listener in mismatch.nearest):
            message += (
                f"; {target.address.port} is only published on its machine, for those who do not "
                "come from its own network"
            )
        elif view is not None and target.address.port in view.published:
            message += (
                f"; {target.address.port} is the port of the machine on which nginx itself is "
                "published"
            )
        return message
    return (
        f"nginx connects to {target.address}, where nothing is declared; declared there: "
        f"{where_declared(mismatch)}"
    )


def _publishes(listener: Listener, target: Target) -> bool:
    return listener.published is not None and target.address.port in listener.published.value


RULE = Rule("port-mismatch", check, "usual.once")
