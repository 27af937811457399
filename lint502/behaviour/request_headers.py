"""How large a header of a client may be: what nginx takes, and so passes on.

A header goes into a first buffer, and what does not fit there into large ones. Source:
``ngx_http_wait_request_handler()`` and ``ngx_http_alloc_large_header_buffer()`` in
``src/http/ngx_http_request.c``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope, Setting, Value
from lint502.nginx.servers import Servers
from lint502.nginx.tree import Context
from lint502.nginx.values import format_size, parse_size
from lint502.nginx.version import Version

FIRST_BUFFER = "client_header_buffer_size"
LARGE_BUFFERS = "large_client_header_buffers"

_SMALL = 1024
"""Bytes of a first buffer, as it is by default, that make no difference."""


class Allowed(Struct, frozen=True):
    """The buffers for a client's header: ``number`` large ones of ``size`` bytes, by ``setting``,
    and a ``first`` one where it is more than a small one. ``fields``: not only the request line is
    passed on, but the other lines too."""

    number: int
    size: int
    setting: Setting
    first: Value[int] | None = None
    fields: bool = True

    @property
    def longest_line(self) -> int:
        """Bytes of the longest line."""
        return max(self.size, self.first.value if self.first is not None else 0)

    @property
    def total(self) -> int:
        """Bytes of the largest header."""
        return self.number * self.size + (self.first.value if self.first is not None else 0)

    @property
    def is_default(self) -> bool:
        """Whether nobody has chosen this."""
        return self.first is None and self.setting.origin == "default"

    @property
    def described(self) -> str:
        """The directives as they are in effect."""
        large = f"{LARGE_BUFFERS} {self.number} {format_size(self.size)}"
        if self.first is None:
            return large
        return f"{FIRST_BUFFER} {format_size(self.first.value)} and {large}"

    def line(self, least: int) -> Directive | None:
        """The line that lets more than ``least`` bytes through, if one is written."""
        lines = self.setting.directives
        if self.first is not None and (self.number * self.size <= least or not lines):
            return self.first.directive
        return lines[-1] if lines else None


def first_buffers(areas: Iterable[Servers], version: Version) -> Mapping[Context, Value[int]]:
    """The first buffer for requests to each server, where it is more than a small one: that of the
    default server of a socket, for which server a request is nobody knows yet; with TLS that of the
    server itself, which its name tells."""
    found: dict[Context, Value[int]] = {}
    for area in areas:
        if area.stream:
            continue
        for socket in area.sockets:
            for server in socket.servers:
                level = server.context if socket.tls else socket.default.context
                size = Scope(level, version).size(FIRST_BUFFER)
                known = found.get(server.context)
                if size is None or size.value <= _SMALL:
                    continue
                if known is None or known.value < size.value:
                    found[server.context] = size
    return found


def allowed_header(hop: Hop, first: Mapping[Context, Value[int]]) -> Allowed | None:
    """What is taken of the header of a request for a hop, by the first buffers of
    :func:`first_buffers`; None where it is not known, or nothing of it is passed on.

    The large buffers of the server count: only the request line is measured by those of the default
    server.
    """
    if hop.kind in ("stream", "memcached"):
        return None
    fields = True
    if hop.kind != "grpc":
        flag = hop.scope.flag(f"{hop.kind}_pass_request_headers")
        if flag is None:
            return None
        fields = flag.value
    setting = hop.scope.setting(LARGE_BUFFERS)
    if setting is None:
        return None
    args = setting.lines[-1] if setting.lines else ()
    try:
        number, size = int(args[0]), parse_size(args[1])
    except (IndexError, ValueError):
        return None  # nginx refuses them
    server = hop.context.enclosing("server")
    beside = first.get(server) if server is not None else None
    return Allowed(number, size, setting, beside, fields)
