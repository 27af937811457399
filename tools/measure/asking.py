"""What a server answers to requests of a given size, over HTTP/1.1 in plaintext.

Each function opens connections of its own to a port of 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass

from lint502.lab.bench import LOOPBACK

MOST_FIELDS = 5000
"""As many header fields are tried."""

_ANSWER_SECONDS = 20.0
_LINE = 1000
_MOST_LINES = 90
_START = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
_OWN_FIELDS = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """``status`` is None where the connection ended without a response; ``closes`` tells whether
    the response says so."""

    status: int | None
    closes: bool = False

    def __str__(self) -> str:
        return "closed" if self.status is None else f"{self.status}"


Ask = Callable[[int, int], Reply]
"""Sends a request of a size to a port."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The largest size that is served, None where the largest that was tried is, and what comes of
    one more, and of one well beyond it."""

    largest: int | None
    beyond: Reply
    far_beyond: Reply


def largest(ask: Ask, port: int, low: int, high: int, served: int) -> Limit:
    """The limit between ``low`` and ``high``; ``served`` is the status of what is below it.

    Where ``low`` is not served, the largest is 0.
    """
    refused = ask(port, high)
    if refused.status == served:
        return Limit(None, refused, refused)
    far = refused
    first = ask(port, low)
    if first.status != served:
        return Limit(0, first, far)
    while high - low > 1:
        middle = (low + high) // 2
        reply = ask(port, middle)
        if reply.status == served:
            low = middle
        else:
            high, refused = middle, reply
    return Limit(low, refused, far)


def served(port: int) -> int | None:
    """The status of a small request, which is not 200 of every server."""
    return _sent(port, _START + b"\r\n", b"").status


def head_of(port: int, size: int) -> Reply:
    """A request whose head has so many bytes, in lines of a moderate length, of which some servers
    take a hundred only."""
    left = size - len(_START) - 2
    most = max(_LINE, -(-left // _MOST_LINES))
    lines: list[bytes] = []
    while left > 0:
        length = min(left, most)
        name = b"X-%02d: " % len(lines)
        lines.append(name + b"x" * max(1, length - len(name) - 2) + b"\r\n")
        left -= length
    return _sent(port, _START + b"".join(lines) + b"\r\n", b"")


def field_of(port: int, size: int) -> Reply:
    """A request with one header field of so many bytes, without its end of line."""
    field = b"X-Long: "
    return _sent(port, _START + field + b"x" * (size - len(field)) + b"\r\n\r\n", b"")


def fields_of(port: int, number: int) -> Reply:
    """A request with so many short header fields."""
    fields = (b"X-%d: a\r\n" % index for index in range(number - _OWN_FIELDS))
    return _sent(port, _START + b"".join(fields) + b"\r\n", b"")


def body_of(port: int, size: int) -> Reply:
    """A request whose body has so many bytes."""
    head = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
    )
    return _sent(port, head.encode(), b"x" * size)


def _sent(port: int, head: bytes, body: bytes) -> Reply:
    """Asked once more where the connection just ends: what a server says before it has read all
    may be lost on the way."""
    reply = Reply(None)
    for _ in range(2):
        with connected(port) as client:
            with contextlib.suppress(OSError):  # it may answer, or close, before it has read all
                client.sendall(head)
                client.sendall(body)
            reply = _reply(client)
        if reply.status is not None:
            break
    return reply


def ask_once_more(client: socket.socket) -> Reply:
    """One request on a connection that is to be kept."""
    try:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    except OSError:
        return Reply(None)
    return _reply(client)


def _reply(client: socket.socket) -> Reply:
    """Reads one response, with the body that it announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = _received(client)
        if not part:
            break
        data += part
    head, separator, body = data.partition(b"\r\n\r\n")
    match = re.match(rb"HTTP/1\.([01]) (\d{3})", head)
    if match is None or not separator:
        return Reply(None)
    lower = head.lower()
    length = re.search(rb"\r\ncontent-length: *(\d+)", lower)
    chunked = b"\r\ntransfer-encoding: chunked" in lower
    while (length and len(body) < int(length[1])) or (chunked and not body.endswith(b"0\r\n\r\n")):
        part = _received(client)
        if not part:
            break
        body += part
    old = match[1] == b"0" and b"\r\nconnection: keep-alive" not in lower
    return Reply(int(match[2]), old or b"\r\nconnection: close" in lower)


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except OSError:
        return b""


def ends(client: socket.socket, seconds: float) -> bool:
    """Whether the server ends an idle connection within some seconds."""
    client.settimeout(seconds)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def connected(port: int) -> socket.socket:
    """A connection that waits for an answer for a moderate time."""
    client = socket.create_connection((LOOPBACK, port), _ANSWER_SECONDS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client
