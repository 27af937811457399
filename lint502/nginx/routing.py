"""Which server, location and hop takes a request: what nginx makes of a socket, a Host and a URI.

Only what is certain is answered. Locations with ``rewrite`` and their like may send a request on
before its pass is reached; whoever asks has to look at that.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from lint502.nginx.hops import Hop
from lint502.nginx.locations import find_location, prefix_of
from lint502.nginx.servers import ListeningSocket, Servers, VirtualServer
from lint502.nginx.tree import Context

_UNNAMED = "lint502.invalid"
"""A host that no server is called."""


class Handler(Struct, frozen=True, eq=False):
    """What takes a request. ``level`` is the location, or the server where it has none for the
    URI; ``hop`` is the pass that stands there, None where there is none."""

    server: VirtualServer
    level: Context
    hop: Hop | None


class Routing:
    """The ways into the servers of one ``http{}`` or ``stream{}``.

    ``hops`` may be those of a whole root; a pass in an ``if`` or ``limit_except`` is left out, for
    the URI alone does not lead there.
    """

    def __init__(self, servers: Servers, hops: Iterable[Hop]) -> None:
        self.servers = servers
        self._of_context = {id(server.context): server for server in servers.servers}
        levels = ("server",) if servers.stream else ("location",)
        self._hops = {
            id(hop.context): hop
            for hop in hops
            if hop.context.name in levels
            and id(hop.context.enclosing("server")) in self._of_context
        }
        self._hosts: dict[VirtualServer, str | None] = {}
        self._sockets: dict[VirtualServer, list[ListeningSocket]] = {}
        for socket in servers.sockets:
            for server in socket.servers:
                self._sockets.setdefault(server, []).append(socket)

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The hops that a request can be led to, in the order of the configuration."""
        return tuple(self._hops.values())

    def server_of(self, hop: Hop) -> VirtualServer:
        """The server that one of these hops belongs to."""
        return self._of_context[id(hop.context.enclosing("server"))]

    def handler(self, socket: ListeningSocket, host: str, uri: str) -> Handler | None:
        """What takes a request for ``uri`` (a path, as ``/a/b``) with this ``Host`` that comes in
        at a socket of ``http{}``; None where that is not certain, or nginx redirects instead."""
        server = socket.server_for(host)
        return None if server is None else self.handler_in(server, uri)

    def handler_in(self, server: VirtualServer, uri: str) -> Handler | None:
        """What takes a request for ``uri`` that a server of ``http{}`` has got."""
        level = find_location(server.context, uri)
        return None if level is None else Handler(server, level, self._hops.get(id(level)))

    def stream_handler(self, socket: ListeningSocket) -> Handler | None:
        """What takes the connections of a socket of ``stream{}``; None where the name of the TLS
        handshake decides."""
        if len(socket.servers) > 1:
            return None
        level = socket.default.context
        return Handler(socket.default, level, self._hops.get(id(level)))

    def host_for(self, server: VirtualServer) -> str | None:
        """A ``Host`` with which requests get to a server of ``http{}``; None where none is known.

        ``*.example.com`` gives ``a.example.com``.
        """
        if server not in self._hosts:
            self._hosts[server] = self._host_for(server)
        return self._hosts[server]

    def _host_for(self, server: VirtualServer) -> str | None:
        names = [f"a{name[1:]}" if name.startswith("*.") else name for name in server.names]
        names = [name.removeprefix(".") for name in names if not name.startswith("~")]
        names = [f"{name[:-1]}a" if name.endswith(".*") else name for name in names]
        for name in (*filter(None, names), _UNNAMED):
            for socket in self._sockets.get(server, ()):
                if socket.server_for(name) is server:
                    return name
        return None

    def uri_for(self, hop: Hop) -> str | None:
        """A URI of the requests that get to a hop of ``http{}``; None where none is known."""
        prefix = prefix_of(hop.context)
        if prefix is None:
            return None
        server = self.server_of(hop)
        exact = hop.context.args[0] == "="
        for uri in (prefix,) if exact else (prefix, f"{prefix}a"):
            if find_location(server.context, uri) is hop.context:
                return uri
        return None
