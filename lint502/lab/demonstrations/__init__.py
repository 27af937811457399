"""For each rule, the requests that show what it claims."""

from __future__ import annotations

from collections.abc import Callable

from lint502.behaviour.fronts import Way
from lint502.lab.demonstrations.before_nginx import as_it_asks, closed_early
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.lab.demonstrations.failures import busy, cached, failing_url, one_refuses, restarted
from lint502.lab.demonstrations.handshake import (
    uncertified,
    unknown_name,
    unverified_name,
    with_or_without_header,
)
from lint502.lab.demonstrations.limits import (
    large_body,
    large_header,
    large_request_header,
    late_answer,
    no_time,
    slow_answer,
    tuned_header,
)
from lint502.lab.demonstrations.loops import circle
from lint502.lab.demonstrations.names import both_families, moved, one_family, unknown_to_dns
from lint502.lab.demonstrations.protocols import malformed, wrong_protocol
from lint502.lab.demonstrations.reuse import crowd, other_kind, race, unannounced
from lint502.lab.demonstrations.sockets import permission, private_tmp
from lint502.lab.demonstrations.usual import once
from lint502.nginx.parse import Directive
from lint502.site import Site


def experiment(case: Case) -> Experiment:
    """What makes a rule's claim visible; raises :class:`CannotShowError` where nothing does."""
    return SHOWN_BY[case.rule](case)


def _nothing(case: Case) -> Experiment:
    raise CannotShowError("it claims nothing that a client would see")


SHOWN_BY: dict[str, Callable[[Case], Experiment]] = {
    "bind-mismatch": once,
    "buffer-directive-family": tuned_header,
    "cached-error": cached,
    "client-certificate-missing": uncertified,
    "connection-header": _nothing,
    "error-status-ejection": failing_url,
    "http-version-mismatch": wrong_protocol,
    "http2-connection-header": malformed,
    "implicit-port-80": once,
    "keepalive-order": crowd,
    "keepalive-race": race,
    "keepalive-unsupported": unannounced,
    "keepalive-unused": crowd,
    "localhost-family": one_family,
    "loopback-in-container": once,
    "max-conns": busy,
    "no-live-peer": once,
    "pool-shared": other_kind,
    "port-mismatch": once,
    "protocol-mismatch": wrong_protocol,
    "proxy-loop": circle,
    "proxy-protocol-mismatch": with_or_without_header,
    "read-timeout": late_answer,
    "request-body-limit": large_body,
    "request-header-limit": large_request_header,
    "request-timeout": slow_answer,
    "resolver-ipv6": both_families,
    "resolver-mismatch": unknown_to_dns,
    "resolver-missing": once,
    "response-header-buffer": large_header,
    "retry-off": one_refuses,
    "single-failure-ejection": restarted,
    "sni-missing": unknown_name,
    "socket-path-mismatch": once,
    "socket-permission": permission,
    "static-dns": moved,
    "tls-mismatch": wrong_protocol,
    "tls-name-mismatch": unverified_name,
    "tls-verify-depth": once,
    "tls-version-mismatch": once,
    "undeclared-upstream": _nothing,
    "unix-socket-in-tmp": private_tmp,
    "unix-url-colon": once,
    "unused-ignore": _nothing,
    "unused-upstream": _nothing,
    "zero-timeout": no_time,
}
"""How each rule about hops shows itself."""

FRONTS_SHOWN_BY: dict[str, Callable[[Way, Site, Directive | None], Experiment]] = {
    "front-keepalive-race": closed_early,
    "front-proxy-protocol": as_it_asks,
    "front-sni-rejected": as_it_asks,
}
"""How each rule about what stands before nginx shows itself, on a way to nginx with that line."""
