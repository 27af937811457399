"""The protocols beside HTTP/1: a harmless question in each, and whether an answer is one.

Sources: https://fastcgi-archives.github.io/FastCGI_Specification.html (FCGI_GET_VALUES),
https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html, https://python.ca/scgi/protocol.txt,
https://github.com/memcached/memcached/blob/master/doc/protocol.txt, RFC 9113.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from lint502.patterns import regex
from lint502.probing.wire import Connection

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS, _SETTINGS, _PING, _GOAWAY = 1, 4, 6, 7
_END_STREAM, _END_HEADERS = 1, 4
_ACK = 1
_FRAME = struct.Struct(">HBBBI")
_FASTCGI = struct.Struct(">BBHHBB")
_FASTCGI_TYPES = frozenset(range(1, 12))

GET_VALUES = _FASTCGI.pack(1, 9, 0, 17, 7, 0) + b"\x0f\x00FCGI_MPXS_CONNS" + b"\0" * 7
MEMCACHED_VERSION = b"version\r\n"

_CGI = regex(rb"(?:HTTP/1\.[01] \d{3}|Status: \d{3}|[A-Za-z-]+: [^\r\n]*\r?\n)")


def settings_frame() -> bytes:
    """What a client of HTTP/2 begins with."""
    return PREFACE + frame(_SETTINGS)


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """A frame of HTTP/2."""
    size = len(payload)
    return _FRAME.pack(size >> 8, size & 255, kind, flags, stream) + payload


def first_frame(data: bytes) -> tuple[bytes, bytes]:
    """The first whole frame of HTTP/2, and what follows; nothing where none is whole."""
    if len(data) < 9:
        return b"", data
    end = 9 + int.from_bytes(data[:3], "big")
    return (data[:end], data[end:]) if len(data) >= end else (b"", data)


def has_frame(data: bytes) -> bool:
    """Whether a whole frame is there."""
    return bool(first_frame(data)[0])


def speaks_http2(connection: Connection) -> bool:
    """Whether the answer to HTTP/2 with prior knowledge is HTTP/2: settings come first."""
    connection.send(settings_frame())
    heard = connection.hear(lambda data: len(data) >= 9)
    connection.put_back(heard.data)
    return len(heard.data) >= 9 and heard.data[3] == _SETTINGS and heard.data[5:9] == bytes(4)


def head_request(host: str, *, tls: bool) -> bytes:
    """A HEAD of HTTP/2, its fields as literals (RFC 7541, 6.2.2)."""
    fields = (
        (":method", "HEAD"),
        (":scheme", "https" if tls else "http"),
        (":authority", host[:100]),
        (":path", "/"),
        ("te", "trailers"),
    )
    block = b""
    for pair in fields:
        block += b"\0"
        for text in pair:
            written = text.encode("ascii", "replace")
            block += bytes((len(written),)) + written
    return frame(_HEADERS, _END_HEADERS | _END_STREAM, 1, block)


def end_of_http2(connection: Connection) -> bool:
    """Keep a connection of HTTP/2 as it is until it ends; whether the upstream ended it."""
    pending = b""
    while True:
        heard = connection.hear(bool)
        if not heard.data:
            return heard.end != "silent"
        pending += heard.data
        while len(pending) >= 9:
            high, low, kind, flags, _ = _FRAME.unpack(pending[:9])
            size = (high << 8) + low
            if len(pending) < 9 + size:
                break
            payload, pending = pending[9 : 9 + size], pending[9 + size :]
            if kind == _GOAWAY:
                return True
            if kind == _SETTINGS and not flags & _ACK:
                connection.send(frame(_SETTINGS, _ACK))
            elif kind == _PING and not flags & _ACK:
                connection.send(frame(_PING, _ACK, payload=payload[:8]))
        if len(pending) > 1 << 20:
            return True


def is_fastcgi(data: bytes) -> bool:
    """Whether an answer is a record of FastCGI."""
    return len(data) >= 8 and data[0] == 1 and data[1] in _FASTCGI_TYPES


def fastcgi_request(host: str, *, keep: bool = False) -> bytes:
    """A GET of FastCGI; ``keep``: the connection stays."""
    params = b""
    for name, value in _variables(host):
        params += bytes((len(name), min(len(value), 127))) + f"{name}{value[:127]}".encode(
            "latin-1"
        )
    begin = struct.pack(">HB5x", 1, int(keep))
    records = ((1, begin), (4, params), (4, b""), (5, b""))
    return b"".join(_FASTCGI.pack(1, kind, 1, len(body), 0, 0) + body for kind, body in records)


def uwsgi_request(host: str, more: Sequence[tuple[str, str]] = ()) -> bytes:
    """A GET of uwsgi."""
    pairs = b""
    for name, value in (*_variables(host), *more):
        for text in (name, value):
            written = text.encode("latin-1", "ignore")
            pairs += struct.pack("<H", len(written)) + written
    return struct.pack("<BHB", 0, min(len(pairs), 65535), 0) + pairs


def scgi_request(host: str, more: Sequence[tuple[str, str]] = ()) -> bytes:
    """A GET of SCGI."""
    variables = (("CONTENT_LENGTH", "0"), ("SCGI", "1"), *_variables(host), *more)
    body = "".join(f"{name}\0{value}\0" for name, value in variables).encode("latin-1", "ignore")
    return b"%d:%b," % (len(body), body)


def _variables(host: str) -> list[tuple[str, str]]:
    return [
        ("REQUEST_METHOD", "GET"),
        ("REQUEST_URI", "/"),
        ("PATH_INFO", "/"),
        ("SCRIPT_NAME", ""),
        ("QUERY_STRING", ""),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_NAME", host),
        ("SERVER_PORT", "80"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("HTTP_HOST", host),
    ]


def is_cgi(data: bytes) -> bool:
    """Whether an answer is one of a CGI program, as uwsgi and SCGI have it."""
    return _CGI.match(data) is not None


def is_refused_http(data: bytes) -> bool:
    """Whether an answer is what a server of HTTP says to what is none."""
    return re.match(rb"HTTP/1\.[01] 400\b", data) is not None


def fastcgi_ended(data: bytes) -> bool:
    """Whether a request has been answered whole: its FCGI_END_REQUEST is there."""
    at = 0
    while at + 8 <= len(data):
        _, kind, _, size, padding, _ = _FASTCGI.unpack(data[at : at + 8])
        at += 8 + size + padding
        if kind == 3:
            return bool(at <= len(data))
    return False
