"""nginx itself as an upstream: HTTP/1.1, the same over TLS, and HTTP/2 in plaintext."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.lab.bench import LOOPBACK, LabError
from lint502.lab.binary import Nginx, found, main_file
from lint502.nginx.version import Version
from tools.measure.servers.model import Endpoint, Family, Program, Room

_HTTP2_DIRECTIVE = Version(1, 25, 1)
_LOG_OPTION = Version(1, 19, 5)


def _server(listen: str, own: str = "") -> str:
    return f'server {{ listen {LOOPBACK}:{listen}; {own} location / {{ return 200 "ok"; }} }}\n'


def _programs(nginx: Nginx, room: Room) -> Iterator[Program]:
    plain, tls, h2c = (
        Endpoint("nginx", speaks, room.port()) for speaks in ("http", "https", "h2c")
    )
    files = f"ssl_certificate {room.certificate.file}; ssl_certificate_key {room.certificate.key};"
    http2 = ("", "http2 on;") if nginx.version >= _HTTP2_DIRECTIVE else (" http2", "")
    http = (
        _server(str(plain.port))
        + _server(f"{tls.port} ssl", files)
        + _server(f"{h2c.port}{http2[0]}", http2[1])
    )
    configuration = room.write("nginx.conf", main_file(nginx, http, ""))
    prefix = ["-p", f"{room.folder}/", "-c", str(configuration)]
    if nginx.version >= _LOG_OPTION:
        prefix += ["-e", "error.log"]
    yield Program((*nginx.command, *prefix), (plain, tls, h2c), nginx.environment)


def _need(nginx: Nginx | None) -> Nginx:
    if nginx is None:
        raise LabError("there is no nginx; install it (Debian: nginx)")
    return nginx


def family(nginx: Nginx | None = None) -> Family:
    """That of an nginx, by default the one on the PATH."""
    return Family(
        "nginx",
        lambda: str(_need(nginx or found()).version),
        lambda room: _programs(_need(nginx or found()), room),
    )
