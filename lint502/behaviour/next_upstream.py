"""Which requests nginx does not send again when a kept connection fails.

Source: ``ngx_http_upstream_next()``. A failure on a kept connection buys one more try, whatever
``*_next_upstream_tries`` says; POST, LOCK and PATCH are not tried again, nor is anything whose body
is still being sent.
"""

from __future__ import annotations

from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.methods import NOT_IDEMPOTENT, allowed_methods
from lint502.nginx.hops import Hop
from lint502.wording import listed

_WITH_A_BODY = frozenset(("POST", "PUT", "PATCH"))


def not_sent_again(hop: Hop, *, streams: bool = True) -> str | None:
    """Which requests answer 502, as a clause; None where nginx sends every one of them again.

    ``streams``: the failed connection had streams of HTTP/2, whose number nginx keeps on the next
    connection, where no server takes it (``ngx_http_grpc_create_request()``, the proxy's alike).
    """
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    again = words is None or ("off" not in words.value and "error" in words.value)
    always = words is not None and "non_idempotent" in words.value and again
    if hop.kind == "grpc":
        if always and not streams:
            return None
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
    buffered = hop.scope.flag(f"{hop.kind}_request_buffering")
    if buffered is not None and not buffered.value and methods & _WITH_A_BODY:
        clauses.append("uploads that are still being sent, for they are not buffered")
    return ", and ".join(clauses) or None
