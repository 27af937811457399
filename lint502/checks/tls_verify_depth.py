"""tls-verify-depth: the upstream's chain of certificates is longer than nginx verifies."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.demands import largest_for
from lint502.behaviour.tls import family
from lint502.behaviour.tls_failures import too_small
from lint502.behaviour.unset import unset
from lint502.disagreements import Disagreement
from lint502.edits.propose import set_to
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that verifies fewer intermediate certificates than there are."""
    found = [(pair, one) for pair in site.each_pair() if (one := too_small(pair)) is not None]
    needed = largest_for(
        (depth.directive or pair.hop.directive, pair.meant.tls_chain_depth.value)
        for pair, depth in found
        if pair.meant is not None and pair.meant.tls_chain_depth is not None
    )
    for pair, depth in found:
        listener, hop = pair.meant, pair.hop
        chain = listener.tls_chain_depth if listener is not None else None
        if listener is None or chain is None:
            continue
        line = depth.directive or hop.directive
        wanted = str(needed[line])
        name = f"{family(hop)}_ssl_verify_depth"
        setting = depth.described(f"{name} is {depth.value}")
        message = (
            f"the certificate of {listener.upstream} has {_counted(chain.value)} above it, and "
            f"{setting}: nginx does not get to the root, and refuses the certificate"
        )
        verify = hop.scope.setting(f"{family(hop)}_ssl_verify")
        verifying = verify.directives[-1:] if verify is not None else ()
        yield RULE.disagreement(
            pair,
            "handshake",
            message=message,
            place=line.place(setting),
            related=(
                declared(chain, f"{listener.upstream} sends {_counted(chain.value)}"),
                *(flag.place("verified here") for flag in verifying),
            ),
            log=error_log.line("certificate-not-verified"),
            cause=unset(hop, depth.setting),
            fix=Fix(f"{name} {wanted};", True, set_to(hop, [(depth.setting, wanted)])),
            demand=chain.value,
        )


def _counted(number: int) -> str:
    return f"{number} intermediate certificate{'s' if number > 1 else ''}"


RULE = Rule("tls-verify-depth", check, "usual.once")
