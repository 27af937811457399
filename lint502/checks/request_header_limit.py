"""request-header-limit: nginx lets larger request headers through than the upstream takes."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.limits import HEADER_BUFFERS, allowed_header, header_buffers_setting
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Setting
from lint502.nginx.values import format_size
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared, server_of

_DEFAULT = 4 * 8192
_USUAL_STATUS = 431
"""What a header that is too large is answered with, where nothing says otherwise (RFC 6585, 5)."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop whose clients may send a larger header than the listener takes."""
    for pair in site.each_pair():
        listener, hop = pair.meant, pair.hop
        if listener is None or listener.request_headers is None:
            continue
        buffers = header_buffers_setting(hop)
        if buffers is None or not _matters(hop, listener, buffers):
            continue
        allowed = allowed_header(buffers)
        if allowed is None or allowed[0] * allowed[1] <= listener.request_headers.value:
            continue
        certain, status, log, what = _outcome(hop, listener)
        takes = format_size(listener.request_headers.value)
        lets = format_size(allowed[0] * allowed[1])
        by_default = " by default" if buffers.origin == "default" else ""
        line = buffers.directives[-1] if buffers.directives else hop.directive
        counted = f", with every {hop.kind}_param" if hop.kind in ("uwsgi", "scgi") else ""
        yield RULE.disagreement(
            pair,
            "later" if log is None else "send",
            certain=certain,
            status=status,
            message=(
                f"nginx lets request headers of up to {lets} through{by_default} ({HEADER_BUFFERS} "
                f"{allowed[0]} {format_size(allowed[1])}), but {listener.upstream} takes at most "
                f"{takes}{counted}{by_profile(listener.request_headers)}{what}"
            ),
            place=line.place(f"nginx lets {lets} through"),
            related=(declared(listener.request_headers, f"{listener.upstream} takes {takes}"),),
            log=log,
            fix=_fix(listener, allowed[0] * allowed[1]),
        )


def _matters(hop: Hop, listener: Listener, buffers: Setting) -> bool:
    """Whether there is something to say.

    An answer is the same 4xx that nginx would give: that is worth a word only where somebody has
    declared the upstream's limit, or raised nginx's. gRPC has an answer of its own, of which nginx
    knows nothing.
    """
    assert listener.request_headers is not None
    overflow, by_default = listener.overflow, listener.request_headers.profile is not None
    if overflow is None:
        return True
    if by_default and overflow.profile is None and listener.request_body is not None:
        return False  # it is declared of the body's limit
    if overflow.value == "close":
        return True
    allowed = allowed_header(buffers)
    chosen = not by_default or (allowed is not None and allowed[0] * allowed[1] > _DEFAULT)
    return chosen and hop.kind != "grpc"


def _outcome(hop: Hop, listener: Listener) -> tuple[bool, int, str | None, str]:
    """Whether a request certainly fails, status, log line and a clause on how the listener
    refuses."""
    if listener.overflow is not None and listener.overflow.value == "answer":
        known = listener.headers_status
        status = known.value if known is not None else _USUAL_STATUS
        return False, status, None, f" and answers {status} beyond"
    log = error_log.line("http2-rejected" if speaks_http2(hop) else "reset-early")
    if listener.overflow is not None:
        return True, 502, log, " and closes the connection beyond"
    return (
        False,
        502,
        log,
        f"; whether it answers {_USUAL_STATUS} beyond or closes the connection is not declared",
    )


def _fix(listener: Listener, lets: int) -> Fix:
    if server_of(listener) == "uwsgi":
        return Fix(f"start uWSGI with --buffer-size {min(2 * lets, 65535)}")
    return Fix(
        f"raise the limit of {listener.upstream} above {format_size(lets)}, or lower "
        f"{HEADER_BUFFERS}"
    )


RULE = Rule("request-header-limit", check, "limits.large_request_header")
