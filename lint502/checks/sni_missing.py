"""sni-missing: the upstream wants to be named in the TLS handshake, and nginx does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lint502.checks.failover import failing
from lint502.checks.handshake import (
    Unfit,
    asked,
    can_be_sent,
    covers,
    family,
    sends_name,
    speaks_tls,
    unfit,
    verifies,
)
from lint502.checks.site import Site
from lint502.checks.wording import by_profile, declared, listed
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.parse import Directive
from lint502.pairing import Pair
from lint502.spec.listeners import Listener

_HANDSHAKING = "SSL_do_handshake() failed (SSL: …) while SSL handshaking to upstream"


@dataclass(frozen=True, slots=True)
class Unnamed:
    """What is wrong, as a clause after "nginx"; ``certain`` is False for a name that the upstream
    may know. ``names`` are those that are at fault, none where nginx sends none at all."""

    clause: str
    line: Directive | None
    certain: bool
    always: bool
    names: tuple[str, ...] = ()


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that does not name a listener which requires it."""
    for pair, exposure in failing(site, lambda pair: unnamed(pair) is not None, "connect"):
        found, listener, hop = unnamed(pair), pair.listener, pair.hop
        assert found is not None and listener is not None
        required = listener.tls_details.sni
        assert required is not None
        message = (
            f"{listener.upstream} requires the server's name in the TLS handshake (SNI)"
            f"{by_profile(required)}, and nginx {found.clause}"
        )
        if not found.certain:
            message += ": a server that requires a name refuses those that it does not know"
        if exposure.hint:
            message += f"; {exposure.hint}"
        yield Finding(
            rule="sni-missing",
            severity=exposure.severity if found.certain else Severity.WARNING,
            status=502,
            frequency=exposure.frequency if found.certain and found.always else "sometimes",
            message=message,
            place=(found.line or hop.directive).place(f"nginx {found.clause}"),
            related=(declared(required, f"{listener.upstream} requires the name"),),
            hops=(hop.id,),
            upstream=listener.upstream,
            log=_HANDSHAKING,
            fix=_fix(pair, listener),
        )


def unnamed(pair: Pair) -> Unnamed | None:
    """Why the listener does not get a name that it knows; None where it does, or where it is not
    known."""
    listener = pair.listener
    if listener is None or not speaks_tls(pair):
        return None
    details, sends = listener.tls_details, sends_name(pair.hop)
    if details.sni is None or details.sni.value != "required" or sends is None:
        return None
    if not sends.value:
        clause = sends.described("sends none")
        return Unnamed(clause, sends.directive, certain=True, always=True)
    found = unfit(pair, can_be_sent)
    if found is not None:
        why = "an empty name" if found.names == ("",) else f"an address, as {found.names[0]} is,"
        line = found.asked.directive
        return Unnamed(f"cannot send {why} as one", line, True, found.always, found.names)
    if details.names is None or verifies(pair.hop) is not False:
        return None  # what is verified and does not fit, tls-name-mismatch tells of
    known = details.names.value
    found = unfit(pair, lambda name: any(covers(one, name) for one in known))
    return None if found is None else _unknown(found, known)


def _unknown(found: Unfit, known: tuple[str, ...]) -> Unnamed:
    named = listed(f'"{name}"' for name in found.names)
    clause = f"sends {named}, where its certificate has {listed(known)}"
    return Unnamed(clause, found.asked.directive, False, found.always, found.names)


def _fix(pair: Pair, listener: Listener) -> Fix:
    """To send the name that it has; where that is what nginx asks for anyway, to send it."""
    family_of, sends, found = family(pair.hop), sends_name(pair.hop), asked(pair)
    turned_on = sends is not None and sends.value
    names = listener.tls_details.names
    name = next((one for one in names.value if "*" not in one), "NAME") if names else "NAME"
    if found is not None and found.complete and all(map(can_be_sent, found.names)):
        known = names is None or all(
            any(covers(one, asked_for) for one in names.value) for asked_for in found.names
        )
        if known and not turned_on:
            return Fix(f"{family_of}_ssl_server_name on;", safe=True)
    line = f"{family_of}_ssl_name {name};"
    return Fix(line if turned_on else f"{family_of}_ssl_server_name on; {line}")
