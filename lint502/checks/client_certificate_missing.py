"""client-certificate-missing: the upstream wants a client certificate, and nginx shows none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lint502.checks.failover import Exposure, Phase, failing
from lint502.checks.handshake import family, protocols, speaks_tls
from lint502.checks.site import Site
from lint502.checks.wording import declared, server_of
from lint502.findings import Finding, Fix
from lint502.pairing import Pair

ANSWERS_400 = frozenset(("nginx",))
"""Servers that finish the handshake, and then answer 400: ``ssl_verify_client on`` of nginx
(``ngx_http_process_request()``, 496)."""

_LATE = "SSL_read() failed (SSL: …SSL alert number 116) while reading response header from upstream"
_EARLY = "SSL_do_handshake() failed (SSL: …SSL alert number 40) while SSL handshaking to upstream"


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target that asks for a certificate in vain."""
    for late in (False, True):
        phase: Phase = "sent" if late else "connect"
        for pair, exposure in failing(site, partial(_fails, late=late), phase):
            yield _finding(pair, exposure, late=late)


def _finding(pair: Pair, exposure: Exposure, *, late: bool) -> Finding:
    listener, hop = pair.listener, pair.hop
    assert listener is not None and listener.tls_details.client_certificate is not None
    answers = server_of(listener) in ANSWERS_400
    prefix = family(hop)
    if answers:
        what, log = "it answers 400 to every request", None
    elif late:
        what, log = "it ends the connection when the request has been sent", _LATE
    else:
        what, log = "the TLS handshake fails", _EARLY
    message = (
        f"{listener.upstream} wants a client certificate, and nginx has none to show "
        f"({prefix}_certificate is not set): {what}"
    )
    return Finding(
        rule="client-certificate-missing",
        severity=exposure.severity,
        status=400 if answers else 502,
        frequency=exposure.frequency,
        message=message + (f"; {exposure.hint}" if exposure.hint else ""),
        place=hop.directive.place("nginx shows no client certificate"),
        related=(
            declared(listener.tls_details.client_certificate, f"{listener.upstream} wants one"),
        ),
        hops=(hop.id,),
        upstream=listener.upstream,
        log=log,
        fix=Fix(f"{prefix}_certificate FILE; {prefix}_certificate_key FILE;"),
    )


def _fails(pair: Pair, *, late: bool) -> bool:
    if not speaks_tls(pair) or pair.listener is None:
        return False
    wanted = pair.listener.tls_details.client_certificate
    if wanted is None or wanted.value != "required":
        return False
    given = pair.hop.scope.setting(f"{family(pair.hop)}_certificate")
    return given is not None and not given.value and _is_late(pair) is late


def _is_late(pair: Pair) -> bool:
    """Whether the handshake is over for nginx before the server looks at the certificate, as with
    TLS 1.3."""
    offered = protocols(pair.hop)
    taken = pair.listener.tls_details.versions if pair.listener is not None else None
    common = offered.value if offered is not None else frozenset(("TLSv1.3",))
    if taken is not None:
        common &= frozenset(taken.value)
    return "TLSv1.3" in common
