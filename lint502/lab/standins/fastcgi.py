"""FastCGI, as PHP-FPM speaks it.

Source: https://fastcgi-archives.github.io/FastCGI_Specification.html; for what happens beside the
specification, php/php-src@PHP-8.2:main/fastcgi.c, fcgi_read_request().
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from msgspec import Struct

from lint502.lab.standins.cgi import content_length, response
from lint502.lab.standins.connection import Connection

_HEADER = struct.Struct(">BBHHBx")
_VERSION = 1
_BEGIN, _END, _PARAMS, _STDIN, _STDOUT = 1, 3, 4, 5, 6
_BEGIN_SIZE = 8
_KEEP_CONNECTION = 1
_LARGEST_CONTENT = 65_528
"""Bytes in a record, a multiple of eight."""


class _Record(Struct, frozen=True):
    kind: int
    request: int
    content: bytes


def serve(connection: Connection) -> None:
    """Serve requests until the connection ends."""
    while True:
        connection.wait_for_request(_HEADER.size)
        _serve_one(connection)


def _serve_one(connection: Connection) -> None:
    begin = _record(connection)
    if begin.kind != _BEGIN or len(begin.content) != _BEGIN_SIZE:
        connection.wire.reset()
    kept = bool(begin.content[2] & _KEEP_CONNECTION)
    status = 200
    variables = _read_variables(connection)
    if variables is None:
        variables, status = {}, connection.behaviour.headers_status
    connection.begin()
    ended, fits = _read_input(connection, content_length(variables))
    if not fits:
        status = 413
    # The end of the input is still unread, as with PHP-FPM: that makes a worker's death a reset.
    answer = connection.next_answer(reset=True)
    while not ended:
        ended = not _record(connection, _STDIN).content
    connection.wire.send(b"".join(_answer(begin.request, response(answer, status))))
    connection.answered(peer_knows_the_end=not kept)


def _record(connection: Connection, kind: int | None = None) -> _Record:
    """The next record. What is not FastCGI, or of another kind, ends the connection while the rest
    is unread, which is a reset for the peer."""
    version, found, request, size, padding = _HEADER.unpack(connection.read(_HEADER.size))
    if version != _VERSION or (kind is not None and found != kind):
        connection.wire.reset()
    content = connection.read(size)
    connection.read(padding)
    return _Record(found, request, content)


def _read_variables(connection: Connection) -> dict[bytes, bytes] | None:
    """The variables; ``None`` where they exceed the limit and that is to be answered."""
    data, most = b"", connection.behaviour.request_headers
    while content := _record(connection, _PARAMS).content:
        data += content
        if most is not None and len(data) > most:
            connection.refuse_header()
    return None if most is not None and len(data) > most else dict(_pairs(data))


def _pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position < len(data):
        sizes = []
        for _ in range(2):
            long = data[position : position + 1] > b"\x7f"
            end = position + (4 if long else 1)
            sizes.append(int.from_bytes(data[position:end], "big") & (0x7FFFFFFF if long else 0x7F))
            position = end
        middle, end = position + sizes[0], position + sizes[0] + sizes[1]
        yield data[position:middle], data[middle:end]
        position = end


def _read_input(connection: Connection, size: int) -> tuple[bool, bool]:
    """Read the announced size of the input; tells whether its end has come as well, and whether it
    was within the limit."""
    received, fits = 0, True
    while received < size:
        content = _record(connection, _STDIN).content
        if not content:
            return True, fits
        received += len(content)
        if fits and not connection.body_fits(received):
            connection.refuse_body()
            fits = False
    return False, fits


def _answer(request: int, data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _LARGEST_CONTENT):
        content = data[start : start + _LARGEST_CONTENT]
        padding = -len(content) % 8
        yield _HEADER.pack(_VERSION, _STDOUT, request, len(content), padding)
        yield content + bytes(padding)
    yield _HEADER.pack(_VERSION, _STDOUT, request, 0, 0)
    yield _HEADER.pack(_VERSION, _END, request, 8, 0) + bytes(8)
