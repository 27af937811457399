"""The ladder of a connection to ``stream {}``, and what a real nginx makes of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from lint502.ladder.climb import ladder
from lint502.ladder.model import Ladder, Outcome
from lint502.ladder.wanted import Wanted, WantedError
from lint502.nginx.version import Version
from lint502.options import Options
from tests.diagnosis.test_routes_on_nginx import free_port, started
from tests.ladder.test_on_nginx import silent
from tests.support.nginxes import nginx_of
from tests.support.probes import serving
from tests.support.real_nginx import MAIN, prefix
from tests.support.sites import OLD, examine, write

SITE = """
    proxy_connect_timeout 1s;
    upstream two { server 127.0.0.1:FULL max_fails=0; server 127.0.0.1:FULL2 max_fails=0; }
    server { listen 127.0.0.1:ONE; proxy_timeout 1s; proxy_pass 127.0.0.1:SILENT; }
    server { listen 127.0.0.1:TWO; proxy_pass two; }
    server { listen 127.0.0.1:THREE; proxy_next_upstream off; proxy_pass two; }
    server { listen 127.0.0.1:FOUR; proxy_pass 127.0.0.1:REFUSED; }
"""
NONE = "the connection is closed without an answer"


def climbed(folder: Path, conf: str, url: str, spec: str = "", version: str = OLD) -> Ladder:
    write(folder, {"nginx.conf": conf, "upstreams.toml": spec})
    options = Options(
        working_directory=folder,
        roots=(str(folder / "nginx.conf"),),
        version=Version.parse(version),
        version_origin="option",
    )
    return ladder(examine(options), Wanted.read(url, "GET", []))


def outcome(found: Ladder, case: str) -> Outcome:
    (route,) = found.routes
    return next(one for one in route.outcomes if one.case == case)


@pytest.fixture
def full() -> Iterator[list[int]]:
    """Two ports that accept no more connections."""
    with ExitStack() as stack:
        ports = []
        for _ in range(2):
            listening = stack.enter_context(socket.socket())
            listening.bind(("127.0.0.1", 0))
            listening.listen(0)
            ports.append(listening.getsockname()[1])
            for _ in range(4):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(("127.0.0.1", ports[-1]))
        yield ports


def ended(port: int) -> tuple[bytes, float]:
    """What comes on a connection, and how long it takes until it ends."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        return client.recv(100), time.monotonic() - begun


@pytest.mark.slow
def test_who_ends_a_connection_on_a_real_nginx(full: list[int]) -> None:
    nginx = nginx_of("bookworm")
    expected = {
        "ONE": ("silent-session", 1000),
        "TWO": ("no-connection", 2000),
        "THREE": ("no-connection", 1000),
        "FOUR": ("refused-connection", 0),
    }
    with ExitStack() as stack:
        folder = stack.enter_context(prefix())
        ports = {name: free_port() for name in (*expected, "REFUSED")}
        ports |= {"SILENT": stack.enter_context(serving(silent)), "FULL2": full[1], "FULL": full[0]}
        module = f'load_module "{nginx.stream}";\n' if nginx.stream else ""
        start = f"{module}daemon off; master_process off; error_log error.log;\n{MAIN}"
        conf = f"{start}stream {{{SITE}}}\n"
        for name, port in ports.items():
            conf = conf.replace(f":{name}", f":{port}")
        (folder / "nginx.conf").write_text(conf)
        stack.enter_context(started(nginx, folder, folder / "nginx.conf", ports["FOUR"]))
        with ThreadPoolExecutor(4) as pool:
            got = dict(
                zip(expected, pool.map(lambda name: ended(ports[name]), expected), strict=True)
            )
        for name, (case, after) in expected.items():
            found = climbed(folder, conf, f"tcp://127.0.0.1:{ports[name]}")
            one = outcome(found, case)
            assert (one.by, one.status, one.instead, one.after) == ("nginx", None, NONE, after)
            assert found.undecided == ()
            data, seconds = got[name]
            assert data == b""
            assert abs(seconds - after / 1000) < 0.9, (name, seconds)


BODY = """events {{}} stream {{
upstream db {{ server 10.0.0.1:5432; }}
server {{ listen 5432{more}; proxy_timeout 1h; proxy_pass db; }}
server {{ listen 53 udp; proxy_pass 10.0.0.2:53; }} }}"""


def test_who_ends_a_silent_session_first(tmp_path: Path) -> None:
    spec = '[upstream.db]\nport = 5432\nprotocol = "tcp"\nhosts = ["10.0.0.1"]\n'
    idle = 'keepalive = { idle_timeout = "10m" }\n'
    edge = '[front.edge]\nkind = "aws-nlb"\n'
    conf = BODY.format(more="")
    for text, by, after in (
        (spec, "nginx", 3_600_000),
        (spec + idle, "db", 600_000),
        (spec + idle + edge, "edge", 350_000),
        (spec + edge + 'tcp_idle_timeout = "2h"\n', "nginx", 3_600_000),
    ):
        one = outcome(climbed(tmp_path, conf, "tcp://x:5432", text), "silent-session")
        assert (one.by, one.after) == (by, after)


def test_the_rungs_of_a_connection(tmp_path: Path) -> None:
    found = climbed(tmp_path, BODY.format(more=""), "tcp://x:5432")
    (route,) = found.routes
    assert [(rung.kind, rung.title) for rung in route.rungs] == [
        ("server", "stream server at *:5432"),
        ("hop", "proxy_pass db"),
        ("pool", "upstream db"),
        ("upstream", "10.0.0.1:5432"),
    ]
    timeout = next(one for one in route.rungs[1].figures if one.name == "proxy_timeout")
    assert (timeout.value, timeout.amount, timeout.origin) == ("1h", 3_600_000, "written")


def test_datagrams_have_a_server_of_their_own(tmp_path: Path) -> None:
    conf = BODY.format(more="")
    (route,) = climbed(tmp_path, conf, "udp://x:53").routes
    assert route.rungs[0].title == "stream server at *:53"
    assert route.outcomes == ()
    assert climbed(tmp_path, conf, "tcp://x:53").undecided == (
        "no server of stream {} listens at port 53",
    )


def test_the_name_of_the_handshake_chooses_among_several(tmp_path: Path) -> None:
    conf = """events {} stream {
server { listen 443 ssl; server_name a; proxy_pass 10.0.0.1:443; }
server { listen 443 ssl; server_name b; proxy_pass 10.0.0.2:443; } }"""
    (route,) = climbed(tmp_path, conf, "tcp://b:443", version="1.26.0").routes
    assert route.rungs[1].title == "proxy_pass 10.0.0.2:443"
    found = climbed(tmp_path, conf, "tcp://c:443", version="1.26.0")
    assert found.routes == ()
    assert found.undecided == ("the name in the TLS handshake decides which server takes it",)


def test_a_port_is_named() -> None:
    with pytest.raises(WantedError, match="no port"):
        Wanted.read("tcp://x", "GET", [])
