"""Upstreams that mean harm, or are broken: a probe ends in time, and says what it saw."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lint502.probing.plan import Wanted
from lint502.probing.wire import Dialer, NotConnectedError
from tests.support.probes import Facts, asked, facts, free_port, serving

Serve = Callable[[socket.socket], None]
QUICK = Wanted(seconds=0.3)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answering(*answer: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            for part in answer:
                connection.sendall(part)

    return serve


def closing(connection: socket.socket) -> None:
    connection.recv(1)


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def dripping(connection: socket.socket) -> None:
    connection.recv(65536)
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000:
        connection.sendall(bytes((byte,)))
        time.sleep(0.01)


def endless_head(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"a" * 60_000 + b"\r\n")


def endless_body(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1\r\na\r\n" * 1000)


def endless_interim(connection: socket.socket) -> None:
    connection.recv(65536)
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def noise(connection: socket.socket) -> None:
    connection.recv(65536)
    while True:
        connection.sendall(bytes(range(256)) * 256)


HOSTILE: dict[str, Serve] = {
    "closes": closing,
    "is silent": silent,
    "drips": dripping,
    "has an endless head": endless_head,
    "has an endless body": endless_body,
    "has endless interim answers": endless_interim,
    "makes noise": noise,
    "lies of its length": answering(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\nok"
    ),
    "sends bad chunks": answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nffffffff\r\n"
    ),
    "sends alerts": answering(b"\x15\x03\x01\x00\x02\x02\x28"),
    "sends huge frames": answering(b"\xff\xff\xff\x04\x00\x00\x00\x00\x00" * 100),
}


@pytest.mark.parametrize("harm", HOSTILE)
@pytest.mark.parametrize("spec", ["", 'tls = true\nprotocol = "grpc"'])
def test_it_ends_in_time(harm: str, spec: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    with serving(HOSTILE[harm]) as port:
        one = asked(tmp_path, spec, port, QUICK)
    assert facts(one)["connects"][0] == "agrees"
    assert time.monotonic() - begun < one.planned * QUICK.seconds + 3


@pytest.mark.parametrize("harm", ["drips", "has an endless body", "closes"])
def test_measuring_ends_in_time(harm: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    with serving(HOSTILE[harm]) as port:
        asked(tmp_path, "", port, Wanted(0.2, measure=True, longest=0.5))
    assert time.monotonic() - begun < 15


def test_what_it_sends_is_not_printed_as_it_is(tmp_path: Path) -> None:
    from lint502.report import Style
    from lint502.report.probe import Probed, render

    answer = b"HTTP/1.1 200 OK\r\nServer: \x1b[31mred\x07\r\nContent-Length: 2\r\n\r\nok"
    with serving(answering(answer)) as port:
        one = asked(tmp_path, "", port, QUICK)
    text = render(Probed("now", (one,)), Style())
    assert "\x1b" not in text and "\x07" not in text
    assert r"\x1b[31mred\x07" in text


def framing_of(answer: bytes, folder: Path) -> tuple[str, str]:
    with serving(answering(answer)) as port:
        found: Facts = facts(asked(folder, "", port, QUICK))
    return found["framing"]


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        (b"Content-Length: 2", ("not claimed", "Content-Length")),
        (
            b"Content-Length: 2\r\nTransfer-Encoding: chunked",
            ("differs", "Content-Length with Transfer-Encoding"),
        ),
        (b"Content-Length: 2\r\ncontent-length: 2", ("differs", "Content-Length twice")),
        (
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            ("differs", "Transfer-Encoding twice"),
        ),
        (b"Content-Length: two", ("differs", "a Content-Length that is no number")),
        (
            b"Transfer-Encoding: gzip, chunked",
            ("differs", "a Transfer-Encoding that nginx does not know"),
        ),
    ],
)
def test_framing(fields: bytes, seen: tuple[str, str], tmp_path: Path) -> None:
    assert framing_of(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\nok", tmp_path) == seen


def test_a_plaintext_answer_of_a_server_of_tls_is_none(tmp_path: Path) -> None:
    """Many answer plain HTTP with 400 where they speak TLS; one that always does speaks HTTP."""
    refusal = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(refusal)) as port:
        found = facts(asked(tmp_path, "", port, QUICK))
    assert (found["protocol"][1], found["tls"][1]) == ("http", "false")


def test_nothing_listens(tmp_path: Path) -> None:
    one = asked(tmp_path, 'server = "node"\nkeepalive.idle_timeout = "5s"', free_port(), QUICK)
    found = {answer.key: answer for answer in one.answers}
    assert found["connects"].agreement == "differs"
    assert found["connects"].seen.words == "Connection refused (111)"
    assert found["keepalive.idle_timeout"].seen.why == "it was not reached"
    assert one.connections == 1


def test_a_connection_that_is_not_taken(tmp_path: Path) -> None:
    """The queue of what listens is full: nobody answers."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        found = facts(asked(tmp_path, "", listener.getsockname()[1], QUICK))
    assert found["connects"] == ("differs", "no answer in time")


def test_no_more_connections_than_planned(tmp_path: Path) -> None:
    """``facts`` compares what was opened with the plan; here with what the server saw."""
    seen = []

    def serve(connection: socket.socket) -> None:
        seen.append(1)
        connection.recv(65536)
        connection.sendall(OK)

    with serving(serve) as port:
        one = asked(tmp_path, "", port, Wanted(0.3, measure=True, longest=0.2))
        time.sleep(0.1)
    assert len(seen) == one.connections <= one.planned


def test_one_connection_at_a_time(tmp_path: Path) -> None:
    most, now = [0], [0]

    def serve(connection: socket.socket) -> None:
        now[0] += 1
        most[0] = max(most[0], now[0])
        try:
            answering(OK)(connection)
        finally:
            now[0] -= 1

    with serving(serve) as port:
        asked(tmp_path, "", port, QUICK)
    assert most[0] <= 2  # one may be closed while the next is being opened


@pytest.mark.parametrize("harm", ["closes", "makes noise"])
def test_what_is_claimed_gets_no_answer(harm: str, tmp_path: Path) -> None:
    with serving(HOSTILE[harm]) as port:
        assert facts(asked(tmp_path, 'protocol = "http"', port, QUICK))["protocol"] == (
            "differs",
            "none that was tried",
        )
        assert facts(asked(tmp_path, "", port, QUICK))["protocol"] == ("not seen", "")


def test_a_server_that_goes_away(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def once() -> None:
            connection, _ = listener.accept()
            listener.close()
            with connection:
                connection.recv(65536)
                connection.sendall(OK)

        thread = threading.Thread(target=once)
        thread.start()
        found = facts(asked(tmp_path, 'keepalive.idle_timeout = "5s"', port, QUICK))
        thread.join()
    assert found["connects"] == ("differs", "not always: Connection refused (111)")
    assert found["protocol"] == ("not claimed", "http")


def test_a_limit_for_a_head_that_has_not_come_whole(tmp_path: Path) -> None:
    def serve(connection: socket.socket) -> None:
        data = b""
        while part := connection.recv(65536):
            data += part
            if data.endswith(b"\r\n\r\n"):
                connection.sendall(OK)
                data = b""
            elif len(data) > 5000:
                connection.sendall(b"HTTP/1.1 431 Too Large\r\nContent-Length: 0\r\n\r\n")
                return

    with serving(serve) as port:
        found = facts(asked(tmp_path, "", port, Wanted(0.3, measure=True, longest=0.1)))
    agreement, size = found["limits.request_headers"]
    assert (agreement, 4600 < int(size) <= 5002) == ("not claimed", True)


def test_this_user_may_not_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Dialer) -> socket.socket:
        raise NotConnectedError(errno.EACCES)

    monkeypatch.setattr(Dialer, "_connected", refused)
    one = asked(tmp_path, "tls = false", 8000, QUICK)
    found = {answer.key: answer for answer in one.answers}
    assert (found["connects"].agreement, found["connects"].seen.text) == (
        "not seen",
        "Permission denied (13)",
    )
    assert found["tls"].seen.why == "it was not reached"
    assert not one.reached
