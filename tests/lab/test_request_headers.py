"""What clients get for a header that is too large for a real server: as profiles and pages say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lint502.lab.bench import LOOPBACK, Bench, LabError
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from tests.support.nginxes import RELEASES, lacks, nginx_of
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
