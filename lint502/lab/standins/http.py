"""Which version of HTTP a connection speaks."""

from __future__ import annotations

from lint502.lab.standins import http1, http2
from lint502.lab.standins.connection import Connection

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What an HTTP/2 client sends first (RFC 9113, 3.4)."""


def serve(connection: Connection) -> None:
    """Serve requests in a version that is accepted.

    With TLS the client's ALPN decides, without it the first bytes. A server that accepts HTTP/2
    only closes where ALPN has not chosen it: Python cannot send the alert that would say so.
    """
    versions = connection.behaviour.http_versions
    wire = connection.wire
    if wire.encrypted:
        chosen = wire.application_protocol == "h2"
        if not chosen and versions == ("2",):
            wire.finish()
    else:
        chosen = "2" in versions and (versions == ("2",) or _starts_with_preface(connection))
    (http2 if chosen else http1).serve(connection)


def _starts_with_preface(connection: Connection) -> bool:
    while True:
        connection.wait_for_request(len(_PREFACE))
        start = bytes(connection.buffer[: len(_PREFACE)])
        if start == _PREFACE or not _PREFACE.startswith(start):
            return start == _PREFACE
        connection.fill(len(_PREFACE) - len(start))
