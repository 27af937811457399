"""The uwsgi protocol, as uWSGI speaks it.

Source: https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from lint502.lab.standins.cgi import content_length, response
from lint502.lab.standins.connection import Connection

_HEADER = struct.Struct("<BHB")
_BUFFER_SIZE = 4096
"""uWSGI's default for ``buffer-size``, the largest packet that it takes."""

_FASTCGI = 1
"""The first byte of a FastCGI record; as a modifier it asks uWSGI for something it has not."""

_REST_SECONDS = 0.02


def serve(connection: Connection) -> None:
    """Serve one request; uWSGI never keeps such a connection."""
    modifier, size, _ = _HEADER.unpack(connection.read(_HEADER.size))
    if modifier == _FASTCGI or size > (connection.behaviour.request_headers or _BUFFER_SIZE):
        _refuse(connection)
    variables = dict(_pairs(connection.read(size)))
    connection.begin()
    fits = connection.read_body(content_length(variables))
    answer = connection.next_answer()
    connection.wire.send(response(answer, 200 if fits else 413, first="HTTP/1.1 "))
    connection.answered(peer_knows_the_end=True)


def _refuse(connection: Connection) -> None:
    """Close as uWSGI does, which has read into its buffer what it could.

    A packet that is too large leaves something unread, which makes it a reset. Of a short request
    in another protocol nothing is left.
    """
    size = connection.behaviour.request_headers or _BUFFER_SIZE
    while size and connection.wire.more_comes(_REST_SECONDS):
        size -= len(connection.wire.receive(size))
    if connection.wire.more_comes(_REST_SECONDS):
        connection.wire.reset()
    connection.wire.finish()


def _pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    words = list(_words(data))
    return zip(words[::2], words[1::2], strict=False)


def _words(data: bytes) -> Iterator[bytes]:
    position = 0
    while position + 2 <= len(data):
        end = position + 2 + int.from_bytes(data[position : position + 2], "little")
        yield data[position + 2 : end]
        position = end
