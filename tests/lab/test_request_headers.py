"""What clients get for a header that is too large for a real server: as profiles and pages say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lint502.behaviour.request_headers import allowed_header, first_buffers
from lint502.lab.bench import LOOPBACK, Bench, LabError
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from tests.support.nginxes import RELEASES, lacks, nginx_of
from tests.support.pairs import site_of
from tests.support.sites import http as http_block
from tools.measure import servers
from tools.measure.servers import Endpoint

TRIES = 3
"""The machine may be busy."""

LIMITS = {("node", "http"): (16, 431), ("tomcat", "http"): (8, 400), ("uwsgi", "uwsgi"): (4, 502)}
"""In KB, and the status beyond."""


@pytest.fixture(scope="module")
def endpoints() -> Iterator[dict[tuple[str, str], Endpoint]]:
    wanted = [
        family for family in servers.families() if family.name in {name for name, _ in LIMITS}
    ]
    with Bench() as bench:
        try:
            started = servers.start(bench, wanted)
        except LabError as error:
            lacks(error)
        found = [endpoint for server in started for endpoint in server.endpoints]
        yield {(one.server, one.speaks): one for one in reversed(found)}


NAMES = ("a", "b")
BUFFERS = {
    "": (32, 32),
    "client_header_buffer_size 64k;": (96, 96),
    "client_header_buffer_size 16k;": (48, 48),
}
"""In KB, what a request for either server may have by the first one's buffer."""


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("setting", BUFFERS)
def test_the_first_buffer_is_that_of_the_default_server(
    setting: str, release: str, tmp_path: Path
) -> None:
    servers = (
        f"server {{ listen {LOOPBACK}:PORT; server_name a; {setting} location / {{ PASS }} }}\n"
        f"server {{ listen {LOOPBACK}:PORT; server_name b; client_header_buffer_size 128k;\n"
        "location / { PASS } }\n"
    )
    passes = "proxy_pass http://api:1;"
    site = site_of(tmp_path, http_block(servers.replace("PORT", "1").replace("PASS", passes)))
    first = first_buffers(site.servers, site.version)
    found = [allowed_header(hop, first) for hop in site.hops]
    assert tuple(one.total // 1024 for one in found if one is not None) == BUFFERS[setting]
    with Bench() as bench:
        port = bench.port()
        text = servers.replace("PORT", f"{port}").replace("PASS", "return 200;")
        Running(bench, nginx_of(release), text)
        sizes = [round(BUFFERS[setting][0] * 1024 * part) for part in (0.97, 1.03)]
        got = [
            [send(port, Request(header=size, line=1000, host=name)).status for size in sizes]
            for name in NAMES
        ]
    assert got == [[200, 400], [200, 400]]


@pytest.mark.xdist_group("servers")
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("server", LIMITS, ids=lambda server: server[0])
def test_the_status_beyond_the_limit(
    server: tuple[str, str], release: str, endpoints: dict[tuple[str, str], Endpoint]
) -> None:
    size, status = LIMITS[server]
    address = endpoints[server].address
    passes = f"uwsgi_param REQUEST_METHOD GET;uwsgi_pass {address};"
    if server[1] == "http":
        passes = f"proxy_pass http://{address};"
    with Bench() as bench:
        port = bench.port()
        http = f"server {{ listen {LOOPBACK}:{port}; location / {{ {passes} }} }}\n"
        Running(bench, nginx_of(release), http)
        requests = [Request(header=round(size * 1024 * part)) for part in (0.8, 1.3)]
        for _ in range(TRIES):
            got = [send(port, request).status for request in requests]
            if got == [200, status]:
                break
        assert got == [200, status]
