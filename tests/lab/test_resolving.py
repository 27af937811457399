"""Whom a real nginx asks for a name, where it may ask several."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from lint502.lab import client
from lint502.lab.bench import LOOPBACK, Bench
from lint502.lab.binary import Running
from lint502.lab.client import Request
from lint502.lab.names import NameServer
from tests.support.nginxes import nginx_of

SECONDS = 20.0


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes questions and never answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK, 0))
        yield taken.getsockname()[1]


@contextmanager
def refusing() -> Iterator[int]:
    """A port on which nobody listens."""
    with silent() as port:
        pass
    yield port


@pytest.mark.parametrize("release", ["bullseye", "sid"])
@pytest.mark.parametrize(
    ("absent", "timeout", "status", "seconds"),
    [(silent, "30s", 200, 5), (silent, "4s", 502, 4), (refusing, "30s", 200, 0)],
)
def test_the_next_server_is_asked_where_nobody_answers(
    release: str, absent: object, timeout: str, status: int, seconds: int
) -> None:
    nginx = nginx_of(release)
    assert callable(absent)
    with (
        Bench() as bench,
        absent() as port,
        closing(NameServer({"orders": (LOOPBACK,)})) as names,
        closing(NameServer({})) as unaware,
    ):
        listen, other = bench.port(), bench.port()
        text = (
            f"resolver_timeout {timeout};\n"
            f"server {{ listen {LOOPBACK}:{other}; location / {{ return 200; }} }}\n"
            f"server {{ listen {LOOPBACK}:{listen}; set $h orders;\n"
            f"location / {{ resolver {LOOPBACK}:{port} {LOOPBACK}:{names.port};\n"
            f"proxy_pass http://$h:{other}; }}\n"
            f"location /unaware {{ resolver {LOOPBACK}:{unaware.port} {LOOPBACK}:{names.port};\n"
            f"proxy_pass http://$h:{other}; }} }}\n"
        )
        Running(bench, nginx, text)
        begun = time.monotonic()
        answer = client.send(listen, Request("GET", "/"), SECONDS)
        assert (answer.status, int(time.monotonic() - begun)) == (status, seconds)
        answers = [client.send(listen, Request("GET", "/unaware"), SECONDS) for _ in range(2)]
        assert [one.status for one in answers] == [502, 200]
