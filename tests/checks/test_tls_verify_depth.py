from __future__ import annotations

import pytest
from sites import Found

from .conftest import Lint

RULE = "tls-verify-depth"


def of_rule(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


@pytest.mark.parametrize(
    ("settings", "depth", "found"),
    [
        ("proxy_ssl_verify on;", 1, False),
        ("proxy_ssl_verify on;", 2, True),
        ("proxy_ssl_verify on; proxy_ssl_verify_depth 2;", 2, False),
        ("proxy_ssl_verify on; proxy_ssl_verify_depth 2;", 3, True),
        ("proxy_ssl_verify on; proxy_ssl_verify_depth 0;", 1, True),
        ("proxy_ssl_verify off;", 2, False),
        ("", 2, False),
    ],
)
def test_depth(lint: Lint, settings: str, depth: int, found: bool) -> None:
    spec = f"[upstream.up]\nport = 1\n[upstream.up.tls]\nchain_depth = {depth}\n"
    body = f"server {{ {settings} location / {{\nproxy_pass https://up:1;\n}} }}"
    rows = of_rule(lint(body, spec))
    assert [row[1:] for row in rows] == ([("error", 502, "always")] if found else [])
