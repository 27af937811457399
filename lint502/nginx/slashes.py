"""Whether ``//`` becomes ``/`` in the URIs of a server."""

from __future__ import annotations

from collections.abc import Iterable

from lint502.nginx.scope import Scope
from lint502.nginx.servers import ListeningSocket, VirtualServer
from lint502.nginx.version import Version


def merges_slashes(
    server: VirtualServer, sockets: Iterable[ListeningSocket], version: Version
) -> frozenset[bool]:
    """What the server, and the default servers of the sockets that a request may come in at, say:
    those count, for the host is read later."""
    deciding = [server, *(socket.default for socket in sockets)]
    flags = (Scope(one.context, version).flag("merge_slashes") for one in deciding)
    return frozenset(flag is None or flag.value for flag in flags)
