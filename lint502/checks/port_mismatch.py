"""port-mismatch: nginx connects to a port on which the upstream does not listen."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.failover import failing
from lint502.behaviour.loops import itself
from lint502.behaviour.mismatches import alike, port_fix, port_left_out, where_declared
from lint502.findings import Finding, Severity
from lint502.nginx.hops import Target
from lint502.pairing import Mismatch, Pair
from lint502.site import Site
from lint502.wording import address_place, nothing_listens


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target whose host or name is declared with other ports."""
    own = itself(site)  # such a connection is not refused
    found = failing(site, lambda pair: _fails(pair) and not own(pair), "connect")
    for target, mismatch, exposure, hops, datagrams in alike(found):
        status, log = nothing_listens(datagrams)
        yield Finding(
            rule="port-mismatch",
            severity=exposure.severity if mismatch.certain else Severity.WARNING,
            status=status,
            frequency=exposure.frequency if mismatch.certain else "sometimes",
            message=_message(target, mismatch) + (f"; {exposure.hint}" if exposure.hint else ""),
            place=target.place(f"nginx connects to {target.address}"),
            related=tuple(address_place(listener) for listener in mismatch.nearest),
            hops=hops,
            upstream=mismatch.upstream,
            log=log,
            fix=port_fix(target, mismatch),
        )


def _fails(pair: Pair) -> bool:
    return (
        pair.mismatch is not None
        and not pair.mismatch.elsewhere
        and pair.target.address.socket is None
        and not port_left_out(pair)
    )


def _message(target: Target, mismatch: Mismatch) -> str:
    if not mismatch.nearest:
        return (
            f"nginx connects to {target.address}, where no upstream is declared, and the spec says "
            "that it is complete"
        )
    if mismatch.upstream is not None:
        return (
            f"nginx connects to {target.address}, but {mismatch.upstream} listens on "
            f"{where_declared(mismatch)}"
        )
    return (
        f"nginx connects to {target.address}, where nothing is declared; declared there: "
        f"{where_declared(mismatch)}"
    )
