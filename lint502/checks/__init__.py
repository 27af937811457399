"""The rules: one module each, named after its rule, and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from lint502.findings import Finding
from lint502.site import Site

Check = Callable[[Site], Iterator[Finding]]

RULES = (
    "port-mismatch",
    "socket-path-mismatch",
    "socket-permission",
    "bind-mismatch",
    "loopback-in-container",
    "localhost-family",
    "static-dns",
    "protocol-mismatch",
    "tls-mismatch",
    "tls-version-mismatch",
    "sni-missing",
    "tls-name-mismatch",
    "tls-verify-depth",
    "client-certificate-missing",
    "http-version-mismatch",
    "http2-connection-header",
    "proxy-protocol-mismatch",
    "response-header-buffer",
    "request-header-limit",
    "request-body-limit",
    "request-timeout",
    "read-timeout",
    "keepalive-race",
    "keepalive-unsupported",
    "keepalive-unused",
    "implicit-port-80",
    "resolver-missing",
    "resolver-ipv6",
    "resolver-mismatch",
    "no-live-peer",
    "proxy-loop",
    "retry-off",
    "error-status-ejection",
    "single-failure-ejection",
    "max-conns",
    "unix-url-colon",
    "buffer-directive-family",
    "unix-socket-in-tmp",
    "connection-header",
    "keepalive-order",
    "pool-shared",
    "zero-timeout",
    "cached-error",
    "front-keepalive-race",
    "front-proxy-protocol",
    "front-sni-rejected",
    "undeclared-upstream",
    "unused-upstream",
    "unused-ignore",
)
"""Every rule, in the order in which they are listed."""


def check_of(rule: str) -> Check:
    """The ``check`` of a rule's module."""
    check: Check = import_module(f"lint502.checks.{rule.replace('-', '_')}").check
    return check
