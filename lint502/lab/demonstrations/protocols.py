"""Two sides that do not speak the same."""

from __future__ import annotations

import re

from msgspec.structs import replace

from lint502.behaviour.clients import stranger
from lint502.behaviour.http2 import connection_header, header_refusal, refusal_is_known
from lint502.behaviour.shared_addresses import clashes
from lint502.behaviour.single_headers import refused, sent_twice
from lint502.lab.behind import fitting, host_of
from lint502.lab.client import Request
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.demonstrations.usual import SHORT, once, timeouts, times, usual_script
from lint502.lab.plan import Plan, plan
from lint502.lab.playback import reaction
from lint502.lab.scripts import Once
from lint502.lab.standins.behaviour import Reaction


def wrong_protocol(case: Case) -> Experiment:
    """The usual request, to servers that do with it what the real ones were measured to do, where
    the two sides are said not to fit."""
    if case.status is None:
        return once(case)
    waits = [
        found.after * 1000
        for pair in case.failing
        for found in (reaction(pair, case.version, 1.0)[0],)
        if found is not None and found.after
    ]
    factor = 1.0
    if case.status == 504 or waits:
        factor = max(1.0, max((*timeouts(case.hop), *waits), default=0) / SHORT)
    made = plan(case.route, case.version, case.failing, factor)
    if case.rule == "tls-mismatch":
        made = _without_unsaid_tls(made, case)
    return Experiment(_played_back(made, case, factor), usual_script(case))


def _without_unsaid_tls(made: Plan, case: Case) -> Plan:
    """Where nothing says whether a server speaks TLS, it does not: that is what is in doubt."""
    unsaid = {
        pair.target.address
        for pair in case.failing
        if pair.meant is not None and pair.meant.tls is None
    }
    servers = tuple(
        replace(server, behaviour=replace(server.behaviour, tls=None))
        if server.address in unsaid and server.behaviour is not None
        else server
        for server in made.servers
    )
    clauses = ("the upstream does not speak TLS, which is not declared",) if unsaid else ()
    return replace(made, servers=servers, conditions=(*made.conditions, *clauses))


def other_protocol(case: Case) -> Experiment:
    """The usual request, to servers that take what nginx says to them elsewhere."""
    shown = once(case)
    if case.status is None:
        return shown
    others = {
        id(pair): others[0]
        for clash in clashes(case.site.each_pair())
        for pairs, others in ((clash.one, clash.other), (clash.other, clash.one))
        for pair in pairs
    }
    other = next((others[id(pair)] for pair in case.failing if id(pair) in others), None)
    if other is None:
        raise CannotShowError("the address is chosen by the request")
    servers = tuple(
        replace(server, behaviour=fitting(other)) if server.failing else server
        for server in shown.plan.servers
    )
    clause = f"the upstream takes what {other.hop.directive.name} {other.hop.value} speaks"
    return replace(shown, plan=replace(shown.plan, servers=servers), conditions=(clause,))


def malformed(case: Case) -> Experiment:
    """The usual request, to servers that refuse the headers of a connection in HTTP/2; one that
    sends what nginx passes on, where that decides."""
    shown = once(case)
    sent = connection_header(case.hop)
    if case.status is None or sent is None:
        return shown
    ways = {pair.target.address: header_refusal(pair) for pair in case.failing}
    servers = tuple(
        replace(server, behaviour=replace(server.behaviour, connection_headers=way))
        if server.behaviour is not None and (way := ways.get(server.address)) is not None
        else server
        for server in shown.plan.servers
    )
    clauses = ["the upstream refuses such a request, as that server is known to do"]
    if not all(
        pair.listener is not None and refusal_is_known(pair.listener) for pair in case.failing
    ):
        clauses = ["the upstream refuses such a request, which is not declared"]
    http = shown.plan.http
    if not sent.always:
        name, value = sent.line.args
        line = re.compile(rf"\b{sent.line.name} {name} [^;]*;")
        http = line.sub(f"{sent.line.name} {name} upgrade;", http)
        clauses.append(f"{value} is not empty")
    made = replace(shown.plan, http=http, servers=servers)
    return replace(shown, plan=made, conditions=(*shown.conditions, *clauses))


def header_twice(case: Case) -> Experiment:
    """The usual request, or one with a body, to servers that refuse two lines of a header."""
    shown, found = once(case), tuple(sent_twice(case.hop))
    if case.status is None or not found:
        return shown
    closes = case.status == 502
    servers = tuple(
        replace(
            server,
            behaviour=replace(server.behaviour, header_twice="close" if closes else "answer"),
        )
        if server.failing and server.behaviour is not None
        else server
        for server in shown.plan.servers
    )
    clauses = ["the upstream refuses such a request, as that server is known to do"]
    if not any(
        pair.meant is not None and refused(twice, pair.meant) is not None
        for pair in case.failing
        for twice in found
    ):
        clauses = ["the upstream refuses such a request, which is not declared"]
    script = shown.script
    if not all(twice.always for twice in found):
        script = Once((Request("POST", case.path, 5, host_of(case.hop)),) * times(case))
    http = shown.plan.http
    for line in {line for twice in found if not twice.certain for line in twice.perhaps}:
        name, value = line.args
        http = re.sub(rf"(\bproxy_set_header {re.escape(name)} )[^;]*\$[^;]*;", r"\1lab;", http)
        clauses.append(f"{value} is not empty")
    made = replace(shown.plan, http=http, servers=servers)
    return replace(shown, plan=made, script=script, conditions=(*shown.conditions, *clauses))


def handshake(case: Case) -> Experiment:
    """A handshake of a WebSocket, to servers that take nothing else."""
    shown = once(case)
    servers = tuple(
        replace(server, behaviour=replace(server.behaviour, websocket=True))
        if server.behaviour is not None
        else server
        for server in shown.plan.servers
    )
    request = Request(path=case.path, host=host_of(case.hop), handshake=True)
    made = replace(shown.plan, servers=servers)
    return replace(shown, plan=made, script=Once((request,) * times(case)))


def wrong_host(case: Case) -> Experiment:
    """The usual request, to servers that close the connection on a host which they do not serve."""
    shown = once(case)
    served = {
        pair.target.address: pair.meant.virtual_hosts.value
        for pair in case.route.pairs
        if pair.meant is not None and pair.meant.virtual_hosts is not None
    }
    servers = tuple(
        replace(
            server,
            behaviour=replace(server.behaviour, virtual_hosts=served.get(server.address, ())),
        )
        if server.behaviour is not None
        else server
        for server in shown.plan.servers
    )
    return replace(shown, plan=replace(shown.plan, servers=servers))


def dropped(case: Case) -> Experiment:
    """The usual request, to servers that close connections from where nginx is."""
    shown = once(case)
    if case.status is None:
        return shown
    strangers = {
        pair.target.address: found for pair in case.failing if (found := stranger(pair)) is not None
    }
    servers = tuple(
        replace(server, behaviour=replace(server.behaviour, reaction=Reaction("drop")))
        if server.behaviour is not None and server.address in strangers
        else server
        for server in shown.plan.servers
    )
    clauses = tuple(
        f"{address} closes connections from {found.address}" for address, found in strangers.items()
    )
    return replace(shown, plan=replace(shown.plan, servers=servers), conditions=clauses)


def _played_back(made: Plan, case: Case, factor: float) -> Plan:
    reactions = {pair.target.address: reaction(pair, case.version, factor) for pair in case.failing}
    servers = []
    clauses: dict[str, None] = {}
    for server in made.servers:
        found, clause = reactions.get(server.address, (None, ""))
        if found is not None and server.behaviour is not None:
            server = replace(server, behaviour=replace(server.behaviour, reaction=found))
            clauses[clause] = None
        servers.append(server)
    return replace(made, servers=tuple(servers), conditions=(*made.conditions, *clauses))
