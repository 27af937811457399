"""The declared server as a client sees it: HTTP/1, its limits and ends, and the server itself."""

from __future__ import annotations

import re
import socket
import stat
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from lint502.declared.listeners import Fact, Listener
from lint502.installation import command
from lint502.lab.bench import LOOPBACK, LabError
from lint502.lab.standins import Answer, Behaviour, DeclaredServer, TlsBehaviour, behaviour
from lint502.lab.standins import server as server_module
from lint502.places import Place

PATIENCE = 10.0
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"
OK_CLOSE = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
BAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_LONG = BAD.replace(b"400 Bad Request", b"431 Request Header Fields Too Large")
TOO_LARGE = OK.replace(b"200 OK", b"413 Content Too Large")

Heard = tuple[bytes, str]
"""What came, and how it ended: "end" or "reset"."""


def connected(server: DeclaredServer) -> socket.socket:
    address = server.address
    client = socket.socket(socket.AF_INET if isinstance(address, int) else socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect((LOOPBACK, address) if isinstance(address, int) else address)
    return client


def rest(client: socket.socket) -> Heard:
    """Everything until the server ends the connection."""
    heard = b""
    try:
        while part := client.recv(65536):
            heard += part
    except ConnectionResetError:
        return heard, "reset"
    return heard, "end"


def exactly(client: socket.socket, size: int) -> bytes:
    heard = b""
    while len(heard) < size and (part := client.recv(size - len(heard))):
        heard += part
    return heard


def say(server: DeclaredServer, data: bytes) -> Heard:
    with closing(connected(server)) as client:
        client.sendall(data)
        return rest(client)


def ask(client: socket.socket, request: bytes = GET, answer: bytes = OK) -> None:
    client.sendall(request)
    assert exactly(client, len(answer)) == answer


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def post(size: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size


@pytest.fixture(params=["port", "socket"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> int | Path:
    return 0 if request.param == "port" else tmp_path / "s"


# HTTP/1


def test_requests_on_one_connection(address: int | Path) -> None:
    with DeclaredServer(Behaviour(), address) as server, closing(connected(server)) as client:
        ask(client)
        ask(client, post(100_000))
        ask(client, b"\r\nHEAD / HTTP/1.1\r\nHost: test\r\n\r\n", OK[:-3])
        server.answer = Answer(body=b"")
        ask(client, GET * 2, OK[:-3].replace(b": 3", b": 0") * 2)
        assert (server.requests, server.connections) == (5, 1)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", OK_CLOSE),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: te, close\r\n\r\n", OK_CLOSE),
        (b"GET / HTTP/1.1\nHost: a\nConnection: close\n\n", OK_CLOSE),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n0\r\n\r\n",
            OK_CLOSE,
        ),
    ],
)
def test_close_that_was_asked_for(request_: bytes, answer: bytes) -> None:
    with DeclaredServer(Behaviour(), 0) as server:
        assert say(server, request_) == (answer, "end")


def test_http_1_0_kept_alive() -> None:
    with DeclaredServer(Behaviour(), 0) as server, closing(connected(server)) as client:
        kept = OK.replace(b"OK\r\n", b"OK\r\nConnection: keep-alive\r\n")
        ask(client, b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", kept)
        ask(client)


def test_versions() -> None:
    old = b"GET / HTTP/1.0\r\n\r\n"
    with DeclaredServer(Behaviour(http_versions=("1.1",)), 0) as server:
        assert say(server, old) == (b"", "end")
        assert server.requests == 0
    with DeclaredServer(Behaviour(http_versions=("1.0",)), 0) as server:
        answer = OK_CLOSE.replace(b"HTTP/1.1", b"HTTP/1.0")
        assert say(server, old) == (answer, "end")
        assert say(server, GET) == (answer, "end")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"\x01\x01\x00\x01\x00\x08\x00\x00",
        b"\x00\x10\x00\x00",
        b"24:CONTENT_LENGTH",
        b"get a\r\n",
        b"\r\n\r\n\x00\r\nQUIT\n",
        b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + GET,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    ],
)
def test_garbage_is_refused_at_once(garbage: bytes) -> None:
    with DeclaredServer(Behaviour(), 0) as server:
        assert say(server, garbage) == (BAD, "end")


@pytest.mark.parametrize("size", [200, 4096, 12_000, 100_000])
def test_size_of_the_response_header(size: int) -> None:
    with DeclaredServer(Behaviour(), 0) as server:
        server.answer.header_bytes = size
        heard, _ = say(server, b"GET / HTTP/1.0\r\n\r\n")
        head, _, body = heard.partition(b"\r\n\r\n")
        assert (len(head) + 4, body) == (size, b"ok\n")


# The ways in which a connection ends


def test_no_keepalive() -> None:
    with DeclaredServer(Behaviour(keepalive=False), 0) as server:
        assert say(server, GET) == (OK_CLOSE, "end")


def test_most_requests() -> None:
    with (
        DeclaredServer(Behaviour(max_requests=2), 0) as server,
        closing(connected(server)) as client,
    ):
        ask(client)
        ask(client, GET, OK_CLOSE)
        assert rest(client) == (b"", "end")


@pytest.mark.parametrize("silent", [Behaviour(keepalive=False), Behaviour(max_requests=1)])
def test_close_without_a_word(silent: Behaviour, address: int | Path) -> None:
    declared = Behaviour(
        keepalive=silent.keepalive, max_requests=silent.max_requests, announces_close=False
    )
    with (
        DeclaredServer(declared, address) as server,
        closing(connected(server)) as client,
    ):
        ask(client)
        assert server.closing.wait(PATIENCE)
        client.sendall(GET)  # lost: the server no longer reads
        assert rest(client)[0] == b""
        assert server.requests == 1


def test_request_on_a_connection_that_is_being_closed(address: int | Path) -> None:
    declared = Behaviour(idle_timeout=0.5)
    with (
        DeclaredServer(declared, address, round_trip=0.2) as server,
        closing(connected(server)) as client,
    ):
        time.sleep(0.1)  # before the first request the time does not run
        ask(client)
        answered = time.monotonic()
        assert server.closing.wait(PATIENCE)
        decided = time.monotonic() - answered
        client.sendall(GET)
        assert client.recv(1) == b""
        closed = time.monotonic() - answered
        assert 0.25 < decided < closed and closed > 0.45
        assert (server.requests, server.peer_closed.is_set()) == (1, False)


def test_request_before_the_idle_timeout() -> None:
    declared = Behaviour(idle_timeout=0.8)
    with (
        DeclaredServer(declared, 0, round_trip=0.1) as server,
        closing(connected(server)) as client,
    ):
        for _ in range(4):
            ask(client)
            time.sleep(0.3)
        assert not server.closing.is_set()


def test_peer_closes_first() -> None:
    with DeclaredServer(Behaviour(idle_timeout=0.5), 0) as server:
        with closing(connected(server)) as client:
            ask(client)
        assert server.peer_closed.wait(PATIENCE)
        time.sleep(0.6)
        assert not server.closing.is_set()


def test_round_trip_longer_than_the_idle_timeout() -> None:
    with (
        DeclaredServer(Behaviour(idle_timeout=0.05), 0, round_trip=0.2) as server,
        closing(connected(server)) as client,
    ):
        ask(client)
        assert server.closing.wait(PATIENCE)
        assert rest(client) == (b"", "end")


def test_request_timeout() -> None:
    with DeclaredServer(Behaviour(request_timeout=0.2), 0) as server:
        server.answer.wait = 60
        started = time.monotonic()
        assert say(server, GET) == (b"", "end")
        assert time.monotonic() - started > 0.19
        server.answer.wait = 0.1
        with closing(connected(server)) as client:
            ask(client)


# Limits


def test_long_header_answered(address: int | Path) -> None:
    long = b"GET /%b HTTP/1.1\r\nHost: test\r\n\r\n" % (b"x" * 200_000)
    just = b"GET /%b HTTP/1.0\r\n\r\n" % (b"x" * (1000 - 18))
    for overflow in ("answer", None):
        declared = Behaviour(request_headers=1000, overflow=overflow)
        with DeclaredServer(declared, address) as server:
            assert say(server, long) == (TOO_LONG, "end")
            assert say(server, just[:5] + b"x" + just[5:]) == (TOO_LONG, "end")
            assert say(server, just) == (OK_CLOSE, "end")


def test_long_header_closed(address: int | Path) -> None:
    declared = Behaviour(request_headers=1000, overflow="close")
    with DeclaredServer(declared, address) as server:
        for size in (1001, 200_000):
            assert say(server, b"GET /%b" % (b"x" * (size - 5))) == (b"", "reset")


def test_large_body_answered(address: int | Path) -> None:
    declared = Behaviour(request_body=1000, overflow="answer")
    with DeclaredServer(declared, address) as server, closing(connected(server)) as client:
        ask(client, post(3_000_000), TOO_LARGE)
        ask(client, post(1001), TOO_LARGE)
        ask(client, post(1000))


@pytest.mark.parametrize("overflow", ["close", None])
def test_large_body_closed(overflow: str | None, address: int | Path) -> None:
    declared = Behaviour(request_body=1000, overflow="close" if overflow else None)
    chunked = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked += b"800\r\n%b\r\n0\r\n\r\n" % (b"x" * 2048)
    with DeclaredServer(declared, address) as server:
        assert say(server, post(20_000)) == (b"", "reset")
        assert say(server, chunked) == (b"", "reset")
        with closing(connected(server)) as client:
            ask(client, post(1000))


# The PROXY header

VERSION_1 = b"PROXY TCP4 127.0.0.1 127.0.0.1 40000 80\r\n"
VERSION_2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)


@pytest.mark.parametrize("header", [VERSION_1, b"PROXY UNKNOWN\r\n", VERSION_2])
def test_proxy_header(header: bytes) -> None:
    with (
        DeclaredServer(Behaviour(proxy_protocol=True), 0) as server,
        closing(connected(server)) as client,
    ):
        ask(client, header + GET)
        ask(client)


@pytest.mark.parametrize("start", [GET, b"PROXZ", b"\r\n\r\nGET", b"PROXY " + b"x" * 200])
def test_without_proxy_header(start: bytes) -> None:
    with DeclaredServer(Behaviour(proxy_protocol=True), 0) as server:
        assert say(server, start) == (b"", "end")
        assert server.requests == 0


# The server


def test_close_leaves_nothing(tmp_path: Path) -> None:
    before = threading.active_count()
    path = tmp_path / "s"
    with ExitStack() as clients, DeclaredServer(Behaviour(), path, mode=0o640) as server:
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        several = [clients.enter_context(connected(server)) for _ in range(100)]
        for client in several[:50]:
            ask(client)
        server.answer.wait = 60
        several[0].sendall(GET)
        several[1].sendall(post(100)[:-50])
        server.answer = Answer(body=b"x" * 10_000_000)
        several[2].sendall(GET)
        assert several[2].recv(1)
        wait_until(lambda: server.connections == 100)
        started = time.monotonic()
        server.close()
        assert time.monotonic() - started < 2
        server.close()
        assert (threading.active_count(), path.exists()) == (before, False)
        assert not server.peer_closed.is_set()


def test_socket_that_is_bound_already() -> None:
    bound = socket.socket()
    bound.bind((LOOPBACK, 0))
    with DeclaredServer(Behaviour(), bound) as server, closing(connected(server)) as client:
        ask(client)
    assert bound.fileno() == -1


def test_address_in_use(tmp_path: Path) -> None:
    with (
        DeclaredServer(Behaviour(), tmp_path / "s"),
        pytest.raises(LabError, match=r"nothing can listen on .*/s: Address already in use"),
    ):
        DeclaredServer(Behaviour(), tmp_path / "s")
    with DeclaredServer(Behaviour(), 0) as server, pytest.raises(LabError, match="in use"):
        assert isinstance(server.address, int)
        DeclaredServer(Behaviour(), server.address)


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def import_module(name: str) -> object:
        raise ModuleNotFoundError(name="h11")

    monkeypatch.setattr(server_module, "import_module", import_module)
    with pytest.raises(LabError, match=re.escape(f"need h11; install it with: {command('h11')}")):
        DeclaredServer(Behaviour(), 0)


def test_fault_is_not_swallowed() -> None:
    server = DeclaredServer(Behaviour(), 0)
    server.answer = None  # type: ignore[assignment]
    assert say(server, GET) == (b"", "end")
    with pytest.raises(AttributeError):
        server.close()
    assert [type(fault) for fault in server.faults] == [AttributeError]


def test_behaviour_of_a_listener() -> None:
    place = Place("upstreams.toml", 1, 1, 2)

    def fact(value):  # type: ignore[no-untyped-def]
        return Fact(value, place)

    listener = Listener("api", place, ("api",))
    assert behaviour(listener) is None
    listener = Listener("api", place, ("api",), protocol=fact("grpc"), tls=fact(False))
    assert behaviour(listener) == Behaviour(protocol="grpc")
    listener = Listener(
        "api",
        place,
        ("api",),
        protocol=fact("http"),
        http_versions=fact(("1.1", "2")),
        proxy_protocol=fact(True),
        tls=fact(True),
        tls_versions=fact(("TLSv1.3",)),
        tls_names=fact(("api.internal",)),
        tls_sni=fact("required"),
        tls_client_certificate=fact("optional"),
        tls_chain_depth=fact(2),
        request_timeout=fact(30_000),
        keepalive=fact(True),
        idle_timeout=fact(5_000),
        max_requests=fact(1000),
        announces_close=fact(False),
        request_headers=fact(16_384),
        request_body=fact(1_000_000),
        overflow=fact("close"),
    )
    assert behaviour(listener, 10) == Behaviour(
        protocol="http",
        http_versions=("1.1", "2"),
        tls=TlsBehaviour(("TLSv1.3",), ("api.internal",), True, "optional", 2),
        proxy_protocol=True,
        keepalive=True,
        idle_timeout=0.5,
        max_requests=1000,
        announces_close=False,
        request_timeout=3.0,
        request_headers=16_384,
        request_body=1_000_000,
        overflow="close",
    )
