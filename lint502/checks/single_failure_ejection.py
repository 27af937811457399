"""single-failure-ejection: nginx passes over the only server of a block after a failure."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.ejection import named, out_for, usable
from lint502.behaviour.keepalive import users
from lint502.findings import Finding, Fix
from lint502.nginx import error_log
from lint502.nginx.addresses import Address
from lint502.nginx.upstreams import Block, Peer
from lint502.nginx.values import format_time
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import replacement

_SHOWN = 3


def check(site: Site) -> Iterator[Finding]:
    """One finding for each block whose only server is one of several lines."""
    for block, hops in users(site).items():
        servers = only_server(block)
        concerned = [hop for hop in hops if not hop.datagrams]
        time = out_for(servers)
        if not time or not concerned:  # fail_timeout=0 is over within a second
            continue
        first, *again = servers
        failures = max(server.max_fails or 1 for server in servers)
        down = [server for server in block.servers if server.down]
        alone = (
            f"nothing but {first.address}, several times"
            if again
            else "one server in use beside those that are down"
        )
        yield RULE.finding(
            message=(
                f"{named([block])} has {alone}, so that nginx counts its failures: after "
                f"{'one' if failures == 1 else failures} it passes over {first.address} for "
                f"{format_time(time)}, and answers 502 even when it is back"
            ),
            place=first.directive.place("the only server"),
            related=(
                *(server.directive.place("the same one") for server in again[:_SHOWN]),
                *(server.directive.place("counts, and is down") for server in down[:_SHOWN]),
            ),
            hops=tuple(hop.id for hop in concerned),
            log=error_log.line("no-live-upstreams"),
            fix=_fix(first),
        )


def only_server(block: Block) -> tuple[Peer, ...]:
    """The lines of a block in use, where they all mean one address and nginx counts its failures;
    else none.

    It does not count those of a block that has one address only, of a line without ``backup``: what
    is ``down`` is an address too.
    """
    servers = usable(block)
    if not block.known or len(block.servers) < 2 or not servers:
        return ()
    address = servers[0].address
    alike = all(str(server.address) == str(address) for server in servers)
    return servers if alike and address is not None and _is_one(address) else ()


def _is_one(address: Address) -> bool:
    """Whether one process stands there: a name may have several addresses."""
    return address.socket is not None or address.ip is not None or address.is_loopback


def _fix(server: Peer) -> Fix | None:
    line = server.directive
    for index, arg in enumerate(line.args):
        if arg.startswith("max_fails="):
            return replacement(line, index, arg, "max_fails=0")
    return replacement(line, 0, line.args[0], f"{line.args[0]} max_fails=0")


RULE = Rule("single-failure-ejection", check, "failures.restarted")
