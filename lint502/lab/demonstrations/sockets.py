"""Unix sockets."""

from __future__ import annotations

from msgspec.structs import replace

from lint502.behaviour.sockets import in_tmp, locked_out, rights, workers
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.demonstrations.usual import once

_EVERYBODY = 0o111
"""Three bits times this are those of the owner, of the group and of all others."""

_ALL = 7


def private_tmp(case: Case) -> Experiment:
    """The usual request, where the upstream's socket is in another /tmp than nginx's."""
    shown = once(case)
    apart = {pair.target.address for pair in case.failing if in_tmp(pair.target.address)}
    servers = tuple(
        replace(server, behaviour=None) if server.address in apart else server
        for server in shown.plan.servers
    )
    clauses = tuple(
        f"{address} is in the upstream's own /tmp" for address in sorted(map(str, apart))
    )
    return replace(shown, plan=replace(shown.plan, servers=servers), conditions=clauses)


def permission(case: Case) -> Experiment:
    """The usual request, from workers that have those rights to the socket that are declared for
    nginx's: the users and groups themselves are not on this machine."""
    shown, who = once(case), workers(case.site.tree)
    if who is None:
        raise CannotShowError("no user is written")
    pairs = {pair.target.address: pair for pair in case.route.pairs}
    servers = []
    clauses = {f"a user with the same rights stands in for {who.user}": None}
    for server in shown.plan.servers:
        pair = pairs.get(server.address)
        if pair is not None and pair.listener is not None:
            found = rights(pair.listener, who)
            mode, directory = found.get(False), found.get(True)
            server = replace(
                server,
                mode=_EVERYBODY * (mode if mode is not None else _ALL),
                directory=_EVERYBODY * directory if directory is not None else None,
            )
            refused = locked_out(pair, who)
            if refused is not None and refused.lock.usual:
                clauses[f"{refused.lock.path} is closed to others, which is not declared"] = None
            if refused is not None and refused.unless is not None:
                clauses[f"{who.user} is no member of the group {refused.unless}"] = None
        servers.append(server)
    made = replace(shown.plan, servers=tuple(servers), as_nobody=True)
    return replace(shown, plan=made, conditions=tuple(clauses))
