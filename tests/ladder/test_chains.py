"""Chains of nginx with HAProxy and Varnish, before it and behind it: what the client gets."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lint502 import programs
from lint502.ladder.climb import ladder
from lint502.ladder.model import Route
from lint502.ladder.wanted import Wanted
from lint502.nginx.version import Version
from lint502.options import Options
from tests.diagnosis.test_routes_on_nginx import free_port, started
from tests.ladder.test_on_nginx import OK, asked, request, silent
from tests.support.nginxes import lacks, nginx_of
from tests.support.probes import serving
from tests.support.real_nginx import HTTP, MAIN, prefix
from tests.support.sites import examine, http, write

pytestmark = pytest.mark.slow

Serve = Callable[[socket.socket], None]

HAPROXY = """
defaults
    mode http
    timeout connect {connect}ms
    timeout client 20s
    timeout server {milliseconds}ms
listen one
    bind 127.0.0.1:{listen}
    server next 127.0.0.1:{next}
"""
CADDY = """{{
    admin off
    auto_https off
}}
http://:{listen} {{
    reverse_proxy 127.0.0.1:{next} {{
        transport http {{
            response_header_timeout {milliseconds}ms
        }}
    }}
}}
"""
NGINX = """
    server {{ listen 127.0.0.1:{listen};
              location / {{ proxy_read_timeout {milliseconds}ms;
                            proxy_pass http://127.0.0.1:{next}; }} }}
"""
VARNISH = """vcl 4.0;
backend next {{ .host = "127.0.0.1"; .port = "{next}"; .first_byte_timeout = {milliseconds}ms; }}
"""


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdin=quiet, stdout=quiet, stderr=quiet, env={**os.environ, "HOME": "/nonexistent"}
    )
    try:
        deadline = time.monotonic() + 30
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{command[0]} does not start")
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _program(name: str) -> str:
    found = programs.found(name, "/usr/sbin", "/usr/local/sbin")
    return found or lacks(f"there is no {name}; scripts/ensure-servers installs it")


@contextmanager
def proxy(
    kind: str, folder: Path, behind: int, milliseconds: int, connect: int = 1000
) -> Iterator[int]:
    """HAProxy, Varnish, Caddy or nginx, which waits so long for a port; its own port."""
    listen = free_port()
    if kind == "haproxy":
        file = folder / f"{listen}.cfg"
        text = HAPROXY.format(
            listen=listen, next=behind, milliseconds=milliseconds, connect=connect
        )
        file.write_text(text)
        command = [_program("haproxy"), "-f", str(file)]
    elif kind == "caddy":
        file = folder / f"{listen}.caddy"
        file.write_text(CADDY.format(listen=listen, next=behind, milliseconds=milliseconds))
        command = [_program("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]
    elif kind == "nginx":
        place = folder / str(listen)
        place.mkdir()
        file = place / "nginx.conf"
        body = NGINX.format(listen=listen, next=behind, milliseconds=milliseconds)
        start = "daemon off; master_process off; error_log error.log;"
        file.write_text(f"{start}\n{MAIN}http {{\n{HTTP}{body}}}\n")
        with started(nginx_of("bookworm"), place, file, listen):
            yield listen
        return
    else:
        file = folder / f"{listen}.vcl"
        file.write_text(VARNISH.format(next=behind, milliseconds=milliseconds))
        place = folder / str(listen)
        place.mkdir()
        command = [_program("varnishd"), "-F", "-a", f"127.0.0.1:{listen}", "-f", str(file)]
        command += ["-n", str(place), "-j", "none"]  # its user may not enter our folder
    with _running(command, listen):
        yield listen


def large(connection: socket.socket) -> None:
    """A response with a header of 10 lines of 1000 bytes for each digit in the path."""
    read = connection.recv(65536)
    lines = 10 * int(read.split(b" ")[1].strip(b"/"))
    header = b"".join(b"X%03d: %s\r\n" % (number, 992 * b"x") for number in range(lines))
    connection.sendall(OK.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n"))


BUFFERS = "proxy_buffer_size 128k; proxy_buffers 4 128k; proxy_busy_buffers_size 256k;"


@contextmanager
def chain(
    front: tuple[str, int] | None, settings: str, behind: tuple[str, int] | None, serve: Serve
) -> Iterator[tuple[int, Route]]:
    """A front, nginx, a proxy behind it, and a server; the port of the first, and the way."""
    nginx = nginx_of("bookworm")
    with ExitStack() as stack:
        folder = stack.enter_context(prefix())
        target = stack.enter_context(serving(serve))
        spec = ""
        if behind is not None:
            target = stack.enter_context(proxy(behind[0], folder, target, behind[1]))
            spec = f'server = "{behind[0]}"\ntimeouts.request = "{behind[1]}ms"\n'
        listen = free_port()
        spec = f"[upstream.api]\nport = {target}\n{spec}"
        if front is not None:
            spec += f'[front.edge]\nkind = "{front[0]}"\nread_timeout = "{front[1]}ms"\n'
        conf = (
            f"daemon off; master_process off; error_log error.log;\n{MAIN}http {{\n{HTTP}"
            f"{settings}\nserver {{ listen 127.0.0.1:{listen};\n"
            f"location / {{ proxy_pass http://127.0.0.1:{target}; }} }} }}\n"
        )
        write(folder, {"nginx.conf": conf, "upstreams.toml": spec})
        stack.enter_context(started(nginx, folder, folder / "nginx.conf", listen))
        entry = listen
        if front is not None:
            entry = stack.enter_context(proxy(front[0], folder, listen, front[1]))
        options = Options(
            working_directory=folder,
            roots=(str(folder / "nginx.conf"),),
            version=Version(*nginx.version),
            version_origin="option",
        )
        found = ladder(examine(options), Wanted.read("http://lab.example/", "GET", []))
        yield entry, found.routes[0]


@pytest.mark.parametrize(
    ("front", "waits", "behind", "expected"),
    [
        (None, 3000, ("haproxy", 1000), ("api", 504, 1000)),
        (None, 1000, ("haproxy", 3000), ("nginx", 504, 1000)),
        (None, 3000, ("varnish", 1000), ("api", 503, 1000)),
        (None, 3000, ("nginx", 1000), ("api", 504, 1000)),
        (None, 3000, ("caddy", 1000), ("api", 504, 1000)),
        (("haproxy", 1000), 3000, None, ("edge", 504, 1000)),
        (("haproxy", 3000), 1000, None, ("nginx", 504, 1000)),
        (("haproxy", 1000), 3000, ("varnish", 2000), ("edge", 504, 1000)),
        (("varnish", 1000), 3000, None, ("edge", 503, 1000)),
        (("varnish", 3000), 2000, ("haproxy", 1000), ("api", 504, 1000)),
        (("nginx", 1000), 3000, None, ("edge", 504, 1000)),
        (("nginx", 3000), 2000, ("nginx", 1000), ("api", 504, 1000)),
        (("caddy", 1000), 3000, None, ("edge", 504, 1000)),
    ],
)
def test_who_gives_up_first(
    front: tuple[str, int] | None,
    waits: int,
    behind: tuple[str, int] | None,
    expected: tuple[str, int, int],
) -> None:
    with chain(front, f"proxy_read_timeout {waits}ms;", behind, silent) as (port, route):
        status, seconds = asked(port, request("/"))
    first = route.first
    assert first is not None
    assert (first.by, first.status, first.after) == expected
    assert status == first.status
    assert abs(seconds - expected[2] / 1000) < 0.9


@pytest.mark.parametrize(
    ("kind", "status", "takes", "fits", "too_large"),
    [
        ("haproxy", 502, 15 * 1024, 1, 2),
        ("varnish", 503, 32 * 1024, 3, 4),
        ("nginx", 502, 4096, 0, 1),
    ],
)
def test_a_head_that_nginx_takes_and_its_front_does_not(
    kind: str, status: int, takes: int, fits: int, too_large: int
) -> None:
    with chain((kind, 5000), BUFFERS, None, large) as (port, route):
        assert asked(port, request(f"/{fits}"))[0] == 200
        assert asked(port, request(f"/{too_large}"))[0] == status
    found = next(one for one in route.outcomes if one.case == "large-response-head")
    assert (found.by, found.status, found.beyond) == ("edge", status, takes)


def test_a_front_that_gets_no_connection(tmp_path: Path) -> None:
    """HAProxy tries four times by default."""
    conf = http("server { listen 80; location / { proxy_pass http://127.0.0.1:3000; } }")
    spec = '[front.edge]\nkind = "haproxy"\nconnect_timeout = "500ms"\n'
    write(tmp_path, {"nginx.conf": conf, "upstreams.toml": spec})
    options = Options(working_directory=tmp_path, roots=(str(tmp_path / "nginx.conf"),))
    (route,) = ladder(examine(options), Wanted.read("http://a/", "GET", [])).routes
    found = next(one for one in route.outcomes if one.case == "front-connection")
    assert (found.by, found.status, found.after) == ("edge", 503, 2000)
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        folder = stack.enter_context(prefix())
        entry = stack.enter_context(proxy("haproxy", folder, port, 9000, connect=500))
        status, seconds = asked(entry, request("/"))
    assert status == 503
    assert abs(seconds - 2) < 0.9


def test_more_lines_than_a_front_takes() -> None:
    def many(connection: socket.socket) -> None:
        lines = int(connection.recv(65536).split(b" ")[1].strip(b"/"))
        header = b"".join(b"X%d: x\r\n" % number for number in range(lines))
        connection.sendall(OK.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n"))

    with chain(("haproxy", 5000), BUFFERS, None, many) as (port, route):
        assert asked(port, request("/90"))[0] == 200
        assert asked(port, request("/101"))[0] == 502
    found = next(one for one in route.outcomes if one.case == "many-response-headers")
    assert (found.by, found.status, found.when) == (
        "edge", 502, "the response has more than 100 header lines"
    )  # fmt: skip
