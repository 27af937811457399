"""The client of the lab: one request on a connection of its own, and exactly what came back."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from pathlib import Path

from msgspec import Struct

from lint502.lab.bench import LOOPBACK
from lint502.patterns import regex

_DATAGRAM_SECONDS = 2.0
"""As long as a datagram is waited for: there is no end of a connection to tell that none comes."""

_MOMENT = 0.05
_SHORTEST_LINE = 16
_LONG_PATH, _SHOWN = 200, 16

_HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
"""RFC 6455, 1.2, with its key."""

_STATUS_LINE = regex(rb"HTTP/\d\.\d (\d{3})\b")


class Request(Struct, frozen=True):
    """``body`` is its size in bytes, 0 for none. ``header`` is about how many bytes its header
    has, 0 for no more than it takes, and ``line`` how long a line of it may be. ``handshake``: it
    opens a WebSocket. ``late_body``: its body comes a moment after its header, as that of a gRPC
    call does in HTTP/2."""

    method: str = "GET"
    path: str = "/"
    body: int = 0
    host: str = "lab.example"
    header: int = 0
    line: int = 4000
    handshake: bool = False
    late_body: bool = False

    @property
    def shown(self) -> str:
        """``GET /path``, as a report has it: of a long path no more than its beginning."""
        if len(self.path) <= _LONG_PATH:
            return f"{self.method} {self.path}"
        return f"{self.method} {self.path[:_SHOWN]}… ({len(self.path)} bytes)"


class Response(Struct, frozen=True):
    """``status`` is None where what came is no HTTP, or nothing came; ``whole`` is False where the
    body is shorter than announced; ``seconds`` is how long it took."""

    status: int | None
    body: bytes
    whole: bool
    seconds: float


def send(address: int | Path, request: Request, timeout: float = 20.0) -> Response:
    """One request to a port of 127.0.0.1 or a unix socket; gives up after ``timeout`` seconds
    without a byte."""
    started = time.monotonic()
    with _connected(address, timeout) as client:
        with contextlib.suppress(OSError):  # a server may answer before it has read all
            client.sendall(_head(request))
            if request.late_body:
                time.sleep(_MOMENT)
            _send_body(client, request.body)
        raw = _receive(client)
    return _parsed(raw, request.method, time.monotonic() - started)


def _connected(address: int | Path, timeout: float) -> socket.socket:
    if isinstance(address, int):
        return socket.create_connection((LOOPBACK, address), timeout)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(timeout)
    client.connect(str(address))
    return client


def exchange(port: int, data: bytes, timeout: float = 20.0, *, datagrams: bool = False) -> bytes:
    """What a stream server answers to some bytes, up to as many as were sent."""
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(_DATAGRAM_SECONDS if datagrams else timeout)
        client.connect((LOOPBACK, port))
        answer = b""
        with contextlib.suppress(OSError):
            client.sendall(data)
            while len(answer) < len(data):
                part = client.recv(65536)
                if not part:
                    break
                answer += part
        return answer


def _head(request: Request) -> bytes:
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        f"Host: {request.host}",
        *(_HANDSHAKE if request.handshake else ("Connection: close",)),
    ]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {request.body}")
    missing, number = request.header - sum(len(line) + 2 for line in lines), 0
    while missing > _SHORTEST_LINE:
        length = min(missing, request.line)
        lines.append(f"X-{number:02}: ".ljust(length - 2, "x"))
        missing, number = missing - length, number + 1
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _send_body(client: socket.socket, size: int) -> None:
    piece = b"x" * 65536
    while size > 0:
        client.sendall(piece[:size])
        size -= len(piece)


def _receive(client: socket.socket) -> bytes:
    raw = bytearray()
    with contextlib.suppress(OSError):
        while part := client.recv(65536):
            raw += part
    return bytes(raw)


def _parsed(raw: bytes, method: str, seconds: float) -> Response:
    head, separator, body = raw.partition(b"\r\n\r\n")
    match = _STATUS_LINE.match(head)
    if match is None or not separator:
        return Response(None, raw, False, seconds)
    whole = True
    lower = head.lower()
    length = re.search(rb"\r\ncontent-length: *(\d+)", lower)
    if method != "HEAD":
        if length is not None:
            whole = len(body) >= int(length[1])
        elif b"\r\ntransfer-encoding: chunked" in lower:
            whole = body.endswith(b"0\r\n\r\n")
    return Response(int(match[1]), body, whole, seconds)
