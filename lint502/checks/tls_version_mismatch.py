"""tls-version-mismatch: nginx and the upstream have no version of TLS in common."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks.handshake import family, line_of, protocols, refused
from lint502.checks.site import Site
from lint502.checks.wording import by_profile, listed
from lint502.findings import Finding, Fix
from lint502.pairing import Pair
from lint502.places import Place
from lint502.spec.listeners import Fact, Listener

_ORDER = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target that takes none of the versions that nginx offers."""

    def told(pair: Pair, listener: Listener) -> tuple[str, Place, Fact[tuple[str, ...]], str, Fix]:
        prefix = family(pair.hop)
        offered, taken = protocols(pair.hop), listener.tls_details.versions
        assert offered is not None and taken is not None, "that is what fails"
        offers, takes = _listed(offered.value), _listed(taken.value)
        by_default = f" (the default of nginx {site.version})" if offered.directive is None else ""
        message = (
            f"nginx offers {offers}{by_default}, but {listener.upstream} takes {takes} "
            f"only{by_profile(taken)}: the TLS handshake fails"
        )
        wanted = sorted({*offered.value, *taken.value}, key=_rank)
        return (
            message,
            line_of(pair, "protocols", f"nginx offers {offers}"),
            taken,
            f"{listener.upstream} takes {takes}",
            Fix(f"{prefix}_protocols {' '.join(wanted)};"),
        )

    return refused(
        site,
        "tls-version-mismatch",
        _fails,
        told,
        "SSL_do_handshake() failed (SSL: …SSL alert number 70) while SSL handshaking to upstream",
    )


def _fails(pair: Pair) -> bool:
    taken = pair.listener.tls_details.versions if pair.listener is not None else None
    offered = protocols(pair.hop)
    if taken is None or not taken.value or offered is None or not offered.value:
        return False
    return not set(offered.value) & set(taken.value)


def _rank(version: str) -> int:
    return _ORDER.index(version) if version in _ORDER else len(_ORDER)


def _listed(versions: frozenset[str] | tuple[str, ...]) -> str:
    return listed(sorted(versions, key=_rank), most=len(_ORDER))
