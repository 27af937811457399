"""What rules say of the layer before nginx, on a real nginx of each version."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from lint502.evidence import Proof
from lint502.lab.bench import Bench
from lint502.lab.binary import Running
from lint502.lab.client import Request
from lint502.lab.front import FrontBehaviour, FrontClient
from lint502.options import Options
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import examine

SERVER = "server { listen 8080%s; server_name shop; location / { return 200; } }"
TLS = SERVER % " ssl"


def proofs(body: str, spec: str, release: str, folder: Path) -> list[tuple[str, int | None, Proof]]:
    (folder / "nginx.conf").write_text(f"events {{}}\n{body}\n")
    (folder / "upstreams.toml").write_text(f"[front.edge]\n{spec}")
    nginx = nginx_of(release)
    found = examine(Options(folder, ("nginx.conf",), version=nginx.version), lambda: b"")
    assert found.report.problems == ()
    return [
        (finding.rule, finding.status, prove(finding, found.sites, nginx))
        for finding in found.report.findings
    ]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("body", "spec", "rule", "status"),
    [
        (f"http {{ {SERVER % ''} }}", "proxy_protocol = true", "front-proxy-protocol", 400),
        (f"http {{ {TLS} }}", "proxy_protocol = true", "front-proxy-protocol", 502),
        (f"http {{ {SERVER % ' ssl proxy_protocol'} }}",
         'proxy_protocol = false\nkind = "fastly"', "front-proxy-protocol", 503),
        ("stream { server { listen 8080 proxy_protocol; return ok; } }",
         "proxy_protocol = false", "front-proxy-protocol", 502),
        # as long as each other is not long enough
        (f"http {{ {SERVER % ''} }}", 'idle_timeout = "75s"', "front-keepalive-race", 502),
        (f"http {{ {SERVER % ' proxy_protocol'} }}",
         'idle_timeout = "74500ms"\nproxy_protocol = true', "front-keepalive-race", 502),
        (f"http {{ {TLS} }}", 'kind = "cloudflare"', "front-keepalive-race", 520),
    ],
)  # fmt: skip
def test_it_happens(
    body: str, spec: str, rule: str, status: int, release: str, tmp_path: Path
) -> None:
    ((found, stated, proof),) = proofs(body, spec, release, tmp_path)
    assert (found, stated, proof.verdict, proof.why) == (rule, status, "confirmed", "")
    assert proof.hop == ""


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("setting", ["keepalive_requests 1", "keepalive_timeout 0"])
def test_what_is_announced_does_no_harm(setting: str, release: str) -> None:
    """The front opens a connection anew where nginx has said that it closes the old one."""
    with Bench() as bench:
        port = bench.port()
        server = SERVER.replace("8080%s", f"127.0.0.1:{port}")
        running = Running(bench, nginx_of(release), f"{setting}; {server}\n")
        with closing(FrontClient(port, FrontBehaviour())) as front:
            found = [front.send(Request(host="shop")).status for _ in range(3)]
        running.stop()
    assert found == [200, 200, 200]


REJECTING = "ssl_certificate a; ssl_certificate_key b; server { listen 8080 ssl; %s }"


@pytest.mark.parametrize("release", RELEASES[1:])
@pytest.mark.parametrize(
    "other",
    [
        "ssl_reject_handshake on;",
        "server_name other; ssl_reject_handshake on; } server { listen 8080 ssl default_server; "
        "return 200;",
    ],
)
def test_a_name_that_is_rejected(other: str, release: str, tmp_path: Path) -> None:
    """By the default server, or by the one that is called so."""
    body = f"http {{ {REJECTING % other} {TLS} }}"
    spec = 'servers = ["shop"]\nsni = "other"'
    ((rule, status, proof),) = proofs(body, spec, release, tmp_path)
    assert (rule, status, proof.verdict, proof.why) == ("front-sni-rejected", 502, "confirmed", "")


@pytest.mark.parametrize("release", RELEASES[1:])
def test_a_race_beside_a_server_that_rejects_others(release: str, tmp_path: Path) -> None:
    """The name that is asked for is not declared: one that fits is taken."""
    body = f"http {{ {REJECTING % 'ssl_reject_handshake on;'} {TLS} }}"
    ((rule, status, proof),) = proofs(body, 'idle_timeout = "2m"', release, tmp_path)
    assert (rule, status, proof.verdict, proof.why) == (
        "front-keepalive-race", 502, "confirmed", ""
    )  # fmt: skip


def test_another_finding_is_in_the_way(tmp_path: Path) -> None:
    body = f"http {{ {SERVER % ' proxy_protocol'} }}"
    spec = 'idle_timeout = "2m"\nproxy_protocol = false'
    found = proofs(body, spec, RELEASES[-1], tmp_path)
    assert [(rule, proof.verdict) for rule, _, proof in found] == [
        ("front-keepalive-race", "not confirmed"),
        ("front-proxy-protocol", "confirmed"),
    ]
