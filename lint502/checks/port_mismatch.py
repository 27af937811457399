"""port-mismatch: nginx connects to a port on which the upstream does not listen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lint502.behaviour.failover import Exposure, failing
from lint502.behaviour.loops import itself
from lint502.checks import implicit_port_80
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.addresses import Address
from lint502.nginx.hops import Target
from lint502.nginx.parse import Directive
from lint502.pairing import Mismatch, Pair
from lint502.site import Site
from lint502.wording import address_place, listed, listens, refusal, replacement


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target whose host or name is declared with other ports."""
    own = itself(site)  # such a connection is not refused
    found = failing(site, lambda pair: _fails(pair) and not own(pair), "connect")
    for target, mismatch, exposure, hops, datagrams in alike(found):
        status, log = refusal(datagrams)
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
            fix=fix(target, mismatch),
        )


def alike(
    failing: Iterable[tuple[Pair, Exposure]],
) -> Iterator[tuple[Target, Mismatch, Exposure, tuple[str, ...], bool]]:
    """The mismatches, each with the ids of all hops to which it shows in the same way, and whether
    these pass datagrams on.

    A finding for each hop would cost servers times locations where many share a block.
    """
    found: dict[tuple[Directive, int, Address, Mismatch, Exposure, bool], list[Pair]] = {}
    for pair, exposure in failing:
        target, mismatch = pair.target, pair.mismatch
        assert mismatch is not None, "that is what fails"
        datagrams = pair.hop.datagrams
        key = (target.written, target.arg, target.address, mismatch, exposure, datagrams)
        found.setdefault(key, []).append(pair)
    for (_, _, _, mismatch, exposure, datagrams), pairs in found.items():
        hops = tuple(dict.fromkeys(pair.hop.id for pair in pairs))
        yield pairs[0].target, mismatch, exposure, hops, datagrams


def _fails(pair: Pair) -> bool:
    return (
        pair.mismatch is not None
        and not pair.mismatch.elsewhere
        and pair.target.address.socket is None
        and not implicit_port_80.covers(pair)
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
            f"{where(mismatch)}"
        )
    return (
        f"nginx connects to {target.address}, where nothing is declared; declared there: "
        f"{where(mismatch)}"
    )


def where(mismatch: Mismatch) -> str:
    """Where the nearest listeners are, with their upstreams unless it is clear which is meant."""
    nearest = [
        listens(listener)
        if mismatch.upstream is not None
        else f"{listener.upstream} on {listens(listener)}"
        for listener in mismatch.nearest
    ]
    more = mismatch.total - len(nearest)
    return f"{', '.join(nearest)} and {more} more" if more else listed(nearest)


def fix(target: Target, mismatch: Mismatch) -> Fix | None:
    """The port that is declared, where there is only one."""
    if (
        mismatch.elsewhere
        or not mismatch.certain
        or mismatch.total != 1
        or mismatch.nearest[0].port is None
    ):
        return None
    port = mismatch.nearest[0].port.value
    if target.address.port_written:
        return replacement(target.written, target.arg, f":{target.address.port}", f":{port}")
    if target.server is not None:
        written = target.written.args[target.arg]
        return replacement(target.written, target.arg, written, f"{written}:{port}")
    return None
