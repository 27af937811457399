"""Names that have several addresses, or others than before."""

from __future__ import annotations

import re

from msgspec.structs import replace

from lint502.behaviour.binding import refuses
from lint502.behaviour.invalid_addresses import invalid_values
from lint502.behaviour.names import FAMILIES, found_once, says_resolve
from lint502.behaviour.next_upstream import retries
from lint502.behaviour.resolving import (
    looked_up,
    named_servers,
    perhaps_unaware,
    resolver_line,
    servers_of,
    unaware,
)
from lint502.behaviour.unknown_names import is_nobody
from lint502.lab.behind import host_of
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.demonstrations.usual import times, usual_bytes, usual_script
from lint502.lab.plan import Plan, plan
from lint502.lab.play import PlayOptions
from lint502.lab.scripts import AskedAnew, Moved, Repeated, Restarted
from lint502.lab.writing import quoted, statement
from lint502.nginx.addresses import Address
from lint502.nginx.symbols import UNKNOWN
from lint502.wording import listed

_A_FEW = 4
_MANY = 12
_BOTH = (f"the name is {' and '.join(FAMILIES)}",)
_MOVES = ("the upstream moves to another address, which its name has from then on",)


def one_family(case: Case) -> Experiment:
    """Requests to ``localhost`` with both of its addresses; where nginx tries the other one, after
    the upstream was started anew."""
    _answered(case)
    refused = {pair.target.address: refuses(pair) for pair in case.failing}
    made = _bound(plan(case.route, case.version, case.failing), refused)
    request = usual_bytes(case.hop, case.path)
    if not retries(case.hop, "connect"):
        return Experiment(made, Repeated(request, max(_A_FEW, times(case))))
    return Experiment(made, Restarted(request, times(case)))


def both_families(case: Case) -> Experiment:
    """Requests to a name that has an IPv6 address too, where nothing listens; where nginx tries the
    next one, after the upstream was started anew."""
    _answered(case)
    made = plan(case.route, case.version, case.failing)
    remembered = {pair.target.address for pair in case.failing if says_resolve(pair.target)}
    servers = tuple(
        replace(
            server,
            addresses=FAMILIES,
            name=server.address.host if server.address in remembered else "",
        )
        if server.failing
        else server
        for server in made.servers
    )
    made = replace(made, servers=servers)
    conditions = _BOTH if case.status is not None else ()
    request = usual_bytes(case.hop, case.path)
    if remembered and retries(case.hop, "connect"):
        return Experiment(made, Restarted(request, times(case)), conditions=conditions)
    # nginx begins with any of the addresses
    setting = PlayOptions(round_trip_matters=True)
    return Experiment(made, Repeated(request, _MANY), setting, conditions)


def moved(case: Case) -> Experiment:
    """Requests after the upstream got another address, and its name says so."""
    _answered(case)
    made = plan(case.route, case.version, case.failing)
    found = {pair.target.address for pair in case.failing if found_once(pair.target)}
    servers = tuple(
        replace(server, name=server.address.host) if server.address in found else server
        for server in made.servers
    )
    script = Moved(usual_bytes(case.hop, case.path), times(case))
    return Experiment(replace(made, servers=servers), script, conditions=_MOVES if found else ())


def unknown_to_dns(case: Case) -> Experiment:
    """The usual request, with the DNS servers that are configured, of which some do not know the
    names that the finding is about. Where one does, requests until each was asked."""
    made = plan(case.route, case.version, case.failing, resolving=True)
    named = named_servers(case.site.spec)
    found = {
        pair.target.address.host: one
        for pair in case.failing
        for one in (unaware(pair, case.version, named) or perhaps_unaware(pair, case.version),)
        if one is not None
    }
    unknown: dict[int, tuple[str, ...]] = {}
    clauses = []
    for host, one in found.items():
        for number, server in enumerate(one.asked):
            if server in one.servers:
                unknown[number] = (*unknown.get(number, ()), host)
        asked = listed(one.servers)
        clauses.append(f"there is no {host} for {asked}")
    made = replace(made, unknown_to=unknown)
    most = max((len(one.asked) for one in found.values() if not one.every), default=0)
    script = usual_script(case)
    if most:
        script = AskedAnew(usual_bytes(case.hop, case.path), most + 1)
    return Experiment(made, script, conditions=tuple(clauses))


def unknown_names(case: Case) -> Experiment:
    """The usual request, where no DNS server knows the names that the finding is about."""
    nobody = [pair for pair in case.failing if is_nobody(pair, case.site.spec.viewpoint)]
    if any(not looked_up(pair.target, case.version) for pair in nobody):
        raise CannotShowError("nginx does not start with such a name")
    made = plan(case.route, case.version, case.failing, resolving=True)
    hosts = tuple(dict.fromkeys(pair.target.address.host for pair in nobody))
    asked = servers_of(resolver_line(case.hop))
    unknown = dict.fromkeys(range(len(asked)), hosts)
    clauses = (f"there is no {listed(hosts)} for {listed(asked)}",) if hosts else ()
    return Experiment(replace(made, unknown_to=unknown), usual_script(case), conditions=clauses)


def no_address(case: Case) -> Experiment:
    """The usual request, where the variable of the pass holds what is no address."""
    made = plan(case.route, case.version, case.failing)
    script = usual_script(case)
    if case.status is None:
        return Experiment(made, script)
    name = case.hop.directive.name
    value = invalid_values(case.hop).values[0].text.text.replace(UNKNOWN, host_of(case.hop))
    stated = re.compile(rf"\b{name} [^;]*;")
    if case.hop.kind == "stream":
        mapped = f'    map "" $lab_address {{\n        default {quoted(value)};\n    }}\n'
        stream = mapped + stated.sub(f"{name} $lab_address;", made.stream)
        return Experiment(replace(made, stream=stream), script)
    given = statement("set", ("$lab_address", value))
    http = stated.sub(lambda _: f"{given} {name} $lab_address;", made.http)
    return Experiment(replace(made, http=http), script)


def _answered(case: Case) -> None:
    if case.hop.datagrams:
        raise CannotShowError("one datagram that is not answered looks like another")


def _bound(made: Plan, refused: dict[Address, str | None]) -> Plan:
    """The plan with a ``localhost`` of both families, of which one address refuses."""
    servers = []
    for server in made.servers:
        missed = refused.get(server.address)
        if missed is not None:
            bound = next(host for host in FAMILIES if host != missed)
            server = replace(server, bound=bound, name="localhost", addresses=FAMILIES)
        servers.append(server)
    clause = f"localhost is {' and '.join(FAMILIES)}"
    conditions = (*made.conditions, clause) if any(refused.values()) else made.conditions
    return replace(made, servers=tuple(servers), conditions=conditions)
