"""What a server does with a request that it does not understand, played back as it was measured."""

from __future__ import annotations

import re

from lint502.declared.listeners import Protocol
from lint502.lab.standins.behaviour import Behaviour, Reaction
from lint502.lab.standins.connection import Connection
from lint502.patterns import regex

_ALERT = b"\x15\x03\x03\x00\x02\x02"
"""A TLS record in plaintext with a fatal alert, all but its number (RFC 8446, 6)."""

_PAGE = b"<!DOCTYPE HTML>\n<p>What was that?\n"

_FOREVER = 3600.0
_WHOLE_REQUEST = 0.05

_PREFACE = b"PRI * HTTP/2.0\r\n"
_REQUEST_LINE = regex(rb"[A-Z-]+ \S+ HTTP/(?P<version>1\.[01])\r?\n")
_STARTS: dict[Protocol, re.Pattern[bytes]] = {
    "fastcgi": re.compile(rb"\x01"),
    "uwsgi": re.compile(rb"[^\x16A-Z0-9]"),
    "scgi": re.compile(rb"\d+:"),
    "memcached": re.compile(rb"gets? "),
}


def react(connection: Connection, reaction: Reaction) -> None:
    """Take the start of what comes; returns where the server understands it, else does what it is
    to do, and ends the connection."""
    connection.fill()
    behaviour, wire = connection.behaviour, connection.wire
    in_plaintext = behaviour.tls is not None and not wire.encrypted
    drops = reaction.kind == "drop"
    if not drops and not in_plaintext and _understands(behaviour, bytes(connection.buffer)):
        return
    wire.pause(_FOREVER if reaction.kind == "wait" else reaction.after)
    if reaction.kind == "answer":
        lines = (f"HTTP/1.1 {reaction.number} ", "Connection: close", "Content-Length: 0", "", "")
        wire.send("\r\n".join(lines).encode())
    elif reaction.kind == "page":
        wire.send(_PAGE)
    elif reaction.kind == "reset" or drops:
        wire.pause(_WHOLE_REQUEST)  # nginx writes in several pieces, and then waits for the answer
        wire.reset()
    elif reaction.kind in ("alert", "refuse"):
        wire.send(_ALERT + bytes((reaction.number,)))
    wire.finish()


def _understands(behaviour: Behaviour, start: bytes) -> bool:
    """Whether a connection starts as the server's protocol does."""
    if behaviour.protocol in ("http", "grpc"):
        return _is_accepted_http(behaviour, start)
    pattern = _STARTS.get(behaviour.protocol)
    return pattern is None or pattern.match(start) is not None


def _is_accepted_http(behaviour: Behaviour, start: bytes) -> bool:
    versions = ("2",) if behaviour.protocol == "grpc" else behaviour.http_versions
    if start.startswith(_PREFACE[: len(start)]):
        return "2" in versions
    match = _REQUEST_LINE.match(start)
    if match is None:
        return False
    version = match["version"].decode()
    return version in versions or (version == "1.1" and "1.0" in versions)
