"""tls-name-mismatch: the certificate of the upstream does not have the name that nginx wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lint502.checks.handshake import asked_names, covers, family, line_of, refused, verifies
from lint502.checks.site import Site
from lint502.checks.wording import listed
from lint502.findings import Finding, Fix
from lint502.nginx.addresses import literal_ip
from lint502.pairing import Pair
from lint502.places import Place
from lint502.spec.listeners import Fact, Listener


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target whose certificate cannot be verified by its name."""
    log = 'upstream SSL certificate does not match "…" while SSL handshaking to upstream'
    hops = {hop.id: hop for hop in site.hops}
    for finding in refused(site, "tls-name-mismatch", lambda pair: bool(_wrong(pair)), _told, log):
        hop = hops[finding.hops[0]]
        several = any(_partly(pair) for pair in site.pairs[hop.id])
        yield replace(finding, frequency="sometimes") if several else finding


def _wrong(pair: Pair) -> list[str]:
    """The names that nginx asks for and the certificate does not have."""
    if not verifies(pair.hop) or pair.listener is None:
        return []
    asked, names = asked_names(pair), pair.listener.tls_details.names
    if asked is None:
        return []
    return [
        name
        for name in asked
        if _is_ip(name) or (names is not None and not any(covers(one, name) for one in names.value))
    ]


def _partly(pair: Pair) -> bool:
    """Whether some of the names that a variable can hold are right."""
    return 0 < len(_wrong(pair)) < len(asked_names(pair) or ())


def _is_ip(name: str) -> bool:
    return literal_ip(name.strip("[]")) is not None


def _told(
    pair: Pair, listener: Listener
) -> tuple[str, Place, Fact[tuple[str, ...]], str, Fix | None]:
    prefix, wrong = family(pair.hop), _wrong(pair)
    names = listener.tls_details.names
    setting = pair.hop.scope.setting(f"{prefix}_name")
    default = setting is not None and setting.origin == "default"
    of = ""
    if default:
        of = (
            ", the name of the upstream block"
            if pair.target.block is not None
            else f", the host of {pair.hop.directive.name}"
        )
    if _is_ip(wrong[0]):
        why = "which no certificate matches, for nginx compares names only, no addresses"
    else:
        assert names is not None, "that is what fails"
        why = f"but that of {listener.upstream} is for {listed(names.value)}"
    message = f'nginx wants a certificate for "{wrong[0]}"{of}, {why}: the handshake is given up'
    own = names.value[0] if names is not None and names.value else "NAME"
    fix = Fix(f"{prefix}_name {own.replace('*.', 'api.', 1)};")
    note = f'nginx wants "{wrong[0]}"'
    place = line_of(pair, "name", note)
    if names is not None:
        return message, place, names, f"the certificate of {listener.upstream}", fix
    assert listener.tls is not None, "it speaks TLS"
    fact: Fact[tuple[str, ...]] = Fact((), listener.tls.place)
    return message, place, fact, f"{listener.upstream} speaks TLS", fix
