"""Which rules are loaded for a root. That the others find nothing is held by every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.concerns import concerns
from lint502.rule_names import RULES
from tests.support.pairs import site_of
from tests.support.sites import http

SITE = "server { location / { proxy_pass http://127.0.0.1:3000; } }"
SPEC = '[upstream.app]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'


def test_a_plain_site_needs_few_rules(tmp_path: Path) -> None:
    site = site_of(tmp_path, http(SITE), SPEC)
    needed = {name for name in RULES if concerns(name, site)}
    assert needed.isdisjoint(("zero-timeout", "tls-mismatch", "keepalive-race", "port-mismatch"))
    assert {"protocol-mismatch", "two-protocols", "proxy-loop"} < needed


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("zero-timeout", "proxy_read_timeout 0s;"),
        ("connection-header", "proxy_set_header connection Upgrade;"),
        ("connection-header", "proxy_set_header Connection $http_connection;"),
        ("http2-connection-header", "proxy_http_version 2;"),
        ("bind-loopback", "proxy_bind 127.0.0.1;"),
        ("cached-error", "proxy_cache pages;"),
        ("resolver-mismatch", "resolver 1.1.1.1;"),
    ],
)
def test_a_line_that_a_rule_is_about(tmp_path: Path, rule: str, line: str) -> None:
    assert not concerns(rule, site_of(tmp_path, http(SITE), SPEC))
    assert concerns(rule, site_of(tmp_path, http(f"{line} {SITE}"), SPEC))
