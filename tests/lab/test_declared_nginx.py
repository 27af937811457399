"""The declared server behind a real nginx: what the client gets, and what nginx logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.declared.listeners import Protocol
from lint502.lab import client
from lint502.lab.bench import Bench
from lint502.lab.binary import Running, found
from lint502.lab.client import Request
from lint502.lab.standins import Authority, Behaviour, DeclaredServer, TlsBehaviour

Got = tuple[int | None, list[str]]
"""The status that the client got, and the messages in nginx's error log."""

READING = " while reading response header from upstream"
SENDING = " while sending request to upstream"
CLOSED = "upstream prematurely closed connection" + READING
RESET = "recv() failed (104: Connection reset by peer)" + READING
TOO_BIG = "upstream sent too big header" + READING
OK: Got = (200, [])

HTTP = """
client_max_body_size 0;
large_client_header_buffers 4 64k;
upstream port {{ server 127.0.0.1:{port}; keepalive 4; }}
upstream socket {{ server unix:{folder}/up; keepalive 4; }}
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_ssl_trusted_certificate {folder}/ca.pem;
proxy_ssl_verify on;
proxy_ssl_verify_depth 2;
proxy_ssl_name api.internal;
grpc_ssl_trusted_certificate {folder}/ca.pem;
grpc_ssl_verify on;
grpc_ssl_name api.internal;
fastcgi_keep_conn on;
fastcgi_param CONTENT_LENGTH $content_length;
uwsgi_param CONTENT_LENGTH $content_length;
scgi_param CONTENT_LENGTH $content_length;
memcached_connect_timeout 5s;
server {{
    listen unix:{folder}/listen;
    location /old/ {{ proxy_http_version 1.0; proxy_pass http://port; }}
    location /certificate/ {{
        proxy_ssl_server_name on;
        proxy_ssl_certificate {folder}/client.pem;
        proxy_ssl_certificate_key {folder}/client.key;
        proxy_pass https://port;
    }}
{locations}
}}
"""

STREAM = """
server {{ listen 127.0.0.1:{tcp}; proxy_protocol on; proxy_pass 127.0.0.1:{port}; }}
server {{ listen 127.0.0.1:{udp} udp; proxy_pass 127.0.0.1:{port}; }}
"""

PASSES = {
    "http": "proxy_pass http://",
    "https": "proxy_pass https://",
    "grpc": "grpc_pass grpc://",
    "grpcs": "grpc_pass grpcs://",
    "fastcgi": "fastcgi_pass ",
    "uwsgi": "uwsgi_pass ",
    "scgi": "scgi_pass ",
    "memcached": 'set $memcached_key "$arg_key"; memcached_pass ',
}


@dataclass(frozen=True, slots=True)
class Lab:
    """nginx, and where the server behind it has to listen."""

    bench: Bench
    nginx: Running
    port: int
    socket: Path
    authority: Authority
    tcp: int
    udp: int

    @contextmanager
    def serving(
        self, behaviour: Behaviour, kind: str = "port", round_trip: float = 0.1
    ) -> Iterator[DeclaredServer]:
        self.nginx.new_lines()
        address = self.port if kind == "port" else self.socket
        with DeclaredServer(
            behaviour, address, round_trip=round_trip, authority=self.authority
        ) as server:
            yield server

    def get(self, path: str, method: str = "GET", body: int = 0) -> Got:
        """One request through nginx, on a connection of its own to nginx."""
        answer = client.send(self.bench.folder / "listen", Request(method, path, body))
        lines = [line.message for line in self.nginx.new_lines() if line.level != "warn"]
        return answer.status, lines


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    nginx = found()
    if nginx is None:
        pytest.fail("these tests need a real nginx. Install nginx: make test does")
    with Bench() as bench:
        port, tcp, udp = bench.port(), bench.port(), bench.port()
        authority = Authority()
        authority.write(bench.folder)
        locations = "\n".join(
            f"    location /{name}/{kind}/ {{ {directive}{kind}; }}"
            for name, directive in PASSES.items()
            for kind in ("port", "socket")
        )
        http = HTTP.format(port=port, folder=bench.folder, locations=locations)
        stream = STREAM.format(port=port, tcp=tcp, udp=udp) if nginx.stream is not None else ""
        running = Running(bench, nginx, http, stream)
        yield Lab(bench, running, port, bench.folder / "up", authority, tcp, udp)


PROTOCOLS: tuple[Protocol, ...] = ("http", "grpc", "fastcgi", "uwsgi", "scgi")
KINDS = pytest.mark.parametrize("kind", ["port", "socket"])


@KINDS
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol(protocol: Protocol, kind: str, lab: Lab) -> None:
    with lab.serving(Behaviour(protocol), kind) as server:
        for method, body in (("GET", 0), ("POST", 0), ("POST", 100_000), ("GET", 0)):
            assert lab.get(f"/{protocol}/{kind}/", method, body) == OK
        kept = protocol in ("http", "grpc", "fastcgi")
        assert (server.requests, server.connections) == (4, 1 if kept else 4)


def test_memcached(lab: Lab) -> None:
    with lab.serving(Behaviour("memcached")) as server:
        assert lab.get("/memcached/port/?key=a") == OK
        status, _ = lab.get("/memcached/port/?key=missing")
        assert (status, server.requests, server.connections) == (404, 2, 1)


FOREIGN: dict[Protocol, dict[str, Got]] = {
    "http": {
        "fastcgi": (502, [f"upstream sent unsupported FastCGI protocol version: 72{READING}"]),
        "uwsgi": (400, []),
        "scgi": (400, []),
        "grpc": (502, [f"upstream sent too large http2 frame: 4740180{READING}"]),
    },
    "fastcgi": dict.fromkeys(("http", "uwsgi", "scgi", "grpc", "memcached"), (502, [RESET])),
    "uwsgi": dict.fromkeys(("http", "fastcgi", "scgi", "grpc", "memcached"), (502, [CLOSED])),
    "scgi": dict.fromkeys(("http", "fastcgi", "uwsgi", "grpc", "memcached"), (502, [CLOSED])),
    "memcached": dict.fromkeys(("http", "grpc"), (502, [CLOSED])),
    "grpc": {"fastcgi": (502, [f"upstream sent unsupported FastCGI protocol version: 0{READING}"])},
}
"""What nginx says when it speaks another protocol than the server: as with real servers."""


@KINDS
@pytest.mark.parametrize("protocol", FOREIGN)
def test_another_protocol(protocol: Protocol, kind: str, lab: Lab) -> None:
    with lab.serving(Behaviour(protocol), kind):
        said = {name: lab.get(f"/{name}/{kind}/?key=abc") for name in FOREIGN[protocol]}
        assert said == FOREIGN[protocol]


@KINDS
@pytest.mark.parametrize(
    ("protocol", "tls"), [("http", False), ("http", True), ("grpc", False), ("fastcgi", False)]
)
def test_keepalive_race(protocol: Protocol, tls: bool, kind: str, lab: Lab) -> None:
    """A request on a connection that the server is closing is lost. nginx sends it again unless
    it is a POST; a gRPC call is always one."""
    behaviour = Behaviour(
        protocol,
        tls=TlsBehaviour(names=("api.internal",)) if tls else None,
        idle_timeout=0.2,
    )
    path = f"/{protocol}{'s' if tls else ''}/{kind}/"
    with lab.serving(behaviour, kind) as server:

        def in_the_race(method: str) -> Got:
            server.closing.clear()
            assert lab.get(path) == OK
            assert server.closing.wait(10)
            return lab.get(path, method)

        assert in_the_race("POST") == (502, [CLOSED])
        if protocol != "grpc":
            assert in_the_race("GET") == (200, [CLOSED])
        assert not server.peer_closed.is_set()


@pytest.mark.parametrize("declared", [Behaviour(keepalive=False), Behaviour(max_requests=1)])
def test_close_with_and_without_a_word(declared: Behaviour, lab: Lab) -> None:
    with lab.serving(declared) as server:
        for _ in range(3):
            assert lab.get("/http/port/", "POST") == OK
        assert server.connections == 3
    with lab.serving(replace(declared, announces_close=False)) as server:
        assert lab.get("/http/port/", "POST") == OK
        assert server.closing.wait(10)
        assert lab.get("/http/port/", "POST") == (502, [CLOSED])


def test_goaway(lab: Lab) -> None:
    with lab.serving(Behaviour("grpc", max_requests=2)) as server:
        for _ in range(4):
            assert lab.get("/grpc/port/", "POST") == OK
        assert server.connections == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_size_of_the_response_header(protocol: Protocol, lab: Lab) -> None:
    with lab.serving(Behaviour(protocol)) as server:
        path = f"/{protocol}/port/"
        server.answer.header_bytes = 3500
        assert lab.get(path) == OK
        server.answer.header_bytes = 12 * 1024
        assert lab.get(path) == (502, [TOO_BIG])


def test_exact_size_of_the_response_header(lab: Lab) -> None:
    """The buffer is one page; a header that fills it leaves no room for a body."""
    with lab.serving(Behaviour()) as server:
        server.answer.body = b""
        for size, got in ((4096, OK), (4097, (502, [TOO_BIG]))):
            server.answer.header_bytes = size
            assert lab.get("/http/port/") == got


@KINDS
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_request_timeout(protocol: Protocol, kind: str, lab: Lab) -> None:
    with lab.serving(Behaviour(protocol, request_timeout=0.1), kind) as server:
        server.answer.wait = 60
        expected = (502, [RESET if protocol == "fastcgi" else CLOSED])
        for size in (0, 100_000):
            assert lab.get(f"/{protocol}/{kind}/", "POST", size) == expected


@KINDS
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_request_body_limit(protocol: Protocol, kind: str, lab: Lab) -> None:
    """The reset meets nginx while it writes, or while it waits to write and reads it."""
    path = f"/{protocol}/{kind}/"
    refused = [RESET, f"writev() failed (104: Connection reset by peer){SENDING}"]
    if kind == "socket":
        refused.append(f"writev() failed (32: Broken pipe){SENDING}")
    if protocol == "grpc":
        refused = [f"upstream rejected request with error 11{READING}"]
    with lab.serving(Behaviour(protocol, request_body=100_000, overflow="close"), kind):
        assert lab.get(path, "POST", 100_000) == OK
        for size in (200_000, 5_000_000):
            status, (line,) = lab.get(path, "POST", size)
            assert status == 502
            assert line in refused
    with lab.serving(Behaviour(protocol, request_body=100_000, overflow="answer"), kind):
        answered = 200 if protocol == "grpc" else 413
        for size in (100_001, 5_000_000):
            assert lab.get(path, "POST", size) == (answered, [])


@KINDS
def test_request_header_limit(kind: str, lab: Lab) -> None:
    path = f"/http/{kind}/" + "x" * 5000
    with lab.serving(Behaviour(request_headers=4096, overflow="close"), kind):
        assert lab.get(path) == (502, [RESET])
    with lab.serving(Behaviour(request_headers=4096, overflow="answer"), kind):
        assert lab.get(path) == (431, [])


def test_versions(lab: Lab) -> None:
    with lab.serving(Behaviour(http_versions=("1.1",))):
        assert lab.get("/old/") == (502, [CLOSED])
        assert lab.get("/http/port/") == OK
    with lab.serving(Behaviour(http_versions=("1.0",))) as server:
        for _ in range(2):
            assert lab.get("/http/port/") == OK
        assert server.connections == 2


def test_tls(lab: Lab) -> None:
    tls = TlsBehaviour(("TLSv1.2",), ("api.internal",), chain_depth=1)
    with lab.serving(Behaviour(tls=tls)) as server:
        for _ in range(2):
            assert lab.get("/https/port/", "POST", 100_000) == OK
        assert server.connections == 1
    with lab.serving(Behaviour(tls=tls)):
        assert lab.get("/http/port/") == (502, [CLOSED])
    with lab.serving(Behaviour("grpc", tls=TlsBehaviour(names=("api.internal",)))):
        assert lab.get("/grpcs/port/", "POST") == OK
    with lab.serving(Behaviour(tls=TlsBehaviour(names=("other.internal",)))):
        mismatch = 'upstream SSL certificate does not match "api.internal"'
        assert lab.get("/https/port/") == (502, [f"{mismatch} while SSL handshaking to upstream"])
    strict = TlsBehaviour((), ("api.internal",), True, "required")
    with lab.serving(Behaviour(tls=strict)):
        assert lab.get("/certificate/") == OK
    with lab.serving(Behaviour(tls=strict)):  # another, for nginx has kept the connection
        status, (line,) = lab.get("/https/port/")
        assert status == 502 and "unrecognized name" in line


def test_proxy_header_is_expected(lab: Lab) -> None:
    with lab.serving(Behaviour(proxy_protocol=True)):
        assert lab.get("/http/port/") == (502, [CLOSED])
    tls = TlsBehaviour(names=("api.internal",))
    with lab.serving(Behaviour(proxy_protocol=True, tls=tls)):
        status, (line,) = lab.get("/https/port/")
        assert status == 502 and line.startswith("peer closed connection in SSL handshake")


@pytest.mark.parametrize("datagrams", [False, True])
def test_stream(datagrams: bool, lab: Lab) -> None:
    protocol: Protocol = "udp" if datagrams else "tcp"
    with lab.serving(Behaviour(protocol, proxy_protocol=not datagrams)) as server:
        port = lab.udp if datagrams else lab.tcp
        assert client.exchange(port, b"abc", datagrams=datagrams) == b"abc"
        assert server.requests == 1
