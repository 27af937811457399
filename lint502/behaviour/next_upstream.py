"""Which requests nginx sends again when an attempt fails.

Source: ``ngx_http_upstream_next()``. POST, LOCK and PATCH are not sent again, nor is anything whose
body is still being sent, once a part of it was sent. A failure on a kept connection buys one more
try, whatever ``*_next_upstream_tries`` says.
"""

from __future__ import annotations

from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.methods import NOT_IDEMPOTENT, allowed_methods
from lint502.disagreements import Phase
from lint502.nginx.hops import Hop
from lint502.wording import listed

WITH_A_BODY = frozenset(("POST", "PUT", "PATCH"))
WITHOUT_EFFECT = frozenset(
    ("invalid_header", "non_idempotent", "http_403", "http_404", "http_429", "http_500", "http_502",
     "http_503", "http_504")
)  # fmt: skip
"""What ``grpc_next_upstream`` may name in vain: it is about requests that were sent, and nginx does
not send the body of a gRPC call again, which it has passed on as it came
(``r->request_body_no_buffering`` in ``ngx_http_upstream_next()``)."""

_NOTHING_SENT = ("address", "connect", "handshake")
_CONDITIONS: dict[Phase, tuple[str, ...]] = {
    "address": ("error",),
    "connect": ("error",),
    "handshake": ("error",),
    "plaintext": ("error",),
    "send": ("error",),
    "wait": ("timeout",),
    "head": ("invalid_header", "invalid_response"),
}
"""What ``*_next_upstream`` calls a failure in a phase; after the others nothing is sent again."""


def retries(hop: Hop, phase: Phase, methods: frozenset[str] | None = None) -> bool:
    """Whether each request with one of these methods, or with any that the hop lets through, goes
    on to the next server.

    Where the settings are not known, nginx's defaults are taken. A datagram goes to one server
    only, and a session that has begun stays with its own.
    """
    if tries(hop) == 1:
        return False
    if hop.kind == "stream":
        if hop.datagrams or phase not in _NOTHING_SENT:
            return False
        flag = hop.scope.flag("proxy_next_upstream")
        return flag is None or flag.value
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    chosen = words.value if words is not None else frozenset(("error", "timeout"))
    if "off" in chosen or chosen.isdisjoint(_CONDITIONS.get(phase, ())):
        return False
    if phase in _NOTHING_SENT:
        return True
    sent = _methods(hop) if methods is None else methods & _methods(hop)
    if sent & NOT_IDEMPOTENT and "non_idempotent" not in chosen:
        return False
    return not (sent & WITH_A_BODY and _is_unbuffered(hop))


def retries_status(hop: Hop, status: int, methods: frozenset[str]) -> bool:
    """Whether a request with one of these methods goes on to the next server where one answers with
    this status."""
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    if words is None or f"http_{status}" not in words.value or tries(hop) == 1:
        return False
    sent = methods & _methods(hop)
    if sent & NOT_IDEMPOTENT and "non_idempotent" not in words.value:
        return False
    return not (sent & WITH_A_BODY and _is_unbuffered(hop))


def tries(hop: Hop) -> int:
    """To how many servers nginx sends a request at most; 0 is no limit."""
    family = "proxy" if hop.kind == "stream" else hop.kind
    most = hop.scope.number(f"{family}_next_upstream_tries")
    return 0 if most is None else most.value


def _methods(hop: Hop) -> frozenset[str]:
    """The methods of requests as the upstream gets them."""
    if hop.kind == "memcached":
        return frozenset(("GET",))
    return frozenset(("POST",)) if hop.kind == "grpc" else allowed_methods(hop)


def _is_unbuffered(hop: Hop) -> bool:
    """Whether a body is sent on while it comes in, as that of a gRPC call always is."""
    if hop.kind == "grpc":
        return True
    buffered = hop.scope.flag(f"{hop.kind}_request_buffering")
    return buffered is not None and not buffered.value


def not_sent_again(hop: Hop, *, streams: bool = True) -> str | None:
    """Which requests answer 502, as a clause; None where nginx sends every one of them again.

    ``streams``: the failed connection had streams of HTTP/2, whose number nginx keeps on the next
    connection, where no server takes it (``ngx_http_grpc_create_request()``, the proxy's alike).
    """
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    again = words is None or ("off" not in words.value and "error" in words.value)
    always = words is not None and "non_idempotent" in words.value and again
    if hop.kind == "grpc":
        return "every call, for a gRPC call is a POST, which nginx does not send again"
    if not again:
        return "every method, for nothing is sent again here"
    if streams and speaks_http2(hop):
        return "every method, for nginx fails to send HTTP/2 requests again"
    if hop.kind == "memcached":
        return None
    methods = allowed_methods(hop)
    clauses = []
    if methods & NOT_IDEMPOTENT and not always:
        named = listed(method for method in ("POST", "PATCH", "LOCK") if method in methods)
        clauses.append(f"{named}, which nginx does not send again")
    if methods & WITH_A_BODY and _is_unbuffered(hop):
        clauses.append("uploads that are still being sent, for they are not buffered")
    return ", and ".join(clauses) or None
