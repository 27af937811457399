"""unix-socket-in-tmp: a unix socket below /tmp, which systemd may keep apart for each service."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.containers import no_service
from lint502.behaviour.sockets import in_tmp
from lint502.disagreements import Disagreement
from lint502.nginx import error_log
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import address_place


def check(site: Site) -> Iterator[Disagreement]:
    """One for each address of a socket below /tmp or /var/tmp, which services may have private."""
    found = [pair for pair in site.each_pair() if _fails(pair)]
    for pair in () if found and no_service(site) else found:
        target, listener = pair.target, pair.meant
        message = (
            f"the socket {target.address.socket} is in a temporary directory: if nginx or its "
            "upstream is a systemd service with PrivateTmp, each has one of its own, and nginx "
            "finds no socket there; put it below /run, or declare same_host = true if both have "
            "one /tmp, as in one container"
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
    """Where the socket is said to be elsewhere, that is what has to be fixed. Who says that the
    upstream runs where nginx runs knows of its /tmp; what another container shares is in a volume.
    """
    if not in_tmp(pair.target.address) or (pair.mismatch is not None and pair.mismatch.certain):
        return False
    return pair.meant is None or pair.meant.same_host is None


RULE = Rule("unix-socket-in-tmp", check, "sockets.private_tmp")
