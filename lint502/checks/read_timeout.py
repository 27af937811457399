"""read-timeout: a legitimate answer takes longer than nginx waits for it."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.limits import read_timeout
from lint502.disagreements import Disagreement
from lint502.edits.propose import set_to
from lint502.findings import Fix
from lint502.nginx.scope import Value
from lint502.nginx.values import format_time
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared

_MARGIN = 30_000


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that waits less than its upstream may take to answer."""
    for pair in site.each_pair():
        timeout, listener, hop = _too_short(pair), pair.meant, pair.hop
        if timeout is None or listener is None or listener.response_timeout is None:
            continue
        takes = listener.response_timeout.value
        name, longer = timeout.setting.name, format_time(takes + _MARGIN)
        line = timeout.directive or hop.directive
        stream = hop.kind == "stream"
        seen = "the client gets no answer" if stream else "a slow request answers 504"
        waits = timeout.described(f"{format_time(timeout.value)} ({name})")
        message = (
            f"{listener.upstream} takes up to {format_time(takes)} to start an answer, but nginx "
            f"waits for {waits}: {seen}"
        )
        yield RULE.disagreement(
            pair,
            "wait",
            status=200 if stream else 504,
            message=message,
            place=line.place(f"nginx waits {format_time(timeout.value)}"),
            related=(
                declared(
                    listener.response_timeout,
                    f"{listener.upstream} takes up to {format_time(takes)}",
                ),
            ),
            log=None if stream else ...,
            fix=Fix(f"{name} {longer};", True, set_to(hop, [(timeout.setting, longer)])),
        )


def _too_short(pair: Pair) -> Value[int] | None:
    """nginx's timeout, where it is below what the listener takes (0 has a rule of its own), and
    the listener itself has not given up by then."""
    listener = pair.meant
    if listener is None or listener.response_timeout is None:
        return None
    timeout, gives_up = read_timeout(pair.hop), listener.request_timeout
    if timeout is None or not 0 < timeout.value < listener.response_timeout.value:
        return None
    return None if gives_up is not None and gives_up.value < timeout.value else timeout


RULE = Rule("read-timeout", check, "limits.late_answer")
