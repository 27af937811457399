"""What real servers do with a header twice that may be there once, as ``refusals.toml`` has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lint502.behaviour.refusals import What, refusal
from lint502.lab.bench import LOOPBACK, Bench, LabError
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from tests.support.nginxes import RELEASES, lacks, nginx_of
from tools.measure import servers
from tools.measure.servers import RealServer

HEADERS: dict[What, str] = {
    "host-twice": "Host $host",
    "content-length-twice": "Content-Length $content_length",
    "content-type-twice": "Content-Type text/plain",
    "authorization-twice": 'Authorization "Basic YTpi"',
}
HTTP = (
    *("aiohttp", "apache", "caddy", "daphne", "granian", "gunicorn", "gunicorn-gthread"),
    *("hypercorn", "nginx", "node", "tomcat", "tornado", "uwsgi", "waitress", "werkzeug"),
)
MEASURED = pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]])


@pytest.fixture(scope="module")
def running() -> Iterator[list[RealServer]]:
    wanted = [one for one in servers.families(nginx_of("trixie")) if one.name in HTTP]
    with Bench() as bench:
        try:
            yield servers.start(bench, wanted)
        except LabError as error:
            lacks(error)


@pytest.mark.xdist_group("servers")
@MEASURED
@pytest.mark.parametrize("what", HEADERS)
def test_what_they_answer(what: What, release: str, running: list[RealServer]) -> None:
    ends = [
        (one.server, server.version, one.port)
        for server in running
        for one in server.endpoints
        if one.speaks == "http"
    ]
    expected, got = {}, {}
    with Bench() as bench:
        ports = dict(zip(ends, iter(lambda: bench.port(), None), strict=False))
        text = "".join(
            f"server {{ listen {LOOPBACK}:{port}; location / {{ proxy_http_version 1.1; "
            f"{f'proxy_set_header {HEADERS[what]}; ' * 2} "
            f"proxy_pass http://{LOOPBACK}:{behind}; }} }}\n"
            for (_, _, behind), port in ports.items()
        )
        Running(bench, nginx_of(release), text)
        for (name, version, _), port in ports.items():
            known = refusal(what, name)
            if known is not None and not version.startswith(known.version or ""):
                continue
            if known is None:  # it takes the request
                expected[name] = 200
            else:
                expected[name] = {"answer": known.status, "close": 502}.get(known.does, 200)
            got[name] = send(port, Request("POST", body=5, host="localhost")).status
    assert got == expected
    assert len(got) > len(HTTP) // 2


@MEASURED
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("Host $host", "hOST $http_host"), 400),
        (("Host a", 'Host ""'), 200),
        (("Host a", "Host $arg_nothing"), 200),
    ],
)
def test_what_nginx_sends(release: str, lines: tuple[str, ...], status: int) -> None:
    text = "".join(f"proxy_set_header {line}; " for line in lines)
    with Bench() as bench:
        port, behind = bench.port(), bench.port()
        Running(
            bench,
            nginx_of(release),
            f"server {{ listen {LOOPBACK}:{port}; location / {{ {text} "
            f"proxy_pass http://{LOOPBACK}:{behind}; }} }}\n"
            f"server {{ listen {LOOPBACK}:{behind}; location / {{ return 200; }} }}\n",
        )
        assert send(port, Request()).status == status
