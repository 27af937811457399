"""What rules say of variants that their pages do not have, on the oldest and the newest nginx."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.options import Options
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import examine, http, write

UP = "[upstream.up]\nport = 3000\n"
TWICE = "proxy_set_header Content-Length $content_length; "


@pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]])
@pytest.mark.parametrize(
    ("rule", "location", "spec"),
    [
        ("read-timeout", "proxy_pass http://up:3000;", f'{UP}timeouts.request = "120s"'),
        ("tls-mismatch", "proxy_pass https://up:3000;", f'{UP}protocol = "http"'),
        ("tls-mismatch", "grpc_pass grpcs://up:3000;", f'{UP}protocol = "grpc"'),
        ("loopback-in-container", "proxy_pass http://localhost:3000;", f'{UP}hosts = ["up"]'),
        (
            "host-header-twice",
            f"{TWICE * 2} proxy_pass http://up:3000;",
            f'{UP}server = "uwsgi"\nprotocol = "http"',
        ),
        ("host-header-twice", f"{TWICE * 2} proxy_pass http://up:3000;", f'{UP}server = "node"'),
        (
            "host-header-twice",
            "proxy_set_header Host a; proxy_set_header HOST $http_x; proxy_pass http://up:3000;",
            f'{UP}server = "hypercorn"',
        ),
    ],
)
def test_it_is_confirmed(tmp_path: Path, rule: str, location: str, spec: str, release: str) -> None:
    nginx = nginx_of(release)
    body = f"\nserver {{ listen 80; location / {{ {location} }} }}"
    write(tmp_path, {"nginx.conf": http(body), "upstreams.toml": f"{spec}\n"})
    found = examine(Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version))
    (finding,) = [one for one in found.report.findings if one.rule == rule]
    proof = prove(finding, found.sites, nginx)
    assert (proof.verdict, proof.why) == ("confirmed", "")
