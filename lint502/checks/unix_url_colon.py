"""unix-url-colon: a colon too many, or too few, makes another file of a unix socket."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.failover import failing
from lint502.behaviour.sockets import Slip, slip, socket_path
from lint502.findings import Finding, Fix, Severity
from lint502.pairing import Pair
from lint502.site import Site
from lint502.wording import address_place, replacement


def check(site: Site) -> Iterator[Finding]:
    """One finding for each address with more in its path than the socket."""
    for pair, exposure in failing(site, lambda pair: slip(pair) is not None, "connect"):
        target, found = pair.target, slip(pair)
        assert found is not None, "that is what fails"
        mismatch = pair.mismatch
        nearest = mismatch.nearest if mismatch is not None else ()
        below = found.rest.startswith("/")
        message = f"{_message(pair, found)}: nginx connects to {target.address}"
        if not found.certain:
            message += f", which exists only if {found.socket} is a directory"
        if exposure.hint:
            message += f"; {exposure.hint}"
        yield Finding(
            rule="unix-url-colon",
            severity=exposure.severity if found.certain else Severity.WARNING,
            status=502,
            frequency=exposure.frequency if found.certain else "sometimes",
            message=message,
            place=target.place(f"nginx connects to {target.address.socket}"),
            related=tuple(
                address_place(listener)
                for listener in nearest
                if socket_path(listener) == found.socket
            ),
            hops=(pair.hop.id,),
            upstream=mismatch.upstream if mismatch is not None else None,
            log=f"connect() to {target.address} failed "
            f"({'20: Not a directory' if below else '2: No such file or directory'}) while "
            "connecting to upstream",
            fix=_fix(pair, found),
        )


def _takes_uri(pair: Pair) -> bool:
    """Whether a URI may follow the socket where the address is written."""
    return pair.hop.kind == "proxy" and pair.target.server is None


def _message(pair: Pair, found: Slip) -> str:
    name = "server" if pair.target.server is not None else pair.hop.directive.name
    if _takes_uri(pair):
        return f'without a ":" before it, "{found.rest}" is part of the path of the socket'
    if found.rest == ":":
        return f'{name} takes the ":" for a part of the file\'s name'
    return f'{name} takes no URI, so that "{found.rest}" is part of the path of the socket'


def _fix(pair: Pair, found: Slip) -> Fix | None:
    target = pair.target
    written = target.written.args[target.arg]
    path = written.removesuffix(found.rest)
    if path == written:
        return None
    mended = f"{path}:{found.rest}" if _takes_uri(pair) else path
    return replacement(target.written, target.arg, written, mended, safe=found.rest == ":")
