"""What clients get for a header that is too large for a real server: as profiles and pages say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lint502.behaviour.request_headers import allowed_header, first_buffers
from lint502.behaviour.request_size import LARGEST_PACKET, Excess, excess
from lint502.lab.bench import LOOPBACK, Bench, LabError
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from lint502.options import Options
from tests.support.nginxes import RELEASES, lacks, nginx_of
from tests.support.pages import prove
from tests.support.pairs import pair_of, site_of
from tests.support.sites import examine, write
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


STOCK = {
    "uwsgi": "include uwsgi_params; uwsgi_pass",
    "scgi": "include scgi_params; scgi_pass",
    "http": "proxy_pass",
}
NARROW = "large_client_header_buffers 1 4k;"


def passed(folder: Path, speaks: str, address: str) -> tuple[str, Excess]:
    """The inside of a location that passes to an endpoint, with all its lines, and what lint502
    says is too much for it."""
    scheme = "http://" if speaks == "http" else ""
    line = f"{STOCK[speaks]} {scheme}"
    text = http_block(f"{NARROW} server {{ location / {{ {line}{address}; }} }}")
    port = address.rpartition(":")[2]
    spec = f'[upstream.up]\nport = {port}\nserver = "uwsgi"\nprotocol = "{speaks}"\n'
    if speaks == "scgi":
        spec += '[upstream.up.limits]\nrequest_headers = "4k"\noverflow = "close"\n'
    pair = pair_of(folder, text, spec)
    allowed = allowed_header(pair.hop, {})
    assert pair.listener is not None
    assert allowed is not None
    more = excess(pair.hop, pair.listener, allowed)
    assert more is not None
    setting = pair.hop.scope.setting(f"{speaks}_param")
    lines = setting.lines if setting is not None else ()
    written = " ".join(f"{speaks}_param {' '.join(words)};" for words in lines)
    return f"{written} {line.partition('; ')[2] or line}{address};", more


@pytest.mark.xdist_group("servers")
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("speaks", STOCK)
def test_so_long_a_query_is_too_much_for_uwsgi(
    speaks: str, release: str, endpoints: dict[tuple[str, str], Endpoint], tmp_path: Path
) -> None:
    inside, more = passed(tmp_path, speaks, endpoints["uwsgi", speaks].address)
    assert more.length is not None
    part = "/?" if more.held.part == "query" else "/"
    longest = more.length * 9 // 10
    requests = [Request(path=part + "q" * size) for size in (longest, more.length)]
    if more.fields is not None:
        requests += [Request(header=size) for size in (longest * 2, more.fields)]
    with Bench() as bench:
        port = bench.port()
        http = f"server {{ listen {LOOPBACK}:{port}; {NARROW} location / {{ {inside} }} }}\n"
        Running(bench, nginx_of(release), http)
        for _ in range(TRIES):
            got = [send(port, request).status for request in requests]
            if got == [200, 502] * (len(requests) // 2):
                break
    assert got == [200, 502] * (len(requests) // 2)


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_larger_than_a_packet_is_a_500_of_nginx(release: str) -> None:
    with Bench() as bench:
        port = bench.port()
        http = (
            f"server {{ listen {LOOPBACK}:{port}; large_client_header_buffers 8 16k;\n"
            f"location / {{ uwsgi_pass {LOOPBACK}:{bench.port()}; }} }}\n"
        )
        nginx = Running(bench, nginx_of(release), http)
        assert send(port, Request(header=LARGEST_PACKET - 1000)).status == 502
        nginx.new_lines()
        assert send(port, Request(header=LARGEST_PACKET + 1000)).status == 500
        (line,) = nginx.new_lines()
        assert line.message.startswith("uwsgi request is too big: ")


@pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]])
@pytest.mark.parametrize(
    ("buffers", "passes", "takes"),
    [
        ("1 4k", "include uwsgi_params; uwsgi_pass up:1;", "4k"),
        # its headers are left out, and the query is not
        ("4 8k", "uwsgi_pass_request_headers off; include uwsgi_params; uwsgi_pass up:1;", "4k"),
        ("1 4k", "include scgi_params; scgi_pass up:1;", "4k"),
        ("1 4k", "uwsgi_param A $request_uri; uwsgi_param B $uri; uwsgi_pass up:1;", "4k"),
        # only with all of nginx's buffers full at once
        ("4 8k", "include uwsgi_params; uwsgi_pass up:1;", "32k"),
        ("4 1k", "include uwsgi_params; uwsgi_pass up:1;", "4k"),
        ("4 8k", "include uwsgi_params; uwsgi_pass up:1;", "36k"),
    ],
)
def test_what_is_too_much_with_all_parameters_is_confirmed(
    buffers: str, passes: str, takes: str, release: str, tmp_path: Path
) -> None:
    nginx, kind = nginx_of(release), passes.split("_pass ")[0].split()[-1]
    text = f"server {{ large_client_header_buffers {buffers}; location / {{ {passes} }} }}"
    spec = (
        f'[upstream.up]\nport = 1\nprotocol = "{kind}"\n[upstream.up.limits]\n'
        f'request_headers = "{takes}"\noverflow = "close"\n'
    )
    write(tmp_path, {"nginx.conf": http_block(text), "upstreams.toml": spec})
    found = examine(Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version))
    (finding,) = found.report.findings
    proof = prove(finding, found.sites, nginx)
    assert (finding.rule, proof.verdict, proof.why) == ("request-header-limit", "confirmed", "")
    assert all(len(step.request) < 250 for step in proof.steps)


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/" + "a" * 199, "GET /" + "a" * 199), ("/?" + "q" * 199, f"GET /?{'q' * 14}… (201 bytes)")],
)
def test_a_long_path_is_not_shown_whole(path: str, shown: str) -> None:
    assert Request(path=path).shown == shown
