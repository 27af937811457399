"""Records as nginx writes them: ngx_log.c ngx_log_error_core(), ngx_http_request.c
ngx_http_log_error_handler(), ngx_stream_proxy_module.c ngx_stream_proxy_log_error()."""

from __future__ import annotations

from lint502.diagnosis.fields import text
from lint502.diagnosis.statements import Statement

SIZE = 2048
HEAD = b"2026/07/20 08:00:00 [error] 22#23: *7 "


def cut(record: bytes, size: int = SIZE) -> bytes:
    """A record without the end of its line, as much as there is room for."""
    return record[: size - 1]


def http(
    message: bytes,
    *,
    client: bytes = b"192.0.2.7",
    server: bytes = b"shop.example.com",
    request: bytes = b"",
    subrequest: bytes | None = None,
    upstream: bytes | None = None,
    host: bytes | None = None,
    referrer: bytes | None = None,
    head: bytes = HEAD,
) -> bytes:
    record = b"%b%b, client: %b, server: %b" % (head, message, client, server)
    if request:
        record += b', request: "%b"' % request
    for name, value in (
        (b"subrequest", subrequest),
        (b"upstream", upstream),
        (b"host", host),
        (b"referrer", referrer),
    ):
        if value is not None:
            record += b', %b: "%b"' % (name, value)
    return record


def stream(message: bytes, *, upstream: bytes | None = None, udp: bool = False) -> bytes:
    record = b"%b%b, %bclient: 192.0.2.7, server: 0.0.0.0:5432" % (
        HEAD,
        message,
        b"udp " if udp else b"",
    )
    if upstream is not None:
        record += b', upstream: "%b"' % upstream
    return record + b", bytes from/to client:0/0, bytes from/to upstream:0/0"


def statement(message: bytes, server: bytes, **values: bytes | None) -> Statement:
    return Statement(
        "error",
        text(message),
        text(server),
        **{name: None if value is None else text(value) for name, value in values.items()},
    )
