"""What ``lint502.behaviour`` says of nginx, beside what the oldest and the newest one do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType

import pytest

from lint502.behaviour.error_pages import ITS_OWN, replaced_statuses
from lint502.behaviour.keepalive import reuse
from lint502.behaviour.limits import body_limit
from lint502.behaviour.methods import ALL, allowed_methods
from lint502.behaviour.next_upstream import retries
from lint502.lab import client
from lint502.lab.bench import LOOPBACK, Bench
from lint502.lab.binary import Nginx, Running
from lint502.lab.client import Request
from lint502.nginx.hops import Hop
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.sites import hops_of, http

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=(RELEASES[0], RELEASES[-1]))
def nginx(request: pytest.FixtureRequest) -> Nginx:
    return nginx_of(request.param)


class Server:
    """Answers each request with the same bytes, and leaves it to nginx to close the connection; one
    without an answer closes it once it has a request."""

    def __init__(self, answer: bytes) -> None:
        self.connections = 0
        self._answer = answer
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65536) and self._answer:
                connection.sendall(self._answer)


@contextmanager
def running(nginx: Nginx, body: str, folder: Path) -> Iterator[tuple[int, Mapping[str, Hop]]]:
    """nginx with this text in its ``http`` block; the port for ``PORT`` in it, and the hops by
    their locations."""
    with Bench() as bench:
        port = bench.port()
        body = body.replace("PORT", f"{port}")
        hops, _ = hops_of(folder, http(body), version=str(nginx.version))
        Running(bench, nginx, body)
        yield port, {hop.location: hop for hop in hops}


def located(settings: Mapping[str, str]) -> str:
    return "\n".join(f"location {path} {{ {text} }}" for path, text in settings.items())


def test_what_is_sent_again(nginx: Nginx, tmp_path: Path) -> None:
    """The first server closes each connection with a request on it, or nothing listens there."""
    settings = {
        "default": "",
        "asked": "proxy_next_upstream error non_idempotent;",
        "timeout": "proxy_next_upstream timeout non_idempotent;",
        "off": "proxy_next_upstream off;",
        "once": "proxy_next_upstream_tries 1;",
        "twice": "proxy_next_upstream_tries 2;",
    }
    with Server(b"") as closing, Server(ANSWER) as good, Bench() as bench:
        locations = {
            f"/{phase}-{name}": f"{text} proxy_pass http://{phase};"
            for phase in ("send", "connect")
            for name, text in settings.items()
        }
        body = "".join(
            f"upstream {phase} {{ server {LOOPBACK}:{first} max_fails=0;\n"
            f"server {LOOPBACK}:{good.port} backup; }}\n"
            for phase, first in (("send", closing.port), ("connect", bench.closed_port()))
        )
        body += f"server {{ listen {LOOPBACK}:PORT; {located(locations)} }}"
        with running(nginx, body, tmp_path) as (port, hops):
            cases = [
                (path, method)
                for path in locations
                for method in (ALL if path.startswith("/send") else ("GET", "POST"))
            ]
            seen = {
                (path, method): client.send(port, Request(method, path)).status == 200
                for path, method in cases
            }
            said = {
                (path, method): retries(
                    hops[path],
                    "send" if path.startswith("/send") else "connect",
                    frozenset((method,)),
                )
                for path, method in cases
            }
    assert said == seen


def test_what_is_asked_of_a_cache(nginx: Nginx, tmp_path: Path) -> None:
    """It gets GET only, which is sent again."""
    with Server(b"") as closing, Server(b"END\r\n") as good:
        body = (
            f"upstream cache {{ server {LOOPBACK}:{closing.port} max_fails=0;\n"
            f"server {LOOPBACK}:{good.port} backup; }}\n"
            f"server {{ listen {LOOPBACK}:PORT; set $memcached_key a;\n"
            "location /a { memcached_pass cache; } }"
        )
        with running(nginx, body, tmp_path) as (port, hops):
            seen = {method: client.send(port, Request(method, "/a")).status for method in ALL}
    assert seen == {method: 404 if method in ("GET", "HEAD") else 405 for method in ALL}
    assert retries(hops["/a"], "send")


PAGES = {
    "/none": "",
    "/plain": "error_page 502 /page;",
    "/given": "error_page 502 =201 /page;",
    "/named": "error_page 502 =404 @named;",
    "/its-own": "error_page 502 = /page;",
    "/its-own-named": "error_page 502 = @named;",
    "/worse": "error_page 502 =503 /page;",
    "/same": "error_page 502 =502 /page;",
    "/other": "error_page 504 =200 /page;",
    "/first": "error_page 502 =201 /page; error_page 502 =404 @named;",
    "/first-hides-nothing": "error_page 502 /page; error_page 502 =404 @named;",
    "/first-is-the-same": "error_page 502 =502 /page; error_page 502 =404 @named;",
    "/url": "error_page 502 https://a.example/;",
    "/url-worse": "error_page 502 =503 https://a.example/;",
    "/url-same": "error_page 502 =502 https://a.example/;",
    "/url-redirect": "error_page 502 =307 https://a.example/;",
    "/url-its-own": "error_page 502 = https://a.example/;",
    "/url-scheme": "error_page 502 $scheme://a.example/;",
    "/relative": "error_page 502 page;",
    "/itself": "error_page 502 =201 /itself/page;",
    "/itself-with-query": "error_page 502 =201 /itself-with-query?page;",
    "/query": "error_page 502 =201 /page?a=b;",
    "= /exact": "error_page 502 =201 /exact;",
    "/to-next": "error_page 502 = @next;",
    "/to-next-recursive": "recursive_error_pages on; error_page 502 = @next-too;",
    "@next": "recursive_error_pages on; error_page 502 =201 /page;",
    "@next-too": "error_page 502 =201 /page;",
}


def test_error_pages(nginx: Nginx, tmp_path: Path) -> None:
    """The status that a client gets of a pass that fails; a page of its own is a 200."""
    with Bench() as bench:
        passed = f"proxy_pass http://{LOOPBACK}:{bench.closed_port()};"
        body = (
            f"server {{ listen {LOOPBACK}:PORT;\n"
            + located({path: f"{text} {passed}" for path, text in PAGES.items()})
            + "location = /page { return 200 page; }\nlocation @named { return 200 named; } }"
        )
        with running(nginx, body, tmp_path) as (port, hops):
            paths = {
                path: path.removeprefix("= ")
                for path in PAGES
                if not path.startswith(("@", "/to-next"))
            }
            paths |= {"@next": "/to-next", "@next-too": "/to-next-recursive"}
            seen = {
                location: client.send(port, Request(path=path)).status
                for location, path in paths.items()
            }

    def said(hop: Hop) -> int:
        instead = replaced_statuses(hop).get(502)
        return 502 if instead is None else 200 if instead.status == ITS_OWN else instead.status

    assert {location: said(hops[location]) for location in paths} == seen


LIMITS = {
    "/all": "",
    "/get": "limit_except GET { deny all; }",
    "/head": "limit_except HEAD { deny all; }",
    "/several": "limit_except put LOCK { deny all; }",
    "/others": "limit_except GET { deny 10.0.0.1; }",
    "/allowed": "limit_except GET { allow 127.0.0.1; deny all; }",
    "/equal": "if ($request_method = POST) { return 405; }",
    "/unequal": "if ($request_method != POST) { return 405; }",
    "/like": "if ($request_method ~ ^P) { return 405; }",
    "/unlike": "if ($request_method !~* ^(get|lock)$) { return 405; }",
    "/returned": "return 204; limit_except GET { deny 10.0.0.1; }",
    "/rewritten": "rewrite ^ /all redirect; limit_except POST { allow all; }",
    "/not-turned-away": "if ($request_method = PUT) { return 405; } limit_except GET { }",
    "/both": "limit_except GET PUT { deny all; } if ($request_method ~ T$) { return 405; }",
}


EXCEPTED = {
    "/get": "limit_except GET { PASS }",
    "/returned": "return 204; limit_except PUT HEAD { PASS }",
    "/turned-away": "if ($request_method = POST) { return 405; } limit_except GET { PASS }",
}


def test_methods_of_limit_except(nginx: Nginx, tmp_path: Path) -> None:
    with Server(ANSWER) as good:
        passed = f"proxy_pass http://{LOOPBACK}:{good.port};"
        locations = {path: text.replace("PASS", passed) for path, text in EXCEPTED.items()}
        body = f"server {{ listen {LOOPBACK}:PORT; {located(locations)} }}"
        with running(nginx, body, tmp_path) as (port, hops):
            seen = {
                path: {
                    method
                    for method in ALL
                    if client.send(port, Request(method, path)).status == 200
                }
                for path in EXCEPTED
            }
    assert {path: allowed_methods(hops[path]) for path in EXCEPTED} == seen


def test_methods(nginx: Nginx, tmp_path: Path) -> None:
    with Server(ANSWER) as good:
        passed = f"proxy_pass http://{LOOPBACK}:{good.port};"
        locations = {path: f"{text} {passed}" for path, text in LIMITS.items()}
        body = f"server {{ listen {LOOPBACK}:PORT; {located(locations)} }}"
        with running(nginx, body, tmp_path) as (port, hops):
            seen = {
                path: {
                    method
                    for method in ALL
                    if client.send(port, Request(method, path)).status == 200
                }
                for path in LIMITS
            }
    assert {path: allowed_methods(hops[path]) for path in LIMITS} == seen


KEEPING = {
    "default": "",
    "1.1": "proxy_http_version 1.1;",
    "empty": 'proxy_http_version 1.1; proxy_set_header Connection "";',
    "empty-1.0": 'proxy_http_version 1.0; proxy_set_header Connection "";',
    "kept-1.0": "proxy_http_version 1.0; proxy_set_header Connection keep-alive;",
    "close": "proxy_http_version 1.1; proxy_set_header Connection close;",
    "both": 'proxy_http_version 1.1; proxy_set_header Connection ""; '
    "proxy_set_header Connection close;",
    "other": "proxy_http_version 1.1; proxy_set_header Host a;",
    "map": "proxy_http_version 1.1; proxy_set_header Connection $upgrade;",
    "map-empty": "proxy_http_version 1.1; proxy_set_header Connection $kept;",
}


class PoliteServer(Server):
    """Closes a connection where nginx asks for that, or in HTTP/1.0 does not ask to keep it."""

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while request := connection.recv(65536).lower():
                asked = [line for line in request.split(b"\r\n") if line.startswith(b"connection:")]
                kept = b"http/1.0" not in request or any(b"keep-alive" in line for line in asked)
                if not kept or any(b"close" in line for line in asked):
                    connection.sendall(
                        ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
                    )
                    return
                connection.sendall(ANSWER)


def test_kept_connections(nginx: Nginx, tmp_path: Path) -> None:
    """Two requests over one connection, or two; the server does as it is told."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(PoliteServer(ANSWER)) for name in KEEPING}
        locations = {
            f"/{name}": f"{text} proxy_pass http://{name};" for name, text in KEEPING.items()
        }
        body = "".join(
            f"upstream {name} {{ server {LOOPBACK}:{server.port}; keepalive 4; }}\n"
            for name, server in servers.items()
        )
        body += (
            'map $http_upgrade $upgrade { default upgrade; "" close; }\n'
            'map $http_upgrade $kept { default upgrade; "" ""; }\n'
            f"server {{ listen {LOOPBACK}:PORT; {located(locations)} }}"
        )
        with running(nginx, body, tmp_path) as (port, hops):
            for path in (*locations, *locations):
                assert client.send(port, Request(path=path)).status == 200
            seen = {name: server.connections == 1 for name, server in servers.items()}
    assert {name: reuse(hops[f"/{name}"], nginx.version).kept for name in KEEPING} == seen


BY_THE_CLIENT = {
    "1.1": "proxy_http_version 1.1; proxy_set_header Connection $http_connection;",
    "1.0": "proxy_http_version 1.0; proxy_set_header Connection $http_connection;",
    "map": "proxy_http_version 1.1; proxy_set_header Connection $client;",
    "closed": 'proxy_http_version 1.1; proxy_set_header Connection "$http_connection, close";',
}


def test_connections_that_are_kept_as_the_client_says(nginx: Nginx, tmp_path: Path) -> None:
    """Two requests that say keep-alive, as those of browsers do."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(PoliteServer(ANSWER)) for name in BY_THE_CLIENT}
        locations = {
            f"/{name}": f"{text} proxy_pass http://{name};" for name, text in BY_THE_CLIENT.items()
        }
        body = "".join(
            f"upstream {name} {{ server {LOOPBACK}:{server.port}; keepalive 4; }}\n"
            for name, server in servers.items()
        )
        body += (
            'map $http_upgrade $client { default upgrade; "" $http_connection; }\n'
            f"server {{ listen {LOOPBACK}:PORT; {located(locations)} }}"
        )
        with running(nginx, body, tmp_path) as (port, hops):
            browser = stack.enter_context(closing(HTTPConnection(LOOPBACK, port, timeout=20)))
            for path in (*locations, *locations):
                browser.request("GET", path, headers={"Connection": "keep-alive"})
                assert browser.getresponse().read() == b"ok"
            seen = {name: server.connections == 1 for name, server in servers.items()}
    assert {name: reuse(hops[f"/{name}"], nginx.version).kept for name in BY_THE_CLIENT} == seen


def test_bodies(nginx: Nginx, tmp_path: Path) -> None:
    """Measured where a request arrives, whatever the location says that it goes on to."""
    with Server(ANSWER) as good:
        passed = f"proxy_pass http://{LOOPBACK}:{good.port};"
        locations = {
            "/own": f"client_max_body_size 2k; {passed}",
            "/around": passed,
            "/any": f"client_max_body_size 0; {passed}",
            "/small": "client_max_body_size 1k; try_files /none @named;",
            "@named": f"client_max_body_size 9k; {passed}",
            "/large": "client_max_body_size 4k; try_files /none @more;",
            "@more": f"client_max_body_size 1k; {passed}",
        }
        body = (
            f"client_max_body_size 3k; server {{ listen {LOOPBACK}:PORT; root /nowhere;\n"
            f"{located(locations)} }}"
        )
        arrives = {"@named": "/small", "@more": "/large"}
        with running(nginx, body, tmp_path) as (port, hops):
            limits = {path: body_limit(hop) for path, hop in hops.items()}
            seen = {
                (path, size): client.send(
                    port, Request("PUT", arrives.get(path, path), size)
                ).status
                for path in hops
                for size in (1024, 1025, 2048, 2049, 3072, 3073, 4096, 4097)
            }
    said = {
        (path, size): 200 if limit is not None and size <= (limit.value or size) else 413
        for path, limit in limits.items()
        for size in (1024, 1025, 2048, 2049, 3072, 3073, 4096, 4097)
    }
    assert said == seen
