"""unix-url-colon: a colon too many, or too few, makes another file of a unix socket."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.sockets import Slip, slip, socket_path
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import address_place, replacement


def check(site: Site) -> Iterator[Disagreement]:
    """One for each address with more in its path than the socket."""
    for pair in site.each_pair():
        target, found = pair.target, slip(pair)
        if found is None:
            continue
        mismatch = pair.mismatch
        nearest = mismatch.nearest if mismatch is not None else ()
        below = found.rest.startswith("/")
        message = f"{_message(pair, found)}: nginx connects to {target.address}"
        if not found.certain:
            message += f", which exists only if {found.socket} is a directory"
        yield RULE.disagreement(
            pair,
            "address",
            certain=found.certain,
            message=message,
            place=target.place(f"nginx connects to {target.address.socket}"),
            related=tuple(
                address_place(listener)
                for listener in nearest
                if socket_path(listener) == found.socket
            ),
            upstream=mismatch.upstream if mismatch is not None else None,
            log=error_log.line(
                "not-a-directory" if below else "no-such-socket", address=f"{target.address}"
            ),
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
    fixed = f"{path}:{found.rest}" if _takes_uri(pair) else path
    return replacement(target.written, target.arg, written, fixed, safe=found.rest == ":")


RULE = Rule("unix-url-colon", check, "usual.once")
