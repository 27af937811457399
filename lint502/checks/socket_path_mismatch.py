"""socket-path-mismatch: nginx connects to a unix socket at which the upstream does not listen."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.mismatches import at_one_address, where_declared
from lint502.behaviour.sockets import slip
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.addresses import normal_socket
from lint502.nginx.hops import Target
from lint502.pairing import Mismatch, Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import address_place, replacement


def check(site: Site) -> Iterator[Disagreement]:
    """One for each socket that is declared elsewhere."""
    for pairs in at_one_address(filter(_fails, site.each_pair())):
        target, mismatch = pairs[0].target, pairs[0].mismatch
        assert mismatch is not None, "that is what fails"
        disagreement = RULE.disagreement(
            pairs[0],
            "address",
            certain=mismatch.certain,
            message=_message(target, mismatch),
            place=target.place(f"nginx connects to {target.address.socket}"),
            related=tuple(address_place(listener) for listener in mismatch.nearest),
            upstream=mismatch.upstream,
            log=error_log.line("no-such-socket", address=f"{target.address}"),
            fix=_fix(target, mismatch),
        )
        yield from disagreement.at(pairs)


def _fails(pair: Pair) -> bool:
    return (
        pair.mismatch is not None and pair.target.address.socket is not None and slip(pair) is None
    )


def _message(target: Target, mismatch: Mismatch) -> str:
    socket = target.address.socket
    if not mismatch.nearest:
        return (
            f"nginx connects to the socket {socket}, where no upstream is declared, and the spec "
            "says that it is complete"
        )
    if mismatch.upstream is not None:
        return (
            f"nginx connects to the socket {socket}, but {mismatch.upstream} listens on "
            f"{where_declared(mismatch)}"
        )
    return (
        f"nginx connects to the socket {socket}, which no upstream declares; declared: "
        f"{where_declared(mismatch)}"
    )


def _fix(target: Target, mismatch: Mismatch) -> Fix | None:
    """The only socket that is declared; it is meant for certain where nothing else is declared."""
    sockets = [near.socket.value for near in mismatch.nearest if near.socket is not None]
    if not mismatch.certain or len(sockets) != 1 or mismatch.total != len(mismatch.nearest):
        return None
    written = target.written.args[target.arg]
    start = written.lower().find("unix:")
    path = (written if start == -1 else written[start + len("unix:") :]).partition(":")[0]
    if not path or (start == -1 and normal_socket(path) != target.address.socket):
        return None  # a part of the path stands elsewhere
    return replacement(target.written, target.arg, path, sockets[0], safe=mismatch.total == 1)


RULE = Rule("socket-path-mismatch", check, "usual.once")
