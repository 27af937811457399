"""Limits as ``tools.measure.asking`` finds them, with servers that are written here."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tools.measure import asking
from tools.measure.asking import Limit, Reply

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 431 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

Answer = Callable[[bytes], bytes]


@contextmanager
def server(answer: Answer) -> Iterator[int]:
    """Answers each connection once, by its head, and closes it; b"" closes without a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += client.recv(65536)
                    client.sendall(answer(head))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def fields(head: bytes) -> int:
    return head.count(b"\r\n") - 2


@pytest.mark.parametrize(
    ("ask", "limit", "answer", "expected"),
    [
        (
            asking.head_of,
            5000,
            lambda head: OK if len(head) <= 5000 else REFUSED,
            Limit(5000, Reply(431, True), Reply(431, True)),
        ),
        (
            asking.head_of,
            5000,
            lambda head: OK if len(head) <= 5000 else REFUSED if len(head) < 9000 else b"",
            Limit(5000, Reply(431, True), Reply(None)),
        ),
        (
            asking.fields_of,
            100,
            lambda head: OK if fields(head) <= 100 else b"",
            Limit(100, Reply(None), Reply(None)),
        ),
        (
            asking.field_of,
            4096,
            lambda head: OK if max(map(len, head.split(b"\r\n"))) <= 4096 else REFUSED,
            Limit(4096, Reply(431, True), Reply(431, True)),
        ),
        (asking.head_of, 5000, lambda head: OK, Limit(None, Reply(200), Reply(200))),
        (asking.head_of, 5000, lambda head: REFUSED, Limit(0, Reply(431, True), Reply(431, True))),
    ],
)
def test_a_limit_is_found_to_the_byte(
    ask: asking.Ask, limit: int, answer: Answer, expected: Limit
) -> None:
    with server(answer) as port:
        assert asking.largest(ask, port, 100 if limit > 100 else 10, 2 * limit, 200) == expected


def test_an_answer_of_http_1_0_closes_unless_it_says_otherwise() -> None:
    with server(lambda head: OK.replace(b"1.1", b"1.0")) as port, asking.connected(port) as client:
        assert asking.ask_once_more(client) == Reply(200, True)
    kept = OK.replace(b"1.1", b"1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
    with server(lambda head: kept) as port, asking.connected(port) as client:
        assert asking.ask_once_more(client) == Reply(200, False)
