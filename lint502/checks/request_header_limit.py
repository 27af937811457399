"""request-header-limit: nginx lets larger request headers through than the upstream takes."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.request_headers import (
    FIRST_BUFFER,
    LARGE_BUFFERS,
    Allowed,
    allowed_header,
    first_buffers,
)
from lint502.behaviour.request_size import LARGEST_PACKET, WITH_PARAMETERS, Excess, excess
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.values import format_size
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared, server_of

_DEFAULT = 4 * 8192
_USUAL_STATUS = 431
"""What a header that is too large is answered with, where nothing says otherwise (RFC 6585, 5)."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop whose clients may send a larger header than the listener takes."""
    first = first_buffers(site.servers, site.version)
    for pair in site.each_pair():
        listener, hop = pair.meant, pair.hop
        if listener is None or listener.request_headers is None:
            continue
        allowed = allowed_header(hop, first)
        if allowed is None or not _matters(hop, listener, allowed):
            continue
        more = excess(hop, listener, allowed)
        if more is None:
            continue
        certain, status, log, what = _outcome(hop, listener, allowed)
        takes = format_size(listener.request_headers.value)
        lets = format_size(allowed.total)
        by_default = " by default" if allowed.is_default else ""
        line = allowed.line(listener.request_headers.value) or hop.directive
        counted = f", with every {hop.kind}_param" if hop.kind in WITH_PARAMETERS else ""
        yield RULE.disagreement(
            pair,
            "later" if log is None else "send",
            certain=certain,
            status=status,
            message=(
                f"nginx lets request headers of up to {lets} through{by_default} "
                f"({allowed.described}), but {listener.upstream} takes at most "
                f"{takes}{counted}{by_profile(listener.request_headers)}{what}{more.described}"
            ),
            place=line.place(f"nginx lets {lets} through"),
            related=(declared(listener.request_headers, f"{listener.upstream} takes {takes}"),),
            log=log,
            fix=_fix(listener, more, line),
            demand=-listener.request_headers.value,
        )


def _matters(hop: Hop, listener: Listener, allowed: Allowed) -> bool:
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
    chosen = not by_default or allowed.total > _DEFAULT
    return chosen and hop.kind != "grpc"


def _outcome(hop: Hop, listener: Listener, allowed: Allowed) -> tuple[bool, int, str | None, str]:
    """Whether a request certainly fails, status, log line and a clause on how the listener
    refuses.

    Where both limits are defaults, nobody has said that anybody may send as much.
    """
    assert listener.request_headers is not None
    if listener.overflow is not None and listener.overflow.value == "answer":
        known = listener.headers_status
        status = known.value if known is not None else _USUAL_STATUS
        return False, status, None, f" and answers {status} beyond"
    log = error_log.line("http2-rejected" if speaks_http2(hop) else "reset-early")
    if listener.overflow is not None:
        said = listener.request_headers.profile is None or not allowed.is_default
        return said, 502, log, " and closes the connection beyond"
    return (
        False,
        502,
        log,
        f"; whether it answers {_USUAL_STATUS} beyond or closes the connection is not declared",
    )


def _fix(listener: Listener, more: Excess, line: Directive) -> Fix:
    if server_of(listener) == "uwsgi":
        size = min(1 << (more.largest + more.largest // 8).bit_length(), LARGEST_PACKET)
        return Fix(f"start uWSGI with --buffer-size {size}")
    name = FIRST_BUFFER if line.name == FIRST_BUFFER else LARGE_BUFFERS
    return Fix(
        f"raise the limit of the upstream above {format_size(more.largest)}, or lower {name}"
    )


RULE = Rule("request-header-limit", check, "limits.large_request_header")
