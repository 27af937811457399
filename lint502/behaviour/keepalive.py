"""Whether the connections of a hop are kept for later requests.

A connection goes into the pool when the response is complete, HTTP/1.1 or newer, and does not say
``Connection: close``; a server says so when nginx's request did, or came as HTTP/1.0. Source: the
upstream keepalive module, and ``ngx_http_upstream_process_connection()``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from lint502.declared.listeners import Fact, Listener
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.upstreams import KEEPALIVE_BY_DEFAULT, Block
from lint502.nginx.version import Version
from lint502.site import Site, once_a_site

LEAST_PART = 4
"""A margin between two times is at most this part of the shorter one."""

_MINDS_LENGTH = Version(1, 19, 1)
"""From here on nginx takes the answer of a uwsgi or SCGI server for complete by its Content-Length,
and does not wait for the server to close (CHANGES)."""


class Reuse(Struct, frozen=True):
    """``kept`` is None where it is not known; ``why`` is a clause on why nothing is kept, and
    ``cause`` the line of a ``map`` or ``set`` that brings it about, if one does."""

    kept: bool | None
    why: str = ""
    cause: Directive | None = None


def reuse(hop: Hop, version: Version) -> Reuse:
    """Whether a hop leaves its connections open, so that a pool can keep them."""
    if hop.kind in ("uwsgi", "scgi"):
        return Reuse(False, f"{hop.directive.name} opens a connection for each request")
    if hop.kind == "stream":
        return Reuse(False, "stream has no pool")
    if hop.kind == "fastcgi":
        flag = hop.scope.flag("fastcgi_keep_conn")
        if flag is None or flag.value:
            return Reuse(None if flag is None else True)
        return Reuse(False, flag.described("fastcgi_keep_conn is off"))
    if hop.kind in ("grpc", "memcached"):
        return Reuse(True)
    spoken = hop.scope.word("proxy_http_version")
    if spoken is None:
        return Reuse(None)
    if spoken.value == "2":
        return Reuse(True)
    by_header = _by_header(hop, version, spoken.value)
    if by_header.kept is False and spoken.value == "1.0":
        return Reuse(False, spoken.described("proxy_http_version is 1.0"))
    return by_header


def closing_line(hop: Hop, version: Version) -> Directive | None:
    """The line of a ``map`` or ``set`` that closes the connections of a hop, also in HTTP/1.1."""
    return _by_header(hop, version, "1.1").cause if hop.kind == "proxy" else None


def closes_safely_before(first: int, then: int, margin: int) -> bool:
    """Whether who closes after ``first`` milliseconds of silence is done before the other, who does
    after ``then``: earlier by the margin, or by a quarter of the time where that is less."""
    return first + min(margin, first // LEAST_PART) <= then


@once_a_site
def users(site: Site) -> Mapping[Block, Sequence[Hop]]:
    """The blocks that hops reach, each with its hops."""
    found: dict[Block, list[Hop]] = {}
    for hop in site.hops:
        for block in hop.blocks:
            found.setdefault(block, []).append(hop)
    return found


@once_a_site
def reuses(site: Site) -> Mapping[str, Reuse]:
    """Whether the hops that reach blocks leave their connections open, by the hops' ids."""
    return {hop.id: reuse(hop, site.version) for hop in site.hops if hop.blocks}


@once_a_site
def meeting_kept_connections(site: Site) -> Mapping[tuple[Block | None, str], bool]:
    """The blocks, each with the ids of hops whose requests may go over a kept connection; whether
    they keep connections themselves.

    A pool belongs to its block: what one hop leaves open another one takes, even if it closes its
    own. Only a pool that is ``local``, as that by default is, belongs to one location.
    """
    found: dict[tuple[Block | None, str], bool] = {}
    kept = {id: bool(one.kept) for id, one in reuses(site).items()}
    for block, hops in users(site).items():
        pool = block.pool(site.version)
        if pool is None or pool.connections == 0:
            continue
        keeps = {hop.id: kept[hop.id] for hop in hops}
        shared = not pool.local and any(keeps.values())
        found.update(((block, hop), own) for hop, own in keeps.items() if own or shared)
    return found


def kept_by_default(block: Block, version: Version) -> str:
    """A clause that says so where nothing but the version makes nginx keep connections, else ""."""
    pool = block.pool(version)
    if pool is None or pool.directive is not None:
        return ""
    return f"; nginx {version} keeps connections in every upstream block, as all do from 1.29.7 on"


def line_of(block: Block, version: Version) -> Directive:
    """The line that makes nginx keep connections: the pool's, else the block's."""
    pool = block.pool(version)
    return (pool.directive if pool is not None else None) or block.opener


def nginx_may_close_first(hop: Hop, version: Version) -> bool:
    """Whether nginx closes a connection after one request without waiting for the server to do so:
    only the first to close keeps a port occupied. It waits for a FastCGI server, unless it has
    asked it to keep the connection."""
    if hop.kind in ("uwsgi", "scgi"):
        return version >= _MINDS_LENGTH
    return hop.kind != "fastcgi" or bool(reuse(hop, version).kept)


def _tokens(value: str) -> set[str]:
    return {token.strip() for token in value.split(",")}


def _keeps(value: str) -> bool:
    """Whether a value is known, and leaves a connection of HTTP/1.1 open."""
    return UNKNOWN not in value and "close" not in _tokens(value)


def _by_header(hop: Hop, version: Version, spoken: str) -> Reuse:
    """By the ``Connection`` header that nginx sends: with HTTP/1.1 the connection is kept unless it
    says "close", with HTTP/1.0 only where it says "keep-alive"."""
    headers = hop.scope.setting("proxy_set_header")
    if headers is None:
        return Reuse(None)
    lines = [] if headers.origin == "default" else headers.named("Connection")
    if not lines:
        if not headers.complete:
            return Reuse(None)
        if version >= KEEPALIVE_BY_DEFAULT:
            return Reuse(spoken != "1.0")
        return Reuse(False, 'nginx sends "Connection: close" by default')
    values: dict[str, Directive | None] = {}
    for line in lines:
        expanded = hop.variables.expand(line[1] if len(line) > 1 else "", hop.context)
        if expanded is None:
            return Reuse(None)
        values.update((text.text.lower(), text.directive) for text in expanded)
    if len(values) > 1:
        values.pop("upgrade", None)  # sent for a WebSocket, whose connection is not kept
    if any(UNKNOWN in value for value in values):
        keeps = spoken == "1.1" and len(lines) == 1 and any(map(_keeps, values))
        return Reuse(True if keeps else None)  # for some requests at least
    closing = [value for value in values if "close" in _tokens(value)]
    if len(closing) == len(values) or (closing and len(lines) > 1):
        return Reuse(False, 'nginx sends "Connection: close"', values[closing[0]])
    if spoken == "1.0":
        return Reuse(any("keep-alive" in _tokens(value) for value in values))
    return Reuse(True)


ANNOUNCING = ("proxy", "grpc")
"""The protocols in which a server can say that a response is the last on its connection."""


class ConnectionEnd(Struct, frozen=True):
    """After how many responses a listener closes a connection, and the fact that says so.

    ``if_silent``: whether it announces that is not known.
    """

    responses: int
    stated: Fact[Any]
    if_silent: bool

    @property
    def counted(self) -> str:
        """The number in words."""
        return "each response" if self.responses == 1 else f"{self.responses} responses"


def connection_end(listener: Listener, hop: Hop) -> ConnectionEnd | None:
    """How a listener ends connections by itself without saying so; None where it does not, says
    so, or neither is known.

    A server of HTTP/1.1 has to announce the end (RFC 9112, 9.6), so that one that is not known to
    be silent is under suspicion only where it closes after each response. FastCGI and memcached
    have no way to announce it.
    """
    stated: Fact[Any] | None = listener.max_requests
    responses = listener.max_requests.value if listener.max_requests is not None else 1
    if listener.keepalive is not None and not listener.keepalive.value:
        stated, responses = listener.keepalive, 1
    if stated is None:
        return None
    announces = listener.announces_close.value if listener.announces_close is not None else None
    if announces is None and hop.kind not in ANNOUNCING:
        announces = False
    if announces or (announces is None and responses > 1):
        return None
    return ConnectionEnd(responses, stated, announces is None)


def kept_all_the_same(hop: Hop, end: ConnectionEnd) -> bool:
    """Whether nginx keeps a connection although it asks for its end: it goes by the response, and a
    server that never says "close" does not say it when asked either.

    The response to HTTP/1.0 is one of HTTP/1.0, which nginx does not keep.
    """
    if hop.kind != "proxy" or end.if_silent or end.responses > 1:
        return False
    spoken = hop.scope.word("proxy_http_version")
    return spoken is not None and spoken.value == "1.1"
