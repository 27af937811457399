"""request-body-limit: nginx lets larger request bodies through than the upstream takes."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.limits import body_limit
from lint502.behaviour.methods import sends_bodies
from lint502.behaviour.next_upstream import WITH_A_BODY
from lint502.behaviour.unset import unset
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.edits.propose import beside, set_to
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.scope import Value
from lint502.nginx.values import format_size
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop whose ``client_max_body_size`` is above the listener's limit."""
    for pair in site.each_pair():
        limit, listener, hop = _too_large(pair), pair.meant, pair.hop
        if limit is None or listener is None or listener.request_body is None:
            continue
        takes = format_size(listener.request_body.value)
        allowed = "any size" if limit.value == 0 else format_size(limit.value)
        certain, status, log, what = _outcome(listener)
        line = limit.directive or hop.directive
        yield RULE.disagreement(
            pair,
            "later" if log is None else "send",
            certain=certain,
            methods=WITH_A_BODY,
            status=status,
            message=(
                f"nginx lets request bodies of {limit.described(f'up to {allowed}')} through, but "
                f"{listener.upstream} takes at most {takes}{by_profile(listener.request_body)}"
                f"{what}"
            ).replace("up to any size", "any size"),
            place=line.place(f"nginx lets {allowed} through"),
            related=(declared(listener.request_body, f"{listener.upstream} takes {takes}"),),
            log=log,
            cause=unset(hop, limit.setting),
            fix=Fix(
                f"client_max_body_size {takes};{beside(hop, limit.setting)}",
                True,
                set_to(hop, [(limit.setting, takes)], here=True),
            ),
            demand=-listener.request_body.value,
        )


def _too_large(pair: Pair) -> Value[int] | None:
    """nginx's limit, where it is above the listener's (0 is no limit)."""
    hop, listener = pair.hop, pair.meant
    if listener is None or listener.request_body is None or not sends_bodies(hop):
        return None
    limit = body_limit(hop)
    if limit is None or 0 < limit.value <= listener.request_body.value:
        return None
    return limit


def _outcome(listener: Listener) -> tuple[bool, int, str | None, str]:
    """Whether a request certainly fails, status, log line and a clause on how the listener
    refuses."""
    overflow = listener.overflow.value if listener.overflow is not None else None
    if overflow == "answer":
        return False, 413, None, " and answers 413 beyond"
    # Where the reset finds nginx waiting to send on; while it writes, writev() fails instead.
    log = error_log.line("reset-early")
    if overflow == "close":
        return True, 502, log, " and closes the connection beyond"
    return (
        False,
        502,
        log,
        "; whether it answers 413 beyond or closes the connection is not declared",
    )


RULE = Rule("request-body-limit", check, "limits.large_body")
