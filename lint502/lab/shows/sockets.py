"""Unix sockets."""

from __future__ import annotations

from dataclasses import replace

from lint502.checks.unix_socket_in_tmp import in_tmp
from lint502.lab.shows.case import Case, Experiment
from lint502.lab.shows.usual import once


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
