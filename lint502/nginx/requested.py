"""The host that a client asks for, where the names of the server tell it.

A request gets to the server that is called so; to the default server of its socket it gets by any
other name too. Source: ``ngx_http_find_virtual_server()`` in ``src/http/ngx_http_request.c``.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.nginx.parse import Directive
from lint502.nginx.servers import is_open, listens_open, servers_of
from lint502.nginx.tree import Context


class RequestedHosts:
    """The hosts by which requests get to each server of an ``http{}``."""

    def __init__(self, area: Context) -> None:
        self._area = area
        self._defaults: frozenset[int] | None = None

    def of(self, server: Context) -> tuple[list[tuple[Directive, int]], bool]:
        """The names, each as a line ``server_name`` and an argument of it, and whether there are no
        others: wildcards, regular expressions, what was not seen, and all that a default server
        takes."""
        names = [
            (line, index)
            for line in server.by_name.get("server_name", ())
            for index, name in enumerate(line.args)
        ]
        exact = [(line, index) for line, index in names if _is_exact(line.args[index])]
        whole = bool(exact) and len(exact) == len(names) and not is_open(server)
        return exact, whole and self._is_never_default(server)

    def _is_never_default(self, server: Context) -> bool:
        if self._area.unseen or self._area.partial or listens_open(self._area):
            return False
        if self._defaults is None:
            self._defaults = frozenset(_defaults(self._area))
        return id(server) not in self._defaults


def _defaults(area: Context) -> Iterator[int]:
    """The servers that are the default of a socket, and those that listen nowhere."""
    found = servers_of(area)
    for socket in found.sockets:
        yield id(socket.default.context)
    for server in found.servers:
        if not server.listens:
            yield id(server.context)


def _is_exact(name: str) -> bool:
    """Whether it is a name that a client can ask for, and no wildcard or regular expression."""
    return name not in ("", "_") and name[0] not in "~." and not set(name) & set('*$"')
