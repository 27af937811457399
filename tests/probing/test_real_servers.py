"""Real servers, claimed as they are: nothing differs, and what is claimed wrongly does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import pytest

from lint502.lab.bench import Bench, LabError
from lint502.probing.plan import Wanted
from tests.support.nginxes import lacks
from tests.support.probes import asked, facts
from tools.measure.servers import families, start

SERVERS = ("apache", "caddy", "gunicorn", "memcached", "node", "php-fpm", "uvicorn", "uwsgi")

TRUE = {
    "http": 'protocol = "http"\ntls = false',
    "https": 'protocol = "http"\ntls = true',
    "h2c": 'protocol = "http"\ntls = false\nhttp_versions = ["2"]',
    "h2": 'protocol = "http"\ntls = true\nhttp_versions = ["2"]',
    "fastcgi": 'protocol = "fastcgi"\ntls = false',
    "memcached": 'protocol = "memcached"\ntls = false',
    "uwsgi": 'protocol = "uwsgi"\ntls = false',
    "suwsgi": 'protocol = "uwsgi"\ntls = true',
    "scgi": 'protocol = "scgi"\ntls = false',
}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

Ports = dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def ports() -> Iterator[Ports]:
    """The port of each server, by its name with its version and what it speaks."""
    try:
        with Bench() as bench:
            wanted = (family for family in families() if family.name in SERVERS)
            yield {
                (f"{server.name}/{server.version}", endpoint.speaks): endpoint.port
                for server in start(bench, wanted)
                for endpoint in server.endpoints
            }
    except LabError as error:
        lacks(error)


def http_port(ports: Ports, server: str) -> int:
    return next(
        port
        for (name, speaks), port in ports.items()
        if (name.split("/")[0], speaks) == (server, "http")
    )


def test_what_they_speak(ports: Ports, tmp_path: Path) -> None:
    """Each is seen as what it is, whether that is claimed or the opposite."""
    differing = {}
    for number, ((name, speaks), port) in enumerate(ports.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        claims = TRUE[speaks]
        if not name.startswith("uwsgi/"):  # its profile has its own protocol
            claims += f'\nserver = "{name}"'
        found = facts(asked(folder, claims, port))
        differing[name, speaks] = [key for key, (way, _) in found.items() if way == "differs"]
    assert len(ports) > 12
    assert {key: keys for key, keys in differing.items() if keys} == {}


@pytest.mark.parametrize("speaks", ["https", "fastcgi", "memcached", "uwsgi"])
def test_what_is_claimed_otherwise(speaks: str, ports: Ports, tmp_path: Path) -> None:
    port = next(port for (_, spoken), port in ports.items() if spoken == speaks)
    found = facts(asked(tmp_path, TRUE["http"], port))
    wrong = "tls" if speaks == "https" else "protocol"
    assert found[wrong] == ("differs", {"https": "true"}.get(speaks, found["protocol"][1]))
    assert found["protocol"][1].partition(",")[0] == {"https": "http"}.get(speaks, speaks)


def test_idle_timeouts(ports: Ports, tmp_path: Path) -> None:
    """Those that are documented: 5 seconds each. All at once, for they take their time."""

    def measured(server: str) -> int:
        folder = tmp_path / server
        folder.mkdir()
        one = asked(folder, "", http_port(ports, server), Wanted(1, measure=True, longest=8))
        (idle,) = (one for one in one.answers if one.key == "keepalive.idle_timeout")
        assert isinstance(idle.seen.value, int)
        return idle.seen.value

    with futures.ThreadPoolExecutor(3) as pool:
        found = list(pool.map(measured, ("node", "uvicorn", "apache")))
    assert [one for one in found if abs(one - 5000) > 1250] == []


def test_node_has_its_header_limit(ports: Ports, tmp_path: Path) -> None:
    spec = 'server = "node"'
    found = facts(
        asked(tmp_path, spec, http_port(ports, "node"), Wanted(1, measure=True, longest=0.1))
    )
    assert found["limits.request_headers"] == ("agrees", "16k")
    assert found["limits.overflow"] == ("agrees", "answer")


def test_grpc_is_told_from_http(tmp_path: Path) -> None:
    grpc = pytest.importorskip("grpc")
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        found = facts(asked(tmp_path, 'protocol = "grpc"', port))
        assert (found["protocol"], found["http_versions"]) == (
            ("agrees", "grpc"),
            ("not claimed", "2"),
        )
        assert facts(asked(tmp_path, 'protocol = "http"', port))["protocol"] == ("differs", "grpc")
    finally:
        server.stop(0).wait()
