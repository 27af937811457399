"""SCGI. Source: https://python.ca/scgi/protocol.txt."""

from __future__ import annotations

from lint502.lab.standins.cgi import content_length, response
from lint502.lab.standins.connection import Connection

_DIGITS_AT_MOST = 9


def serve(connection: Connection) -> None:
    """Serve one request; the protocol knows no second one on a connection."""
    size = _size(connection)
    most = connection.behaviour.request_headers
    status = 200
    if most is not None and size > most:
        connection.wire.more_comes()
        connection.refuse_header()
        status = connection.behaviour.headers_status
    words = connection.read(size).split(b"\0")
    connection.read(len(b","))
    connection.begin()
    variables = dict(zip(words[::2], words[1::2], strict=False))
    if not connection.read_body(content_length(variables)):
        status = 413
    connection.wire.send(response(connection.next_answer(), status))
    connection.answered(peer_knows_the_end=True)


def _size(connection: Connection) -> int:
    """Of the variables; what does not start with it, and a colon, is closed."""
    digits = b""
    while (byte := connection.read(1)) != b":":
        digits += byte
        if not byte.isdigit() or len(digits) > _DIGITS_AT_MOST:
            connection.wire.finish()
    if not digits:
        connection.wire.finish()
    return int(digits)
