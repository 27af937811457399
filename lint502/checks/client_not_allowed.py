"""client-not-allowed: the upstream closes connections that come from nginx's address."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.clients import stranger
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed


def check(site: Site) -> Iterator[Disagreement]:
    """One for each target that accepts connections from other addresses only."""
    for pair in site.each_pair():
        found, listener = stranger(pair), pair.meant
        if found is None or listener is None or listener.allowed_clients is None:
            continue
        only = listed(listener.allowed_clients.value)
        place = pair.target.place(f"nginx connects from {found.address}")
        if found.line is not None:
            place = found.line.arg_place(0, f"nginx connects from {found.address}")
        yield RULE.disagreement(
            pair,
            "send",
            certain=found.certain,
            message=(
                f"nginx connects to {listener.upstream} from {found.address}, and "
                f"{listener.upstream} accepts connections from {only} only, and closes all others"
                + ("" if found.certain else ", unless that name leads to nginx's own loopback")
            ),
            place=place,
            related=(declared(listener.allowed_clients, f"only {only} may connect"),),
            fix=Fix(f"add nginx's address to what {listener.upstream} allows, or allow any"),
        )


RULE = Rule("client-not-allowed", check, "protocols.dropped")
