from __future__ import annotations

from pathlib import Path

import pytest

from lint502.diagnosis.facts import Facts
from lint502.diagnosis.known import NOTHING, Known
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.run import Result
from lint502.workspace import CheckRequest, Workspace
from tests.support.sites import examine, http, write


def result(folder: Path, text: str, upstreams: str) -> Result:
    write(folder, {"nginx.conf": text, "upstreams.toml": upstreams})
    return examine(
        Options(
            folder,
            ("nginx.conf",),
            specs=(folder / "upstreams.toml",),
            version=Version(1, 26, 3),
        )
    )


def known(found: Result, address: str, number: int = 0) -> Known:
    return Facts(found).of(found.report.hops[number].id, address)


def test_a_hop_with_its_claims(tmp_path: Path) -> None:
    found = result(
        tmp_path,
        http(
            "upstream api { server 127.0.0.1:3000; keepalive 8; keepalive_timeout 60s; }"
            "server { listen 80; location / { proxy_pass http://api; proxy_http_version 1.1;"
            ' proxy_set_header Connection ""; } }'
        ),
        '[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\nserver = "node/20"\n'
        'tls = false\nproxy_protocol = true\n[upstream.api.timeouts]\nrequest = "30s"\n',
    )
    assert known(found, "127.0.0.1:3000") == Known(
        upstream="api",
        kind="http",
        tls=False,
        http_version="1.1",
        http_versions_differ=False,
        pool=True,
        sends_proxy_header=False,
        sends_name=False,
        several_peers=False,
        max_conns=False,
        protocol="http",
        server="node",
        listens_tls=False,
        expects_proxy_header=True,
        on_socket=False,
        pool_outlives=True,
        gives_up_first=True,
    )


def test_a_wrong_port(tmp_path: Path) -> None:
    found = result(
        tmp_path,
        http("server { listen 80; location / { proxy_pass http://api.internal:3001; } }"),
        '[upstream.api]\nhosts = ["api.internal"]\nport = 3000\nprotocol = "fastcgi"\n',
    )
    fact = known(found, "api.internal:3001")
    assert (fact.port_differs, fact.protocols_differ, fact.pool) == (True, True, False)
    assert fact.resolves_at_start is True


def test_of_several_targets_only_the_one_that_is_asked_counts(tmp_path: Path) -> None:
    found = result(
        tmp_path,
        http(
            "upstream pool { server 127.0.0.1:3000 max_conns=5; server 127.0.0.1:3001; }"
            "server { listen 80; location / { proxy_pass http://pool; } }"
        ),
        '[upstream.a]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'
        '[upstream.b]\nhosts = ["127.0.0.1"]\nport = 3001\nprotocol = "fastcgi"\n',
    )
    assert (known(found, "127.0.0.1:3000").protocol, known(found, "127.0.0.1:3000").max_conns) == (
        "http",
        True,
    )
    assert known(found, "127.0.0.1:3001").protocol == "fastcgi"
    both = known(found, "pool")
    assert (both.protocol, both.max_conns, both.several_peers) == (None, None, True)


def test_what_nothing_is_known_of(tmp_path: Path) -> None:
    found = result(tmp_path, http("server { listen 80; location / { proxy_pass $x; } }"), "")
    assert Facts(found).of("no such hop", "") == NOTHING
    assert known(found, "127.0.0.1:1") == Known(
        kind="http", http_version="1.0", sends_proxy_header=False
    )


def test_what_check_finds_is_known(tmp_path: Path) -> None:
    found = result(
        tmp_path,
        http(
            "server { listen 80; location / { proxy_pass http://127.0.0.1:3000; }"
            " location /new/ { proxy_http_version 1.1; proxy_buffer_size 32k;"
            " proxy_buffers 8 32k; proxy_pass http://127.0.0.1:3000; } }"
        ),
        '[upstream.api]\nport = 3000\nhosts = ["127.0.0.1"]\nhttp_versions = ["1.1"]\n'
        '[upstream.api.limits]\nresponse_headers = "24k"\n',
    )
    facts = [known(found, "127.0.0.1:3000", number) for number in (0, 1)]
    assert [
        (one.http_version, one.http_versions_differ, one.response_head_exceeds) for one in facts
    ] == [("1.0", True, True), ("1.1", False, False)]


COMPOSE = """
services:
  web:
    image: nginx:1.26.3
    {network}
    volumes:
      - ./nginx.conf:/etc/nginx/nginx.conf
  api:
    image: python:3.12
    command: gunicorn -b 0.0.0.0:8000 app:app
    ports: ["9000:8000", "8000:8000"]
"""


@pytest.mark.parametrize(
    ("network", "address", "facts"),
    [
        ("", "api:8000", (True, False)),
        ("", "host.docker.internal:9000", (True, True)),
        ("network_mode: host", "127.0.0.1:9000", (False, True)),
        ("network_mode: host", "127.0.0.1:8000", (False, True)),
    ],
)
def test_the_ports_of_a_deployment_are_known(
    tmp_path: Path, network: str, address: str, facts: tuple[bool, bool]
) -> None:
    text = f"server {{ listen 80; location / {{ proxy_pass http://{address}; }} }}"
    write(tmp_path, {"nginx.conf": http(text), "compose.yaml": COMPOSE.format(network=network)})
    job = Workspace.at(tmp_path).job(CheckRequest())
    fact = known(job.run(), address)
    assert (fact.in_container, fact.published) == facts
