"""client-certificate-missing: the upstream wants a client certificate, and nginx shows none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from lint502.behaviour.tls import family, gives_certificate, speaks_tls
from lint502.behaviour.tls_failures import answers_400
from lint502.behaviour.tls_versions import protocols
from lint502.behaviour.unset import unset
from lint502.disagreements import Disagreement, Phase
from lint502.edits.propose import in_place_of
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared

Outcome = Literal["early", "late", "session", "answer"]
"""In the handshake, as with TLS 1.2; when that is over for nginx, as with TLS 1.3, in HTTP or in a
session of a stream; with a page."""


_OUTCOMES: dict[Outcome, tuple[Phase, int, str]] = {
    "early": ("handshake", 502, "the TLS handshake fails"),
    "late": ("send", 502, "it ends the connection when the request has been sent"),
    "session": (
        "later",
        200,
        "it ends the connection after the handshake, and the client gets nothing",
    ),
    "answer": ("later", 400, "it answers 400 to every request"),
}
"""The phase, the status, and what happens as a clause."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each target that asks for a certificate in vain."""
    for pair in site.each_pair():
        ending = _ending(pair)
        if ending is not None:
            yield _disagreement(pair, ending)


def _disagreement(pair: Pair, ending: Outcome) -> Disagreement:
    listener, hop = pair.meant, pair.hop
    assert listener is not None and listener.tls_client_certificate is not None
    name = f"{family(hop)}_ssl_certificate"
    phase, status, what = _OUTCOMES[ending]
    written = hop.scope.setting(name)
    line = written.directives[-1] if written is not None and written.directives else None
    key = hop.scope.setting(f"{name}_key")
    keys = key.directives if key is not None else ()
    none = f"{name} is empty" if line is not None else f"{name} is not set"
    message = (
        f"{listener.upstream} wants a client certificate, and nginx has none to show ({none}): "
        f"{what}"
    )
    return RULE.disagreement(
        pair,
        phase,
        status=status,
        message=message,
        place=(line or hop.directive).place("nginx shows no client certificate"),
        related=(declared(listener.tls_client_certificate, f"{listener.upstream} wants one"),),
        log=_log(ending),
        cause=unset(hop, written),
        fix=Fix(f"{name} FILE; {name}_key FILE;{in_place_of(keys)}"),
    )


def _ending(pair: Pair) -> Outcome | None:
    """How the listener refuses; None where it gets what it wants, or where it is not known."""
    if not speaks_tls(pair) or pair.meant is None:
        return None
    wanted = pair.meant.tls_client_certificate
    if wanted is None or wanted.value != "required" or gives_certificate(pair.hop) is not False:
        return None
    if answers_400(pair):
        return "answer"
    offered, taken = protocols(pair.hop), pair.meant.tls_versions
    common = offered.value if offered is not None else frozenset(("TLSv1.3",))
    if taken is not None:
        common &= frozenset(taken.value)
    if "TLSv1.3" not in common:
        return "early"
    return "session" if pair.hop.kind == "stream" else "late"


def _log(ending: Outcome) -> str | None:
    if ending == "answer":
        return None
    if ending == "early":
        return error_log.line("alert-handshake-failure")
    return error_log.line(
        "late-alert-certificate-required", phase="session" if ending == "session" else "head"
    )


RULE = Rule("client-certificate-missing", check, "handshake.uncertified")
