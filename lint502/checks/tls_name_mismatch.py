"""tls-name-mismatch: nginx verifies the certificate for a name that it does not have."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.tls import Unfit, family, names_to_ask_for
from lint502.behaviour.tls_failures import is_address, misnamed
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.edits.propose import beside, set_to
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.pairing import Pair
from lint502.places import Place
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that asks for a name which is not in a listener's certificate."""
    for pair in site.each_pair():
        found, listener, hop = misnamed(pair), pair.meant, pair.hop
        if found is None or listener is None:
            continue
        names = listener.tls_names
        wanted = listed((f'"{name}"' for name in found.names), 2)
        message = f"nginx verifies the certificate of {listener.upstream} for {wanted}"
        message += _origin(pair, found)
        if names is not None:
            message += f", but it is for {listed(names.value)}"
        if any(map(is_address, found.names)):
            message += ": nginx compares names only, and no certificate does for an address"
        flag = hop.scope.setting(f"{family(hop)}_ssl_verify")
        verifying = flag.directives[-1:] if flag is not None else ()
        yield RULE.disagreement(
            pair,
            "handshake",
            frequency="always" if found.always else "sometimes",
            message=message,
            place=(found.asked.directive or hop.directive).place(f"the name is {wanted}"),
            related=(
                *_stated(listener),
                *(line.place("verified here") for line in verifying),
            ),
            log=error_log.line("certificate-name-mismatch", host=found.names[0]),
            fix=None if names is None else _fix(pair, names.value),
        )


def _stated(listener: Listener) -> Iterator[Place]:
    """Where the names are declared, else that it speaks TLS."""
    if listener.tls_names is not None:
        yield declared(listener.tls_names, f"the certificate of {listener.upstream} is for these")
    elif listener.tls is not None:
        yield declared(listener.tls, f"{listener.upstream} speaks TLS")


def _origin(pair: Pair, found: Unfit) -> str:
    """Where a name comes from that nobody wrote as one."""
    if found.asked.directive is not None:
        return ""
    if pair.target.block is not None:
        return ", the name of the upstream block"
    if pair.target.address.socket is not None:
        return ", the path of the socket"
    return f", the host of {pair.hop.directive.name}"


def _fix(pair: Pair, names: tuple[str, ...]) -> Fix | None:
    wanted = next(iter(names_to_ask_for(names)), None)
    if wanted is None:
        return None
    name = f"{family(pair.hop)}_ssl_name"
    setting = pair.hop.scope.setting(name)
    edits = set_to(pair.hop, [(setting, wanted)], here=True)
    where = "" if setting is None else beside(pair.hop, setting)
    return Fix(f"{name} {wanted};{where}", edits=edits)


RULE = Rule("tls-name-mismatch", check, "handshake.unverified_name")
