"""Responses whose length is said in two ways, by servers that do so in HTTP/1.1 only."""

from __future__ import annotations

import socket
import threading

import pytest

from lint502.lab.bench import LOOPBACK, Bench
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from tests.support.nginxes import nginx_of

CHUNKED, OK = b"Transfer-Encoding: chunked\r\n", b"\r\n2\r\nok\r\n0\r\n\r\n"
BODIES = {
    "both": b"Content-Length: 2\r\n" + CHUNKED + OK,
    "twice": CHUNKED + CHUNKED + OK,
    "other": b"Transfer-Encoding: identity\r\n\r\nok",
}


def serve(listening: socket.socket, framed: bytes) -> None:
    """Answer each connection once, in HTTP/1.0 without a length."""
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        with client:
            request = client.recv(65536)
            modern = b" HTTP/1.1\r\n" in request
            client.sendall(b"HTTP/1.1 200 OK\r\n" + (framed if modern else b"\r\nok"))


@pytest.mark.parametrize("way", BODIES)
@pytest.mark.parametrize(
    ("release", "settings", "status"),
    [
        ("bookworm", "", 200),
        ("bookworm", "proxy_http_version 1.1;", 200),  # 1.22
        ("trixie", "", 200),  # HTTP/1.0
        ("trixie", "proxy_http_version 1.1;", 502),
        ("sid", "", 502),  # HTTP/1.1 by itself
        ("sid", "proxy_http_version 1.0;", 200),
    ],
)
def test_what_an_upgrade_makes_of_them(way: str, release: str, settings: str, status: int) -> None:
    with Bench() as bench, socket.create_server((LOOPBACK, 0)) as listening:
        threading.Thread(target=serve, args=(listening, BODIES[way]), daemon=True).start()
        port, behind = bench.port(), listening.getsockname()[1]
        text = (
            f"server {{ listen {LOOPBACK}:{port}; location / {{ {settings} "
            f"proxy_pass http://{LOOPBACK}:{behind}; }} }}\n"
        )
        Running(bench, nginx_of(release), text)
        assert send(port, Request()).status == status
