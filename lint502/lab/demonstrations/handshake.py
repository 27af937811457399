"""Two sides that do not agree on the TLS handshake."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from lint502.behaviour.public_names import unnamed_in_public
from lint502.behaviour.tls import family
from lint502.behaviour.tls_failures import answers_400, misnamed, unnamed
from lint502.lab.behind import Planned, fitting
from lint502.lab.demonstrations.case import Case, Experiment
from lint502.lab.demonstrations.usual import usual_script
from lint502.lab.plan import Plan, plan
from lint502.lab.standins.behaviour import TlsBehaviour
from lint502.lab.writing import quoted
from lint502.pairing import Pair


def unknown_name(case: Case) -> Experiment:
    """The usual request, to a server that wants to be named; where nginx sends a name that is not
    in its certificate, it refuses that."""
    made = plan(case.route, case.version, case.failing)
    found = unnamed(case.failing[0]) if case.status is not None else None
    public = [pair for pair in case.failing if unnamed_in_public(pair) is not None]
    if case.status is not None and public:
        return Experiment(_wanting_names(made, public), usual_script(case))
    if found is None:
        return Experiment(made, usual_script(case))
    if not found.certain:
        clause = "the server refuses every name that is not in its certificate"
        made = _changed(made, lambda tls, _: replace(tls, knows_only=tls.names))
        made = replace(made, conditions=(*made.conditions, clause))
    return _asking(made, case, found.names, always=found.always)


def _wanting_names(made: Plan, public: Sequence[Pair]) -> Plan:
    """A plan whose public servers want to be named, each by its own name."""
    fitting_ones = {pair.target.address: fitting(pair) for pair in public}
    servers = []
    for server in made.servers:
        behaviour = fitting_ones.get(server.address)
        if behaviour is not None and server.failing:
            name = server.address.host
            tls = TlsBehaviour(names=(name,), sni_required=True, knows_only=(name,))
            server = replace(server, behaviour=replace(behaviour, tls=tls))
        servers.append(server)
    clauses = (f"{pair.target.address.host} wants to be named" for pair in public)
    return replace(made, servers=tuple(servers), conditions=tuple(dict.fromkeys(clauses)))


def unverified_name(case: Case) -> Experiment:
    """The usual request, where nginx asks for a name that it does not get."""
    made = plan(case.route, case.version, case.failing)
    found = misnamed(case.failing[0]) if case.status is not None else None
    if found is None:
        return Experiment(made, usual_script(case))
    return _asking(made, case, found.names, always=found.always)


def _asking(made: Plan, case: Case, names: tuple[str, ...], *, always: bool) -> Experiment:
    """With one name of those that variables can give, where not all of them fail."""
    if always or not names:
        return Experiment(made, usual_script(case))
    directive = f"{family(case.hop)}_ssl_name"
    line = f"{directive} {quoted(names[0])};"

    def named(text: str) -> str:
        return re.sub(rf"\b{directive} [^;]*;", lambda _: line, text)

    made = replace(made, http=named(made.http), stream=named(made.stream))
    return Experiment(made, usual_script(case), conditions=(f"the name is {names[0]}",))


def uncertified(case: Case) -> Experiment:
    """The usual request, to a server that wants a certificate, and answers 400 without one where
    this server is known to."""
    made = plan(case.route, case.version, case.failing)
    answering = {pair.target.address for pair in case.failing if answers_400(pair)}
    if not answering:
        return Experiment(made, usual_script(case))

    def answers(tls: TlsBehaviour, server: Planned) -> TlsBehaviour:
        return replace(tls, answers_400=server.address in answering)

    clause = "without a certificate the upstream answers 400, as that server is known to do"
    return Experiment(_changed(made, answers), usual_script(case), conditions=(clause,))


def with_or_without_header(case: Case) -> Experiment:
    """The usual request, or session; where a client would bring TLS of its own, without it."""
    made = plan(case.route, case.version, case.failing)
    if case.hop.kind != "stream" or any(pair.target.tls for pair in case.failing):
        return Experiment(made, usual_script(case))
    if not any(server.behaviour and server.behaviour.tls for server in made.servers):
        return Experiment(made, usual_script(case))
    clause = "without the client's own TLS"
    return Experiment(_changed(made, lambda *_: None), usual_script(case), conditions=(clause,))


def _changed(made: Plan, change: Callable[[TlsBehaviour, Planned], TlsBehaviour | None]) -> Plan:
    """A plan whose servers speak TLS in another way."""
    servers = []
    for server in made.servers:
        behaviour = server.behaviour
        if behaviour is not None and behaviour.tls is not None:
            behaviour = replace(behaviour, tls=change(behaviour.tls, server))
        servers.append(replace(server, behaviour=behaviour))
    return replace(made, servers=tuple(servers))
