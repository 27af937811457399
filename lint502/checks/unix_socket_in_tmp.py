"""unix-socket-in-tmp: a unix socket below /tmp, which systemd may keep apart for each service."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.sockets import in_tmp
from lint502.disagreements import Disagreement
from lint502.nginx import error_log
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import address_place


def check(site: Site) -> Iterator[Disagreement]:
    """One for each address of a socket below /tmp or /var/tmp."""
    for pair in filter(_fails, site.each_pair()):
        target, listener = pair.target, pair.meant
        message = (
            f"the socket {target.address.socket} is in a temporary directory: if nginx or its "
            "upstream is a systemd service with PrivateTmp, each has one of its own, and nginx "
            "finds no socket there; put it below /run"
        )
        yield RULE.disagreement(
            pair,
            "connect",
            message=message,
            place=target.place(f"nginx connects to {target.address.socket}"),
            related=() if listener is None else (address_place(listener),),
            log=error_log.line("no-such-socket", address=f"{target.address}"),
        )


def _fails(pair: Pair) -> bool:
    """Where the socket is said to be elsewhere, that is what has to be fixed. One that another
    container shares is in a volume."""
    if not in_tmp(pair.target.address) or (pair.mismatch is not None and pair.mismatch.certain):
        return False
    same_host = pair.meant.same_host if pair.meant is not None else None
    return same_host is None or same_host.value


RULE = Rule("unix-socket-in-tmp", check, "sockets.private_tmp")
