"""Which ``server{}`` a record is of: by its ``server:`` and ``host:``, as nginx has chosen it.

``server:`` is the first name of the server as it is written, the expression of ``~expression``
too, and without the dot of ``.example.com`` (``ngx_http_core_merge_srv_conf()``). Of stream it is
the address of the listening socket.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.nginx.requested_uris import host_of
from lint502.nginx.servers import ANY, ListeningSocket, Servers, VirtualServer
from lint502.nginx.slashes import merges_slashes
from lint502.nginx.version import Version

_OF_THE_MACHINE = "$hostname"


class NamedServers:
    """The servers of one ``http{}`` by what the error log calls them."""

    def __init__(self, servers: Servers, version: Version) -> None:
        self._by_name: dict[str, list[VirtualServer]] = {}
        for server in servers.servers:
            self._by_name.setdefault(logged_name(server), []).append(server)
        self._sockets: dict[VirtualServer, list[ListeningSocket]] = {}
        for socket in servers.sockets:
            for server in socket.servers:
                self._sockets.setdefault(server, []).append(socket)
        self._merging = {
            server: merges_slashes(server, self._sockets.get(server, ()), version)
            for server in servers.servers
        }

    def find(self, name: str, host: str | None) -> list[VirtualServer]:
        """The servers that a name in the log, and the ``Host`` of the request, may be of."""
        named = self._by_name.get(_normal(name)) or self._by_name.get(_OF_THE_MACHINE, [])
        if not named or host is None:
            return named
        host, port = host_of(host)
        found = [
            (server, socket)
            for server in named
            for socket in self._sockets.get(server, ())
            if _may_choose(socket, host, server)
        ]
        if port is not None and any(port in socket.ports for _, socket in found):
            found = [one for one in found if port in one[1].ports]
        return list(dict.fromkeys(server for server, _ in found)) or named

    def merges_slashes(self, server: VirtualServer) -> frozenset[bool]:
        """Whether ``//`` becomes ``/`` in the URIs of a server: it is the default server of the
        socket that says so, for the host is read later."""
        return self._merging[server]


def logged_name(server: VirtualServer) -> str:
    """What the error log calls a server of ``http{}``, in lower case unless it is an expression."""
    return _normal(server.names[0].removeprefix("."))


def servers_at(servers: Servers, address: str) -> Iterator[VirtualServer]:
    """The servers of ``stream{}`` for the address of a socket, as ``0.0.0.0:443``. A wildcard's
    socket takes the connections of all that listen at its port."""
    for socket in servers.sockets:
        if any(_is_at(socket, address, host) for host in (socket.host, *ANY)):
            yield from socket.servers


def _is_at(socket: ListeningSocket, address: str, host: str) -> bool:
    if socket.host.startswith("unix:"):
        return socket.host == address.replace("unix:/var/run/", "unix:/run/")
    shown = {"*": "0.0.0.0", "::": "[::]"}.get(host, f"[{host}]" if ":" in host else host)
    start, _, port = address.rpartition(":")
    return start == shown and port.isdecimal() and int(port) in socket.ports


def _normal(name: str) -> str:
    return name if name.startswith("~") else name.lower().removesuffix(".")


def _may_choose(socket: ListeningSocket, host: str, server: VirtualServer) -> bool:
    """Whether a request for a host gets to a server at a socket. Of TLS the name of the handshake
    counts where nothing is called like the host."""
    called = socket.named(host)
    if called is not None:
        return called is server
    chosen = socket.server_for(host)
    return chosen is None or socket.tls or chosen is server
