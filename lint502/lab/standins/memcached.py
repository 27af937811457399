"""The text protocol of memcached, as far as nginx speaks it.

Source: memcached/memcached@1.6.18:doc/protocol.txt, and proto_text.c for what is no command.
"""

from __future__ import annotations

from lint502.lab.standins.connection import Connection

_LONGEST_LINE = 2048
_MISSING = b"missing"
_GET = (b"get", b"gets")


def serve(connection: Connection) -> None:
    """Answer ``get`` for every key that does not start with "missing", until the connection
    ends."""
    while True:
        connection.wait_for_request()
        _serve_one(connection)


def _serve_one(connection: Connection) -> None:
    words = _line(connection).split()
    if words and words[-1].startswith(b"HTTP/"):
        connection.wire.finish()
    connection.begin()
    answer = connection.next_answer()
    if len(words) > 1 and words[0] in _GET:
        for key in words[1:]:
            if not key.startswith(_MISSING):
                connection.wire.send(b"VALUE %b 0 %d\r\n" % (key, len(answer.body)))
                connection.wire.send(answer.body + b"\r\n")
        connection.wire.send(b"END\r\n")
    else:
        connection.wire.send(b"ERROR\r\n")
    connection.answered(peer_knows_the_end=False)


def _line(connection: Connection) -> bytes:
    """memcached waits for the end of a line, and closes when one gets too long."""
    while b"\n" not in connection.buffer:
        if len(connection.buffer) > _LONGEST_LINE:
            connection.wire.finish()
        connection.fill()
    line, _, rest = bytes(connection.buffer).partition(b"\n")
    connection.buffer[:] = rest
    return line
