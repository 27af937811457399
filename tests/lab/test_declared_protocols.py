"""The declared server in the protocols beside HTTP/1, as a client of each sees it."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest

from lint502.lab.bench import LOOPBACK
from lint502.lab.standins import Behaviour, DeclaredServer
from tests.lab.test_declared import (
    GET,
    PATIENCE,
    VERSION_1,
    VERSION_2,
    Heard,
    ask,
    connected,
    exactly,
    rest,
    say,
)

# HTTP/2 and gRPC

Headers = dict[str, str]


class Http2Client:
    """One connection of a client that asks for one thing at a time."""

    def __init__(self, client: socket.socket) -> None:
        self.client = client
        self._http2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="ascii"))
        self._http2.initiate_connection()

    def request(
        self, method: str = "GET", path: str = "/", body: bytes = b""
    ) -> tuple[Headers, bytes, Headers, list[str]]:
        """Headers, body and trailers of the answer, and what else came before it was complete."""
        stream = self.ask(method, path, body)
        headers, trailers, data, others = {}, {}, b"", []
        for event in self.events():
            if isinstance(event, h2.events.ResponseReceived):
                headers = dict(event.headers)
            elif isinstance(event, h2.events.TrailersReceived):
                trailers = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                data += event.data
                self._http2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated):
                others.append(f"{type(event).__name__} {int(event.error_code or 0)}")
            if isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
                break
        return headers, data, trailers, others

    def ask(self, method: str = "GET", path: str = "/", body: bytes = b"") -> int:
        """Send a request; gives its stream."""
        stream = self._http2.get_next_available_stream_id()
        head = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "test")]
        self._http2.send_headers(stream, head, end_stream=not body)
        if body:
            self._http2.send_data(stream, body, end_stream=True)
        self.client.sendall(self._http2.data_to_send())
        return stream

    def events(self) -> Iterator[h2.events.Event]:
        """What comes, until the connection ends."""
        while True:
            if data := self._http2.data_to_send():
                self.client.sendall(data)
            data = self.client.recv(65536)
            if not data:
                return
            yield from self._http2.receive_data(data)


PLAIN = {":status": "200", "content-type": "text/plain", "content-length": "3"}
GRPC = Behaviour(protocol="grpc")


@pytest.mark.parametrize("versions", [("2",), ("1.1", "2")])
def test_http2(versions: tuple[str, ...]) -> None:
    declared = Behaviour(http_versions=versions)  # type: ignore[arg-type]
    with DeclaredServer(declared, 0) as server, closing(connected(server)) as plain:
        client = Http2Client(plain)
        for _ in range(2):
            assert client.request() == (PLAIN, b"ok\n", {}, [])
        assert client.request("HEAD") == (PLAIN, b"", {}, [])
        server.answer.body = bytes(300_000)
        assert client.request("POST", body=bytes(10_000))[1] == bytes(300_000)
        assert (server.requests, server.connections) == (4, 1)
        if "1.1" in versions:
            server.answer.body = b"ok\n"
            with closing(connected(server)) as other:
                ask(other)


def test_http2_only_is_told_so() -> None:
    """SETTINGS, then GOAWAY with PROTOCOL_ERROR."""
    with DeclaredServer(Behaviour(http_versions=("2",)), 0) as server:
        for garbage in (GET, b"\x16\x03\x01\x02\x00", b"PRI * HTTP/1.1\r\n\r\n"):
            heard, how = say(server, garbage)
            settings = 9 + int.from_bytes(heard[:3], "big")
            assert (heard[3], how) == (4, "end")
            assert heard[settings:] == struct.pack(">xHBBIII", 8, 7, 0, 0, 0, 1)
        assert server.requests == 0


@pytest.mark.parametrize("size", [200, 4000, 40_000])
def test_http2_header_size(size: int) -> None:
    for declared in (GRPC, Behaviour(http_versions=("2",))):
        with DeclaredServer(declared, 0) as server, closing(connected(server)) as plain:
            server.answer.header_bytes = size
            client = Http2Client(plain)
            for _ in range(2):
                headers, *_ = client.request()
                assert sum(len(name) + len(value) for name, value in headers.items()) == size


def test_grpc() -> None:
    head = {":status": "200", "content-type": "application/grpc"}
    with DeclaredServer(GRPC, 0) as server, closing(connected(server)) as plain:
        client = Http2Client(plain)
        for _ in range(2):
            assert client.request("POST") == (head, bytes(5), {"grpc-status": "0"}, [])


@pytest.mark.parametrize(("keepalive", "most"), [(True, 2), (False, None)])
def test_http2_says_goaway(keepalive: bool, most: int | None) -> None:
    """Before the answer, so that the client knows when the answer is complete."""
    declared = Behaviour("grpc", keepalive=keepalive, max_requests=most)
    with DeclaredServer(declared, 0) as server, closing(connected(server)) as plain:
        client = Http2Client(plain)
        for _ in range((most or 1) - 1):
            assert client.request()[3] == []
        client.ask()
        heard, how = rest(plain)
        kinds = []
        while heard:
            size, kind, *_ = struct.unpack(">xHBBI", heard[:9])
            kinds.append(kind)
            heard = heard[9 + size :]
        headers, data, goaway = 1, 0, 7
        assert (kinds[-4:], how) == ([goaway, headers, data, headers], "end")


def test_http2_idle() -> None:
    declared = Behaviour("grpc", idle_timeout=0.4)
    with DeclaredServer(declared, 0) as server, closing(connected(server)) as plain:
        client = Http2Client(plain)
        for _ in range(2):
            client.request()
            time.sleep(0.15)
        assert server.closing.wait(PATIENCE)
        assert client.request() == ({}, b"", {}, [])
        assert server.requests == 2


def test_http2_limits() -> None:
    for overflow, large, long in (
        ("answer", {":status": "413"}, {":status": "431"}),
        ("close", None, None),
    ):
        declared = Behaviour(
            http_versions=("2",), request_body=1000, request_headers=200, overflow=overflow
        )
        with DeclaredServer(declared, 0) as server, closing(connected(server)) as plain:
            client = Http2Client(plain)
            for body, path, refused in ((bytes(1001), "/", large), (b"", "/" + "x" * 200, long)):
                headers, _, _, others = client.request("POST", path, body)
                if refused is None:
                    assert (headers, others) == ({}, ["StreamReset 11"])
                else:
                    assert (headers, others) == (PLAIN | refused, [])
            assert client.request("POST", body=bytes(1000))[0] == PLAIN


def test_grpc_limits() -> None:
    declared = Behaviour("grpc", request_body=1000, overflow="answer")
    with DeclaredServer(declared, 0) as server, closing(connected(server)) as plain:
        headers, body, _, others = Http2Client(plain).request("POST", body=bytes(2000))
        assert headers["grpc-status"] == "8"
        assert (body, others) == (b"", [])


def test_http2_request_timeout() -> None:
    declared = Behaviour("grpc", request_timeout=0.1)
    with DeclaredServer(declared, 0) as server, closing(connected(server)) as plain:
        server.answer.wait = 60
        assert Http2Client(plain).request() == ({}, b"", {}, [])


# FastCGI

CGI = b"Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"
CGI_OK = b"Status: 200 OK\r\n" + CGI


def record(kind: int, content: bytes = b"") -> bytes:
    padding = -len(content) % 8
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), padding) + content + bytes(padding)


def pair(name: bytes, value: bytes) -> bytes:
    sizes = (
        struct.pack(">B", size) if size < 128 else struct.pack(">I", size | 1 << 31)
        for size in (len(name), len(value))
    )
    return b"".join(sizes) + name + value


def fastcgi(body: bytes = b"", *, keep: bool = True, more: bytes = b"") -> bytes:
    variables = pair(b"QUERY_STRING", b"x" * 200) + pair(b"CONTENT_LENGTH", b"%d" % len(body))
    data = record(1, struct.pack(">HB5x", 1, keep)) + record(4, variables + more) + record(4)
    for start in range(0, len(body), 8000):
        data += record(5, body[start : start + 8000])
    return data + record(5)


def cgi_answer(client: socket.socket) -> bytes:
    """The content of one FastCGI answer."""
    content = b""
    while header := exactly(client, 8):
        _, kind, _, size, padding = struct.unpack(">BBHHBx", header)
        data = exactly(client, size + padding)[:size]
        if kind == 3:
            assert data == bytes(8)
            break
        assert kind == 6
        content += data
    return content


def test_fastcgi(tmp_path: Path) -> None:
    with (
        DeclaredServer(Behaviour("fastcgi"), tmp_path / "s") as server,
        closing(connected(server)) as client,
    ):
        for body in (b"", b"x" * 20_000):
            client.sendall(fastcgi(body))
            assert cgi_answer(client) == CGI_OK
        server.answer.header_bytes = 100_000
        client.sendall(fastcgi(keep=False))
        answer = cgi_answer(client)
        assert (len(answer), answer[-7:]) == (100_003, b"\r\n\r\nok\n")
        assert rest(client) == (b"", "end")
        assert (server.requests, server.connections) == (3, 1)


@pytest.mark.parametrize("kind", ["port", "socket"])
def test_fastcgi_resets(kind: str, tmp_path: Path) -> None:
    """As PHP-FPM does: what is no FastCGI, and a request that takes too long."""
    declared = Behaviour("fastcgi", request_timeout=0.1, request_body=1000, request_headers=1000)
    with DeclaredServer(declared, 0 if kind == "port" else tmp_path / "s") as server:
        assert say(server, GET) == (b"", "reset")
        assert say(server, fastcgi(b"x" * 20_000)) == (b"", "reset")
        server.answer.wait = 60
        assert say(server, fastcgi(b"x" * 100)) == (b"", "reset")
        server.answer.wait = 0
        with closing(connected(server)) as client:
            client.sendall(fastcgi(more=pair(b"A", b"x" * 1000)))
            assert cgi_answer(client).startswith(b"Status: 431 ")


def test_malformed_fastcgi() -> None:
    with DeclaredServer(Behaviour("fastcgi"), 0) as server:
        assert say(server, record(1)) == (b"", "reset")
        assert say(server, record(4, b"abc")) == (b"", "reset")
        cut = record(1, bytes(8)) + record(4, b"\xff") + record(4) + record(5)
        assert say(server, cut)[1] == "end"


def test_fastcgi_limits_answered_or_closed() -> None:
    long = fastcgi(more=pair(b"A", b"x" * 1000))
    declared = Behaviour("fastcgi", request_body=1000, request_headers=1000, overflow="close")
    with DeclaredServer(declared, 0) as server:
        assert say(server, long) == (b"", "reset")
    declared = Behaviour("fastcgi", request_body=1000, request_headers=1000, overflow="answer")
    with DeclaredServer(declared, 0) as server, closing(connected(server)) as client:
        client.sendall(fastcgi(bytes(20_000)))
        assert cgi_answer(client).startswith(b"Status: 413 ")
        client.sendall(fastcgi(bytes(1000)))
        assert cgi_answer(client) == CGI_OK


def test_fastcgi_idle() -> None:
    declared = Behaviour("fastcgi", idle_timeout=0.2)
    with DeclaredServer(declared, 0) as server, closing(connected(server)) as client:
        client.sendall(fastcgi())
        assert cgi_answer(client) == CGI_OK
        assert server.closing.wait(PATIENCE)
        client.sendall(fastcgi())
        assert client.recv(1) == b""


# uwsgi and SCGI

UWSGI_OK = b"HTTP/1.1 200 OK\r\n" + CGI


def uwsgi(body: bytes = b"", more: bytes = b"") -> bytes:
    words = (b"CONTENT_LENGTH", b"%d" % len(body), b"MORE", more)
    packet = b"".join(struct.pack("<H", len(word)) + word for word in words)
    return struct.pack("<BHB", 0, len(packet), 0) + packet + body


def scgi(body: bytes = b"", more: bytes = b"") -> bytes:
    words = (b"CONTENT_LENGTH", b"%d" % len(body), b"SCGI", b"1", b"MORE", more, b"")
    text = b"\0".join(words)
    return b"%d:%b," % (len(text), text) + body


def test_uwsgi(tmp_path: Path) -> None:
    with DeclaredServer(Behaviour("uwsgi"), tmp_path / "s") as server:
        assert say(server, uwsgi()) == (UWSGI_OK, "end")
        assert say(server, uwsgi(b"x" * 100_000)) == (UWSGI_OK, "end")
        server.answer.header_bytes = 5000
        assert len(say(server, uwsgi())[0]) == 5003
        assert say(server, uwsgi(more=b"x" * 4096)) == (b"", "reset")
        for foreign in (GET, fastcgi(), scgi(), b"get key\r\n"):
            assert say(server, foreign) == (b"", "end")
        assert server.requests == 3


def test_scgi(tmp_path: Path) -> None:
    with DeclaredServer(Behaviour("scgi"), tmp_path / "s") as server:
        assert say(server, scgi()) == (CGI_OK, "end")
        assert say(server, scgi(b"x" * 100_000)) == (CGI_OK, "end")
        server.answer.header_bytes = 5000
        assert len(say(server, scgi())[0]) == 5003
        for foreign in (GET, fastcgi(), uwsgi(), b":", b"1234567890:"):
            assert say(server, foreign) == (b"", "end")
        assert server.requests == 3


@pytest.mark.parametrize(("protocol", "request_"), [("uwsgi", uwsgi), ("scgi", scgi)])
def test_limits_of_uwsgi_and_scgi(protocol, request_) -> None:  # type: ignore[no-untyped-def]
    closed: Heard = (b"", "reset")
    long, large = request_(more=b"x" * 6000), request_(b"x" * 1001)
    declared = Behaviour(protocol, request_headers=5000, request_body=1000, overflow="close")
    with DeclaredServer(declared, 0) as server:
        assert say(server, request_(b"x" * 1000, b"x" * 4900))[1] == "end"
        assert say(server, large) == closed
        assert say(server, long) == closed
    declared = Behaviour(
        protocol,
        request_headers=5000,
        request_body=1000,
        overflow="answer",
        request_timeout=0.1,
    )
    with DeclaredServer(declared, 0) as server:
        assert b" 413 " in say(server, large)[0]
        heard, how = say(server, long)
        assert (heard, how) == closed if protocol == "uwsgi" else b" 431 " in heard
        server.answer.wait = 60
        assert say(server, request_()) == (b"", "end")


# memcached


def test_memcached() -> None:
    found = b"VALUE %b 0 3\r\nok\n\r\n"
    with DeclaredServer(Behaviour("memcached"), 0) as server, closing(connected(server)) as client:
        ask(client, b"get a\r\n", found % b"a" + b"END\r\n")
        ask(client, b"get missing-1\r\n", b"END\r\n")
        ask(client, b"gets b missing c\r\n", found % b"b" + found % b"c" + b"END\r\n")
        ask(client, b"nothing\r\n", b"ERROR\r\n")
        assert (server.requests, server.connections) == (4, 1)
        assert say(server, GET) == (b"", "end")
        assert say(server, b"\x01" * 3000) == (b"", "end")


def test_memcached_idle() -> None:
    declared = Behaviour("memcached", idle_timeout=0.2)
    with DeclaredServer(declared, 0) as server, closing(connected(server)) as client:
        ask(client, b"get missing\r\n", b"END\r\n")
        assert server.closing.wait(PATIENCE)
        client.sendall(b"get missing\r\n")
        assert client.recv(1) == b""


# TCP and UDP


def test_tcp() -> None:
    with (
        DeclaredServer(Behaviour("tcp", proxy_protocol=True), 0) as server,
        closing(connected(server)) as client,
    ):
        ask(client, VERSION_2 + b"abc", b"abc")
        ask(client, b"x" * 100_000, b"x" * 100_000)
        client.shutdown(socket.SHUT_WR)
        assert rest(client) == (b"", "end")
        assert (server.requests, server.connections) == (1, 1)


@pytest.mark.parametrize("header", [b"", VERSION_1])
def test_udp(header: bytes) -> None:
    declared = Behaviour("udp", proxy_protocol=bool(header))
    with DeclaredServer(declared, 0) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.connect((LOOPBACK, server.address))
        if header:
            client.send(b"lost")
            client.send(header)
        for data in (b"abc", b"", b"x" * 9000):
            client.send(data)
            assert client.recv(65536) == data
        assert server.requests == 3
