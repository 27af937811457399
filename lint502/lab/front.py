"""What stands before nginx: a client that keeps its connection as a load balancer does."""

from __future__ import annotations

import http.client
import socket
import ssl

from msgspec import Struct

from lint502.lab.client import Request, Response
from lint502.lab.errors import lack

_HEADER = b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n"
"""Addresses that are nobody's (RFC 5737)."""

_SECONDS = 20.0


class FrontBehaviour(Struct, frozen=True):
    """What it does: ``header``: it sends the PROXY header; ``tls``: it speaks TLS, and asks for
    ``name``, if any. ``closed`` is the status that its client gets where no response comes,
    ``too_large`` where one with a larger head than ``response_headers`` bytes does, None for any,
    and ``late`` where none has started after ``waits`` seconds; a status that is None is none."""

    header: bool = False
    tls: bool = False
    name: str | None = None
    closed: int | None = 502
    response_headers: int | None = None
    too_large: int | None = 502
    waits: float | None = None
    late: int | None = 504


class FrontClient:
    """One connection to nginx, at a port of 127.0.0.1; opened when it is needed."""

    def __init__(self, port: int, behaviour: FrontBehaviour) -> None:
        self._port = port
        self._behaviour = behaviour
        self._socket: socket.socket | None = None

    def send(self, request: Request) -> Response:
        """A request, and what the front's client gets for it. A connection that there is gets used
        whether or not nginx has closed it: the news of that is on its way."""
        try:
            if self._socket is None:
                self._socket = self._connected()
            self._socket.sendall(_head(request))
            answer = http.client.HTTPResponse(self._socket, method=request.method)
            answer.begin()
            body = answer.read()
        except TimeoutError:
            self.close()
            return Response(self._behaviour.late, b"", True, 0.0)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if lack(error) is not None:
                raise
            return Response(self._behaviour.closed, b"", True, 0.0)
        if answer.will_close:
            self.close()
        most = self._behaviour.response_headers
        if most is not None and sum(map(_length, answer.getheaders())) > most:
            self.close()
            return Response(self._behaviour.too_large, b"", True, 0.0)
        return Response(answer.status, body, True, 0.0)

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        seconds = self._behaviour.waits or _SECONDS
        connection = socket.create_connection(("127.0.0.1", self._port), seconds)
        try:
            if self._behaviour.header:
                connection.sendall(_HEADER)
            if not self._behaviour.tls:
                return connection
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context.wrap_socket(connection, server_hostname=self._behaviour.name)
        except BaseException:
            connection.close()
            raise


def _length(header: tuple[str, str]) -> int:
    """The bytes of a header's line."""
    return len(header[0]) + len(header[1]) + len(": \r\n")


def _head(request: Request) -> bytes:
    return f"{request.method} {request.path} HTTP/1.1\r\nHost: {request.host}\r\n\r\n".encode()
