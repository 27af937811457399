"""tls-verify-depth: the upstream's certificate has more issuers than nginx follows."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks.handshake import family, line_of, refused, verifies
from lint502.checks.site import Site
from lint502.findings import Finding, Fix
from lint502.nginx.scope import Value
from lint502.pairing import Pair
from lint502.places import Place
from lint502.spec.listeners import Fact, Listener


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target whose chain is longer than ``*_ssl_verify_depth``."""
    log = "upstream SSL certificate verify error: (…) while SSL handshaking to upstream"
    return refused(site, "tls-verify-depth", _fails, _told, log)


def _depth(pair: Pair) -> Value[int] | None:
    return pair.hop.scope.number(f"{family(pair.hop)}_verify_depth")


def _fails(pair: Pair) -> bool:
    chain = pair.listener.tls_details.chain_depth if pair.listener is not None else None
    depth = _depth(pair)
    if chain is None or depth is None or not verifies(pair.hop):
        return False
    return chain.value > depth.value


def _told(pair: Pair, listener: Listener) -> tuple[str, Place, Fact[int], str, Fix]:
    depth, chain = _depth(pair), listener.tls_details.chain_depth
    assert depth is not None and chain is not None, "that is what fails"
    name = f"{family(pair.hop)}_verify_depth"
    message = (
        f"the certificate of {listener.upstream} has {chain.value} intermediate certificates above "
        f"it, but {depth.described(f'{name} is {depth.value}')}: nginx does not follow it to the "
        "authority, and gives the handshake up"
    )
    return (
        message,
        line_of(pair, "verify_depth", f"nginx follows {depth.value}"),
        chain,
        f"{listener.upstream} has {chain.value}",
        Fix(f"{name} {chain.value};", safe=True),
    )
