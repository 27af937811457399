from __future__ import annotations

import pytest
from sites import Found, stream

from .conftest import Lint

RULE = "proxy-protocol-mismatch"


def of_rule(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


def spec(expects: str, facts: str = "") -> str:
    return f"[upstream.up]\nport = 1\nproxy_protocol = {expects}\n{facts}\n"


@pytest.mark.parametrize(
    ("settings", "expects", "facts", "status"),
    [
        ("", "true", "", 200),
        ("proxy_protocol off;", "true", "", 200),
        ("proxy_protocol on;", "true", "", None),
        ("proxy_protocol v2;", "true", "", None),
        ("proxy_protocol on;", "false", "", 200),
        ("proxy_protocol on;", "false", 'protocol = "http"\ntls = false', 400),
        ("proxy_protocol on;", "false", 'protocol = "http"\ntls = true', 200),
        ("", "false", "", None),
    ],
)
def test_stream(lint: Lint, settings: str, expects: str, facts: str, status: int | None) -> None:
    body = f"{settings} server {{ listen 1; proxy_pass up:1; }}"
    rows = of_rule(lint(body, spec(expects, facts), wrap=stream))
    assert rows == ([] if status is None else [(1, "error", status, "always")])


@pytest.mark.parametrize(
    "body",
    ["proxy_pass http://up:1;", "grpc_pass up:1;", "fastcgi_pass up:1;", "uwsgi_pass up:1;"],
)
def test_no_pass_of_http_sends_it(lint: Lint, body: str) -> None:
    text = f"server {{ location / {{ {body} }} }}"
    assert of_rule(lint(text, spec("true"))) == [(1, "error", 502, "always")]
    assert of_rule(lint(text, spec("false"))) == []


def test_nobody_says(lint: Lint) -> None:
    body = "proxy_protocol on; server { listen 1; proxy_pass up:1; }"
    assert of_rule(lint(body, "[upstream.up]\nport = 1\n", wrap=stream)) == []
