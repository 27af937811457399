"""tls-version-mismatch: nginx and the upstream have no version of TLS in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lint502.checks.failover import failing
from lint502.checks.handshake import commands, family, protocols, speaks_tls
from lint502.checks.site import Site
from lint502.checks.wording import by_profile, declared, listed
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.version import Version
from lint502.pairing import Pair

_VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""In their order."""

_OLD = frozenset(_VERSIONS[:4])
"""OpenSSL 3 signs nothing of these at its default security level (its CHANGES, 3.0)."""

_WITH_OPENSSL_3 = Version(1, 21, 2)
"""From here on nginx may be built with it (CHANGES, 1.21.2)."""

_HANDSHAKING = "SSL_do_handshake() failed (SSL: …) while SSL handshaking to upstream"


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop whose versions of TLS are not those of a listener that it reaches,
    or are too old for OpenSSL 3."""
    for pair, exposure in failing(site, lambda pair: _certain(pair) is not None, "connect"):
        offered, listener, hop = protocols(pair.hop), pair.listener, pair.hop
        assert offered is not None and listener is not None
        accepted = listener.tls_details.versions
        assert accepted is not None
        certain = _certain(pair)
        offers, takes = offered.described(_named(offered.value)), _named(accepted.value)
        message = (
            f"nginx offers {offers} to {listener.upstream}, which accepts only {takes}"
            f"{by_profile(accepted)}: "
        )
        if certain:
            message += "the handshake fails"
        else:
            message += (
                "OpenSSL 3 refuses what they have in common, unless the level of its ciphers is 0"
            )
        if exposure.hint:
            message += f"; {exposure.hint}"
        yield Finding(
            rule="tls-version-mismatch",
            severity=exposure.severity if certain else Severity.WARNING,
            status=502,
            frequency=exposure.frequency if certain else "sometimes",
            message=message,
            place=(offered.directive or hop.directive).place(f"nginx offers {offers}"),
            related=(declared(accepted, f"{listener.upstream} accepts {takes}"),),
            hops=(hop.id,),
            upstream=listener.upstream,
            log=_HANDSHAKING,
            fix=_fix(hop, offered.value, accepted.value, certain=bool(certain)),
        )


def _certain(pair: Pair) -> bool | None:
    """True: nothing in common; False: only what OpenSSL 3 refuses; None: they fit, or it is not
    known."""
    if not speaks_tls(pair):
        return None
    assert pair.listener is not None
    accepted, offered = pair.listener.tls_details.versions, protocols(pair.hop)
    if accepted is None or offered is None:
        return None
    common = offered.value.intersection(accepted.value)
    if not common:
        return True
    return False if common <= _OLD and _is_refused_by_openssl_3(pair.hop) else None


def _is_refused_by_openssl_3(hop: Hop) -> bool:
    ciphers = hop.scope.word(f"{family(hop)}_ssl_ciphers")
    return (
        hop.scope.version >= _WITH_OPENSSL_3
        and ciphers is not None
        and "@SECLEVEL=0" not in ciphers.value.upper()
        and commands(hop, "cipherstring") is False
    )


def _fix(hop: Hop, offered: frozenset[str], accepted: tuple[str, ...], *, certain: bool) -> Fix:
    """To offer what is accepted too; the old versions are for those who know why."""
    if not certain:
        return Fix(f"{family(hop)}_ssl_ciphers DEFAULT:@SECLEVEL=0;")
    wanted = frozenset(accepted) - _OLD
    kept = (offered - _OLD) | wanted if wanted else offered.union(accepted)
    words = " ".join(version for version in _VERSIONS if version in kept)
    return Fix(f"{family(hop)}_ssl_protocols {words};", safe=bool(wanted))


def _named(versions: Iterable[str]) -> str:
    known = set(versions)
    return listed((version for version in _VERSIONS if version in known), len(_VERSIONS))
