"""How large and how late things may be on nginx's side of a hop: bodies, headers, answers."""

from __future__ import annotations

from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.internal_redirects import origins
from lint502.declared.listeners import Listener
from lint502.declared.profiles import at_least, parse_server
from lint502.nginx import error_log
from lint502.nginx.buffers import FAMILIES, Buffers, buffers_at
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Scope, Value
from lint502.nginx.version import Version


def body_limit(hop: Hop) -> Value[int] | None:
    """nginx's limit. The body is measured where a request first arrives, so a named location does
    not have one of its own: the largest of those counts from which requests go on to it."""
    server = hop.context.enclosing("server")
    if server is None or not hop.location.startswith("@"):
        return hop.scope.size("client_max_body_size")
    found = origins(server).get(hop.location)
    levels = [server] if found is None else [one.level for one in found]
    limits = [Scope(level, hop.scope.version).size("client_max_body_size") for level in levels]
    known = [limit for limit in limits if limit is not None]
    if len(known) < len(limits):
        return None
    return max(known, key=lambda limit: limit.value or float("inf"), default=None)


def read_timeout(hop: Hop) -> Value[int] | None:
    """How long nginx waits for the upstream to say something; None where that is not known."""
    name = "proxy_timeout" if hop.kind == "stream" else f"{hop.kind}_read_timeout"
    return hop.scope.time(name)


_OF_PROXIES = {
    "caddy": 504, "envoy": 504, "haproxy": 504, "nginx": 504, "traefik": 504, "varnish": 503,
}  # fmt: skip
"""What servers answer that wait themselves: HAProxy after "timeout server", nginx after its own
``*_read_timeout``, Varnish after ``first_byte_timeout``, Caddy after ``response_header_timeout``;
seen of HAProxy 2.6, Varnish 7.1 and Caddy 2.6. Those of Envoy and Traefik are in the profiles of
what stands before nginx."""


def status_when_it_gives_up(listener: Listener) -> int | None:
    """What an upstream answers to a request that it gives up; None of one that closes the
    connection, or of which that is not known. gunicorn's sync workers answer 500 from 22.0 on.

    Source: https://github.com/benoitc/gunicorn/commit/40232284 (``BaseException``)
    """
    if listener.server is None:
        return None
    name, version = parse_server(listener.server.value)
    numbers = None if version is None else tuple(map(int, version.split(".")))
    if name == "gunicorn":
        return 500 if at_least(numbers, "22.0") else None
    return _OF_PROXIES.get(name)


PASS_FAMILIES = ("proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached")


def tuned_size(hop: Hop) -> int | None:
    """The largest ``*_buffer_size`` of another family that is written for a hop, in bytes."""
    sizes = [
        value.value
        for family in PASS_FAMILIES
        if family != hop.kind
        for value in (hop.scope.size(f"{family}_buffer_size"),)
        if value is not None and value.setting.origin != "default"
    ]
    return max(sizes, default=None)


_LARGEST_DEFAULT = 8192
"""Bytes that a single buffer has by default at most, where pages are as small as on x86-64."""


def meant_for_headers(hop: Hop) -> Buffers | None:
    """The buffers of a hop that are written, and each larger than any by default, where that of the
    header is left at its default: there only that one counts for the header."""
    if hop.kind not in FAMILIES:
        return None
    written = hop.scope.setting(f"{hop.kind}_buffers")
    if written is None or not written.directives:
        return None
    size = hop.scope.setting(f"{hop.kind}_buffer_size")
    if size is None or size.origin != "default":
        return None
    found = buffers_at(hop.scope, hop.kind)
    return found if found is not None and found.each > _LARGEST_DEFAULT else None


HTTP2_LIMITED = Version(1, 31, 3)
"""From here on names and values of HTTP/2 count as they are, not as they are sent (CHANGES)."""


def too_big_header(hop: Hop) -> str:
    """The line of the error log where a header does not fit."""
    if speaks_http2(hop) and hop.scope.version >= HTTP2_LIMITED:
        return error_log.line("http2-header-too-large")
    return error_log.line("header-too-big")
