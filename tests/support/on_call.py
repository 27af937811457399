"""A real nginx of which some hops fail, with its logs: what somebody on call has before them."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lint502.lab.binary import Nginx

_SECONDS = 20

CONFIGURATION = """\
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log logs/error.log warn;

events {
}

http {
    log_format upstream '$remote_addr [$time_local] "$request" $status $upstream_addr '
                        '$upstream_status $upstream_connect_time $upstream_header_time '
                        '$upstream_response_time $request_time';
    access_log logs/access.log upstream;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;

    upstream pool {
        server 127.0.0.1:CLOSED max_fails=0;
        server 127.0.0.1:GOOD backup;
    }

    upstream dead {
        server 127.0.0.1:CLOSED max_fails=1;
        server 127.0.0.1:SECOND max_fails=1;
    }

    server {
        listen 127.0.0.1:NGINX;
        server_name shop.example;

        location /refused/ {
            proxy_pass http://127.0.0.1:CLOSED;
        }

        location /closing/ {
            proxy_pass http://127.0.0.1:CLOSING;
        }

        location /slow/ {
            proxy_read_timeout 1s;
            proxy_pass http://127.0.0.1:SILENT;
        }

        location /retried/ {
            proxy_pass http://pool;
        }

        location /dead/ {
            proxy_pass http://dead;
        }

        location /tls/ {
            proxy_pass https://127.0.0.1:GOOD;
        }

        location /own/ {
            proxy_pass http://127.0.0.1:OWN;
        }

        location /guarded/ {
            auth_request /auth;
            proxy_pass http://127.0.0.1:GOOD;
        }

        location = /auth {
            internal;
            proxy_pass http://127.0.0.1:CLOSED;
        }

        location / {
            proxy_pass http://127.0.0.1:GOOD;
        }
    }
}
"""

UPSTREAMS = """\
[upstream.shop]
hosts = ["127.0.0.1"]
port = GOOD
protocol = "http"
tls = false

[upstream.legacy]
hosts = ["127.0.0.1"]
port = OWN
"""

PATHS = (
    *("/refused/a", "/refused/b?c=d", "/closing/", "/slow/", "/retried/", "/retried/"),
    *("/dead/", "/dead/", "/tls/", "/own/", "/guarded/", "/"),
)
"""What is asked for, in this order."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it: the folder with the configuration and the logs, the ports by their names,
    and the statuses that the clients got."""

    folder: Path
    ports: dict[str, int]
    statuses: tuple[int, ...]

    @property
    def error_log(self) -> Path:
        """The error log."""
        return self.folder / "logs" / "error.log"

    @property
    def access_log(self) -> Path:
        """The access log."""
        return self.folder / "logs" / "access.log"


def run(nginx: Nginx, folder: Path, paths: Sequence[str] = PATHS) -> Ran:
    """Ask a real nginx for these paths, one after the other."""
    with ExitStack() as stack:
        ports = {
            "GOOD": stack.enter_context(_server(_answer("200 OK"))),
            "OWN": stack.enter_context(_server(_answer("502 Bad Gateway"))),
            "CLOSING": stack.enter_context(_server(b"")),
            "SILENT": stack.enter_context(_server(None)),
            "CLOSED": stack.enter_context(_closed()),
            "SECOND": stack.enter_context(_closed()),
        }
        with _closed() as free:
            ports["NGINX"] = free
        for name, text in (("nginx.conf", CONFIGURATION), ("upstreams.toml", UPSTREAMS)):
            for port, number in ports.items():
                text = text.replace(f":{port}", f":{number}").replace(f"= {port}", f"= {number}")
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "logs").mkdir()
        stack.enter_context(_running(nginx, folder, ports["NGINX"]))
        statuses = tuple(_ask(ports["NGINX"], path) for path in paths)
    return Ran(folder, ports, statuses)


def _answer(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n".encode()


@contextmanager
def _server(answer: bytes | None) -> Iterator[int]:
    """A server that answers every request so; None: never."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            if answer is not None:
                connection.settimeout(_SECONDS)
                connection.recv(65536)
                connection.sendall(answer)
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in held:
            connection.close()


@contextmanager
def _closed() -> Iterator[int]:
    """A port that refuses connections: bound, so that nobody else gets it, and not listening."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextmanager
def _running(nginx: Nginx, folder: Path, port: int) -> Iterator[None]:
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(
            [*nginx.command, "-p", f"{folder}/", "-c", str(folder / "nginx.conf")],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, **nginx.environment},
        )
        try:
            deadline = time.monotonic() + _SECONDS
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    pytest.fail(f"nginx does not start: {said.read()!r}")
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait(_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _ask(port: int, path: str) -> int:
    with socket.create_connection(("127.0.0.1", port), _SECONDS) as client:
        request = f"GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"
        client.sendall(request.encode())
        received = b""
        while part := client.recv(65536):
            received += part
    return int(received.split(b" ", 2)[1])
