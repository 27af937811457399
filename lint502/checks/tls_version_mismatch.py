"""tls-version-mismatch: nginx and the upstream have no version of TLS in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lint502.behaviour.tls import family
from lint502.behaviour.tls_failures import OLD, without_version
from lint502.behaviour.tls_versions import VERSIONS, by_commands, protocols
from lint502.behaviour.unset import unset
from lint502.disagreements import Disagreement
from lint502.edits.propose import in_place_of, set_to
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Value
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared, listed


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop whose versions of TLS are not those of a listener that it reaches,
    or are too old for OpenSSL 3."""
    for pair in site.each_pair():
        listener, hop = pair.meant, pair.hop
        accepted = listener.tls_versions if listener is not None else None
        if listener is None or accepted is None:
            continue
        certain, offered = without_version(pair), protocols(hop)
        if certain is None or offered is None:
            continue
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
        yield RULE.disagreement(
            pair,
            "handshake",
            certain=certain,
            message=message,
            place=(offered.directive or hop.directive).place(f"nginx offers {offers}"),
            related=(declared(accepted, f"{listener.upstream} accepts {takes}"),),
            log=error_log.line("handshake-failed"),
            cause=unset(hop, offered.setting),
            fix=_fix(hop, offered, accepted.value, certain=certain),
        )


def _fix(
    hop: Hop, offered: Value[frozenset[str]], accepted: tuple[str, ...], *, certain: bool
) -> Fix:
    """To offer what is accepted too; the old versions are for those who know why."""
    if not certain:
        ciphers = hop.scope.setting(f"{family(hop)}_ssl_ciphers")
        old = ciphers.directives if ciphers is not None else ()
        return Fix(f"{family(hop)}_ssl_ciphers DEFAULT:@SECLEVEL=0;{in_place_of(old)}")
    wanted = frozenset(accepted) - OLD
    kept = (offered.value - OLD) | wanted if wanted else offered.value.union(accepted)
    words = " ".join(version for version in VERSIONS if version in kept)
    name = f"{family(hop)}_ssl_protocols"
    if by_commands(offered.setting):
        lines = listed(f"{offered.setting.name} {line[0]}" for line in offered.setting.lines)
        return Fix(f"{name} {words}; without {lines}")
    edits = set_to(hop, [(hop.scope.setting(name), words)])
    return Fix(f"{name} {words};", bool(wanted), edits)


def _named(versions: Iterable[str]) -> str:
    known = set(versions)
    named = listed((version for version in VERSIONS if version in known), len(VERSIONS))
    return named or "no version"


RULE = Rule("tls-version-mismatch", check, "usual.once")
