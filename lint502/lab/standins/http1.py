"""HTTP/1.0 and HTTP/1.1."""

from __future__ import annotations

from typing import NoReturn

import h11

from lint502.lab.standins.connection import Connection
from lint502.lab.standins.head import head, status_text
from lint502.lab.standins.wire import LARGEST_READ, Over
from lint502.patterns import regex

_READ = 1024
"""Bytes that are read at once of a header: what lies beyond a limit has to stay unread."""

_UNLIMITED = 1 << 30

_START = regex(rb"[A-Z][A-Z-]{0,31}(?: |\Z)")
_REQUEST_LINE = regex(rb"[A-Z-]+ \S+ HTTP/1\.(?P<minor>[01])\r?")
_END = regex(rb"\n\r?\n")
_SINGLE = (b"host", b"content-length", b"content-type", b"authorization")


def serve(connection: Connection) -> None:
    """Serve requests until the connection ends."""
    most = connection.behaviour.request_headers
    while True:
        connection.wait_for_request(_READ if most is None else min(_READ, most))
        _read_head(connection)
        _serve_one(connection)


def _read_head(connection: Connection) -> None:
    """Bring a request's header into the buffer.

    What cannot be a request is answered with 400 as soon as that shows, as Node.js does; a header
    above the limit as is declared.
    """
    buffer, most = connection.buffer, connection.behaviour.request_headers
    while True:
        del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
        line, line_end, _ = buffer.partition(b"\n")
        wrong = not _REQUEST_LINE.fullmatch(line) if line_end else not _START.match(buffer)
        if buffer and wrong:
            _refuse(connection, 400)
        end = _END.search(buffer)
        size = end.end() if end else len(buffer)
        if most is not None and (size > most or (size == most and not end)):
            if size == most:
                connection.wire.more_comes()
            connection.refuse_header()
            _refuse(connection, connection.behaviour.headers_status)
        if end:
            return
        connection.fill(_READ if most is None else min(_READ, most - size))


def _serve_one(connection: Connection) -> None:
    versions = connection.behaviour.http_versions
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=_UNLIMITED)
    data = connection.take()
    _refuse_repeated(connection, data)
    parser.receive_data(data)
    try:
        request = parser.next_event()
    except h11.RemoteProtocolError:
        _refuse(connection, 400)
    assert isinstance(request, h11.Request)
    if request.http_version == b"1.0" and "1.0" not in versions:
        connection.wire.finish()
    host = dict(request.headers).get(b"host", b"").decode("latin-1")
    if not connection.behaviour.serves(host):
        connection.wire.finish()
    connection.begin()
    if connection.behaviour.websocket and _is_handshake(request):
        switching = (f"HTTP/1.1 {status_text(101)}", "Upgrade: websocket", "Connection: Upgrade")
        connection.wire.send(head(switching, None))
        connection.wire.finish()
    fits = _read_body(connection, parser)
    connection.buffer += parser.trailing_data[0]
    answer = connection.next_answer()
    version = "1.1" if "1.1" in versions else "1.0"
    old = "1.0" in (version, request.http_version.decode())
    asked = [
        word.strip().lower()
        for name, value in request.headers
        if name == b"connection"
        for word in value.split(b",")
    ]
    asks_close = b"close" in asked or (old and b"keep-alive" not in asked)
    lines = [f"HTTP/{version} {status_text(answer.status if fits else 413)}"]
    silent = connection.behaviour.never_says_close and not old
    says_close = connection.says_close or (asks_close and not silent)
    if says_close:
        lines.append("Connection: close")
    elif old:
        lines.append("Connection: keep-alive")
    lines += ["Content-Type: text/plain", f"Content-Length: {len(answer.body)}"]
    body = b"" if request.method == b"HEAD" else answer.body
    connection.wire.send(head(lines, answer.header_bytes) + body)
    connection.answered(peer_knows_the_end=says_close)


def _is_handshake(request: h11.Request) -> bool:
    """Whether a request opens a WebSocket (RFC 6455, 4.2.1)."""
    headers = {name: value.lower() for name, value in request.headers}
    return (
        request.http_version == b"1.1"
        and headers.get(b"upgrade") == b"websocket"
        and b"upgrade" in headers.get(b"connection", b"")
    )


def _refuse_repeated(connection: Connection, data: bytes) -> None:
    """Refuse a request with one of the :data:`_SINGLE` headers twice, where the server does."""
    way = connection.behaviour.header_twice
    head_end = _END.search(data)
    if way == "usual" or head_end is None:
        return
    names = [line.partition(b":")[0].lower() for line in data[: head_end.start()].splitlines()[1:]]
    if not any(names.count(name) > 1 for name in _SINGLE):
        return
    if way == "close":
        connection.wire.finish()
    _refuse(connection, 400)


def _read_body(connection: Connection, parser: h11.Connection) -> bool:
    """Read the request body; tells whether it was within the limit."""
    size, most = 0, connection.behaviour.request_body
    refused = False
    while True:
        try:
            event = parser.next_event()
        except h11.RemoteProtocolError:
            raise Over from None
        if event is h11.NEED_DATA:
            unread = LARGEST_READ if most is None or refused else most + 1 - size
            parser.receive_data(connection.wire.receive(min(unread, LARGEST_READ)))
        elif isinstance(event, h11.Data):
            size += len(event.data)
            if not refused and not connection.body_fits(size):
                connection.refuse_body()
                refused = True
        else:
            return not refused


def _refuse(connection: Connection, status: int) -> NoReturn:
    lines = [f"HTTP/1.1 {status_text(status)}", "Connection: close", "Content-Length: 0"]
    connection.wire.send(head(lines, None))
    connection.wire.finish()
