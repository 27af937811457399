"""What fails first, and with which status, as a real nginx shows it to its client."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from lint502.ladder.climb import ladder
from lint502.ladder.model import Outcome, Route
from lint502.ladder.wanted import Wanted
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.run import Result
from tests.diagnosis.test_routes_on_nginx import free_port, started
from tests.support.nginxes import nginx_of
from tests.support.probes import serving
from tests.support.real_nginx import HTTP, MAIN, prefix
from tests.support.sites import examine, write

pytestmark = pytest.mark.slow

SITE = """
    proxy_read_timeout 1s;
    proxy_connect_timeout 2s;
    client_header_timeout 1s;
    upstream two { server 127.0.0.1:SILENT max_fails=0; server 127.0.0.1:OTHER max_fails=0; }
    upstream short { server 127.0.0.1:SILENT max_fails=0; server 127.0.0.1:OTHER backup; }
    server {
        listen 127.0.0.1:LISTEN;
        client_body_timeout 1s;
        client_max_body_size 4k;
        rewrite ^/old/(.*)$ /wide/$1 last;
        location /silent { proxy_pass http://127.0.0.1:SILENT; }
        location /two { proxy_pass http://two; }
        location /once { proxy_next_upstream error; proxy_pass http://two; }
        location /short { proxy_next_upstream_timeout 500ms; proxy_pass http://short; }
        location /closing { proxy_read_timeout 5s; proxy_pass http://127.0.0.1:CLOSING; }
        location /answering { proxy_read_timeout 5s; proxy_pass http://127.0.0.1:ANSWERING; }
        location /paged { error_page 504 =503 /sorry; proxy_pass http://127.0.0.1:SILENT; }
        location /other { error_page 504 = @other; proxy_pass http://127.0.0.1:SILENT; }
        location @other { proxy_pass http://127.0.0.1:OK; }
        location = /sorry { internal; return 418; }
        location /wide { client_max_body_size 1m; proxy_pass http://127.0.0.1:OK; }
        location /files { try_files $uri @app; }
        location @app { client_max_body_size 1m; proxy_pass http://127.0.0.1:OK; }
        location /large { proxy_buffer_size 4k; proxy_pass http://127.0.0.1:LARGE; }
        location /refused { proxy_pass http://127.0.0.1:REFUSED; }
        location /away { return 307 /elsewhere; }
    }
"""
SPEC = """
[upstream.closing]
port = CLOSING
timeouts.request = "1s"
[upstream.answering]
port = ANSWERING
server = "haproxy"
timeouts.request = "1s"
"""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def read_head(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return
        data += part


def silent(connection: socket.socket) -> None:
    read_head(connection)
    time.sleep(8)


def closing(connection: socket.socket) -> None:
    read_head(connection)
    time.sleep(1)


def answering(connection: socket.socket) -> None:
    closing(connection)
    connection.sendall(b"HTTP/1.1 504 Gateway Time-out\r\nContent-Length: 0\r\n\r\n")


def ok(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    left = int(length[1]) - len(body) if length else 0
    while left > 0:
        left -= len(connection.recv(65536))
    connection.sendall(OK)


def large(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nX: " + 5000 * b"x" + b"\r\n\r\n"))


def asked(port: int, data: bytes) -> tuple[int | None, float]:
    """The status of the answer, None where there is none; and how long it took."""
    begun = time.monotonic()
    received = b""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(data)
        with contextlib.suppress(ConnectionError):
            while part := client.recv(65536):
                received += part
    status = int(received.split(b" ")[1]) if received else None
    return status, time.monotonic() - begun


def request(path: str, *, method: str = "GET", headers: str = "", body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: lab.example\r\nConnection: close\r\n"
    return f"{head}{length}{headers}\r\n".encode() + body


def slow_request(path: str, method: str) -> bytes:
    return request(path, method=method, body=b"x" if method == "POST" else b"")


class Lab:
    def __init__(self, folder: Path, port: int, result: Result) -> None:
        self.folder = folder
        self.port = port
        self._result = result

    def route(self, path: str, method: str = "GET") -> Route:
        wanted = Wanted.read(f"http://lab.example:{self.port}{path}", method, [])
        found = ladder(self._result, wanted)
        assert found.undecided == ()
        (route,) = found.routes
        return route

    def cases(self, path: str) -> set[str]:
        return {one.case for one in self.route(path).outcomes}

    def outcome(self, path: str, case: str, method: str = "GET") -> Outcome:
        found = self.route(path, method).outcomes
        return next(one for one in found if one.case == case)

    def answer(self, path: str) -> int | None:
        wanted = Wanted.read(f"http://lab.example:{self.port}{path}", "GET", [])
        (route,) = ladder(self._result, wanted).routes
        return route.status


@pytest.fixture(scope="module", params=["bullseye", "sid"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    nginx = nginx_of(request.param)
    with ExitStack() as stack:
        ports = {"LISTEN": free_port(), "REFUSED": free_port()}
        for name, serve in (
            ("SILENT", silent),
            ("OTHER", silent),
            ("CLOSING", closing),
            ("ANSWERING", answering),
            ("OK", ok),
            ("LARGE", large),
        ):
            ports[name] = stack.enter_context(serving(serve))
        folder = stack.enter_context(prefix())
        start = f"daemon off; master_process off; error_log error.log;\n{MAIN}http {{\n{HTTP}"
        conf, spec = f"{start}{SITE}}}\n", SPEC
        for name, port in ports.items():
            conf, spec = conf.replace(f":{name}", f":{port}"), spec.replace(name, str(port))
        write(folder, {"nginx.conf": conf, "upstreams.toml": spec})
        stack.enter_context(started(nginx, folder, folder / "nginx.conf", ports["LISTEN"]))
        options = Options(
            working_directory=folder,
            roots=(str(folder / "nginx.conf"),),
            version=Version(*nginx.version),
            version_origin="option",
        )
        yield Lab(folder, ports["LISTEN"], examine(options))


SLOW = (
    ("/silent", "GET"),
    ("/two", "GET"),
    ("/two", "POST"),
    ("/once", "GET"),
    ("/short", "GET"),
    ("/closing", "GET"),
    ("/answering", "GET"),
    ("/paged", "GET"),
    ("/other", "GET"),
)


def test_who_gives_up_first(lab: Lab) -> None:
    expected = {
        ("/silent", "GET"): ("nginx", 504, 1000),
        ("/two", "GET"): ("nginx", 504, 2000),
        ("/two", "POST"): ("nginx", 504, 1000),
        ("/once", "GET"): ("nginx", 504, 1000),
        ("/short", "GET"): ("nginx", 504, 1000),
        ("/closing", "GET"): ("closing", 502, 1000),
        ("/answering", "GET"): ("answering", 504, 1000),
        ("/paged", "GET"): ("nginx", 418, 1000),
        ("/other", "GET"): ("nginx", None, 1000),
    }
    found = {one: lab.outcome(one[0], "slow-answer", one[1]) for one in SLOW}
    assert {key: (one.by, one.status, one.after) for key, one in found.items()} == expected
    with ThreadPoolExecutor(len(SLOW)) as pool:
        got = list(pool.map(lambda one: asked(lab.port, slow_request(*one)), SLOW))
    for one, (status, seconds) in zip(SLOW, got, strict=True):
        after = found[one].after
        assert after is not None
        assert status == (found[one].status or 200), one
        assert abs(seconds - after / 1000) < 0.9, (one, seconds)


def test_what_is_too_large(lab: Lab) -> None:
    assert lab.outcome("/wide", "large-body").beyond == 1 << 20
    for path, taken in (
        ("/silent", 4096),
        ("/wide", 1 << 20),
        ("/files", 4096),
        ("/old/x", 1 << 20),
    ):
        outcome = lab.outcome(path, "large-body")
        assert (outcome.status, outcome.beyond) == (413, taken), path
        more = request(path, method="POST", body=(taken + 1) * b"x")
        assert asked(lab.port, more)[0] == 413, path
    assert asked(lab.port, request("/wide", method="POST", body=(1 << 20) * b"x"))[0] == 200
    line, field = (
        lab.outcome("/wide", "long-request-line"),
        lab.outcome("/wide", "long-header-line"),
    )
    assert (line.status, line.beyond, field.status, field.beyond) == (414, 8192, 400, 8192)
    assert asked(lab.port, request("/wide" + 8192 * "a"))[0] == 414
    assert asked(lab.port, request("/wide", headers=f"X: {8192 * 'a'}\r\n"))[0] == 400
    assert asked(lab.port, request("/wide", headers=f"X: {8000 * 'a'}\r\n"))[0] == 200
    head = lab.outcome("/large", "large-response-head")
    assert (head.status, head.beyond) == (502, 4096)
    assert asked(lab.port, request("/large"))[0] == 502


def test_refused_and_answered_by_nginx(lab: Lab) -> None:
    assert lab.outcome("/refused", "refused-connection").status == 502
    assert asked(lab.port, request("/refused"))[0] == 502
    for path in ("/away", "/sorry", "/silent/../away"):
        assert asked(lab.port, request(path))[0] == lab.answer(path)


def test_a_client_that_stops_sending_gets_no_answer(lab: Lab) -> None:
    header = b"GET /wide HTTP/1.1\r\nHost: lab.example\r\n"
    body = b"POST /wide HTTP/1.1\r\nHost: lab.example\r\nContent-Length: 9\r\n\r\nx"
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda data: asked(lab.port, data), (header, body)))
    assert [status for status, _ in found] == [None, None]
    assert all(abs(seconds - 1) < 0.9 for _, seconds in found), found
