"""sni-missing: the upstream needs to be told a name in the TLS handshake, and nginx tells none."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks.handshake import family, line_of, refused, sends_name
from lint502.checks.site import Site
from lint502.findings import Finding, Fix
from lint502.pairing import Pair
from lint502.places import Place
from lint502.spec.listeners import Fact, Listener


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target that needs SNI and gets none."""
    log = "SSL_do_handshake() failed (SSL: …SSL alert number 112) while SSL handshaking to upstream"
    return refused(site, "sni-missing", _fails, _told, log)


def _fails(pair: Pair) -> bool:
    sni = pair.listener.tls_details.sni if pair.listener is not None else None
    return sni is not None and sni.value == "required" and sends_name(pair) is False


def _told(pair: Pair, listener: Listener) -> tuple[str, Place, Fact[str], str, Fix | None]:
    prefix = family(pair.hop)
    flag = pair.hop.scope.flag(f"{prefix}_server_name")
    on = flag is not None and flag.value
    why = (
        f"nginx never sends an IP address as the name: set {prefix}_name to one of the upstream's"
        if on
        else "nginx sends none"
        + ("" if flag is None else f", for {flag.described(f'{prefix}_server_name is off')}")
    )
    message = (
        f"{listener.upstream} refuses a TLS handshake without a server name (SNI), and {why}: "
        "the handshake fails"
    )
    sni = listener.tls_details.sni
    assert sni is not None, "that is what fails"
    names = listener.tls_details.names
    name = names.value[0] if names is not None and names.value else "NAME"
    fix = Fix(f"{prefix}_name {name};" if on else f"{prefix}_server_name on;", safe=not on)
    fact: Fact[str] = Fact(sni.value, sni.place, sni.profile, sni.source)
    place = line_of(pair, "server_name", "nginx sends no server name")
    return message, place, fact, f"{listener.upstream} needs a server name", fix
