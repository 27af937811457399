"""http-version-mismatch: nginx speaks a version of HTTP that the upstream does not accept."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.protocol_outcomes import Consequence, consequence
from lint502.behaviour.refusals import refusal
from lint502.behaviour.unset import unset
from lint502.disagreements import Disagreement
from lint502.edits.propose import set_to
from lint502.findings import Fix
from lint502.nginx.scope import Value
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared, listed, server_of

_HTTP_2 = Version(1, 29, 4)
"""From here on nginx speaks HTTP/2 to upstreams (CHANGES)."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop whose ``proxy_http_version`` in effect is not accepted."""
    for pair in site.each_pair():
        version, listener, hop = _refused(pair), pair.meant, pair.hop
        if version is None or listener is None or listener.http_versions is None:
            continue
        accepted = listener.http_versions.value
        spoken = version.described(f"HTTP/{version.value}")
        takes = listed(f"HTTP/{item}" for item in accepted)
        message = (
            f"nginx speaks {spoken} to {listener.upstream}, which accepts only {takes}"
            f"{by_profile(listener.http_versions)}"
        )
        outcome = _outcome(pair, version.value)
        if outcome.clause:
            message += f": {outcome.clause}"
        line = version.directive or hop.directive
        wanted = "1.1" if "1.1" in accepted else accepted[-1]
        known = wanted != "2" or site.version >= _HTTP_2
        yield RULE.disagreement(
            pair,
            "send",
            status=outcome.status,
            message=message,
            place=line.place(f"nginx speaks {spoken}"),
            related=(declared(listener.http_versions, f"{listener.upstream} accepts {takes}"),),
            log=outcome.log,
            cause=unset(hop, version.setting),
            fix=Fix(
                f"proxy_http_version {wanted};" + ("" if known else " (from nginx 1.29.4 on)"),
                wanted == "1.1" and (version.value == "1.0" or len(site.pairs[hop.id]) == 1),
                set_to(hop, [(version.setting, wanted)]) if known else (),
            ),
        )


def _refused(pair: Pair) -> Value[str] | None:
    """The version in effect, where the listener refuses it.

    A server that knows HTTP/1.0 only has to accept a 1.1 request all the same (RFC 9110, 2.5).
    """
    listener = pair.meant
    if pair.hop.kind != "proxy" or listener is None or listener.http_versions is None:
        return None
    if listener.protocol is not None and listener.protocol.value != "http":
        return None
    version = pair.hop.scope.word("proxy_http_version")
    accepted = listener.http_versions.value
    if version is None or not accepted or version.value in accepted:
        return None
    if version.value == "1.1" and "1.0" in accepted:
        return None
    return version


def _outcome(pair: Pair, version: str) -> Consequence:
    listener = pair.meant
    assert listener is not None and listener.http_versions is not None
    only_http2 = listener.http_versions.value == ("2",)
    known = refusal("http-1-0", server_of(listener)) if version != "2" else None
    if known is not None and known.status is not None and not only_http2:
        return Consequence(known.status, None, f"the server's own {known.status}")
    return consequence(pair)


RULE = Rule("http-version-mismatch", check, "protocols.wrong_protocol")
