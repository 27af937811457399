"""tls-verify-depth: the upstream's chain of certificates is longer than nginx verifies."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.failover import failing
from lint502.behaviour.tls import family
from lint502.behaviour.tls_failures import too_small
from lint502.edits.propose import set_to
from lint502.findings import Finding, Fix
from lint502.site import Site
from lint502.wording import declared

_REFUSED = "upstream SSL certificate verify error: (…) while SSL handshaking to upstream"


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that verifies fewer intermediate certificates than there are."""
    for pair, exposure in failing(site, lambda pair: too_small(pair) is not None, "connect"):
        depth, listener, hop = too_small(pair), pair.listener, pair.hop
        assert depth is not None and listener is not None
        chain = listener.tls_details.chain_depth
        assert chain is not None
        name = f"{family(hop)}_ssl_verify_depth"
        setting = depth.described(f"{name} is {depth.value}")
        message = (
            f"the certificate of {listener.upstream} has {_counted(chain.value)} above it, and "
            f"{setting}: nginx does not get to the root, and refuses the certificate"
        )
        if exposure.hint:
            message += f"; {exposure.hint}"
        flag = hop.scope.setting(f"{family(hop)}_ssl_verify")
        verifying = flag.directives[-1:] if flag is not None else ()
        yield Finding(
            rule="tls-verify-depth",
            severity=exposure.severity,
            status=502,
            frequency=exposure.frequency,
            message=message,
            place=(depth.directive or hop.directive).place(setting),
            related=(
                declared(chain, f"{listener.upstream} sends {_counted(chain.value)}"),
                *(line.place("verified here") for line in verifying),
            ),
            hops=(hop.id,),
            upstream=listener.upstream,
            log=_REFUSED,
            fix=Fix(
                f"{name} {chain.value};", True, set_to(hop, [(depth.setting, str(chain.value))])
            ),
        )


def _counted(number: int) -> str:
    return f"{number} intermediate certificate{'s' if number > 1 else ''}"
