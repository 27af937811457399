from __future__ import annotations

import pytest

from tests.support.linting import Lint
from tests.support.sites import Found, stream

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
        ("proxy_protocol on;", "false", 'protocol = "http"', 400),
        ("proxy_protocol on;", "false", 'protocol = "tcp"', 200),
        ("", "false", "", None),
        # the handshake comes after the header
        ("proxy_ssl on;", "true", "tls = true", 502),
        ("proxy_ssl on; proxy_protocol on;", "false", 'protocol = "http"\ntls = true', 502),
        ("proxy_ssl on; proxy_protocol on;", "true", "tls = true", None),
        # with TLS, which it does not expect either
        ("proxy_ssl on; proxy_protocol on;", "false", "tls = false", 502),
        ("proxy_protocol $x;", "true", "", None),
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


@pytest.mark.parametrize(
    ("settings", "expects", "found"),
    [("", "true", []), ("proxy_protocol on;", "false", [])],
)
def test_datagrams(lint: Lint, settings: str, expects: str, found: list[int]) -> None:
    body = f"server {{ listen 1 udp; {settings} proxy_pass up:1; }}"
    assert of_rule(lint(body, spec(expects, 'protocol = "udp"'), wrap=stream)) == found


@pytest.mark.parametrize(
    ("line", "facts", "severity"),
    [
        # a session that has begun is over
        ("proxy_pass b;", "", "error"),
        ("proxy_ssl on; proxy_pass b;", "tls = true", "warning"),
    ],
)
def test_one_of_two_servers(lint: Lint, line: str, facts: str, severity: str) -> None:
    body = f"upstream b {{ server up:1; server other:1; }} server {{ listen 1; {line} }}"
    other = f"[upstream.other]\nport = 1\nproxy_protocol = false\n{facts}\n"
    status = 502 if facts else 200
    assert of_rule(lint(body, spec("true", facts) + other, wrap=stream)) == [
        (1, severity, status, "sometimes")
    ]


def test_nobody_says(lint: Lint) -> None:
    body = "proxy_protocol on; server { listen 1; proxy_pass up:1; }"
    assert of_rule(lint(body, "[upstream.up]\nport = 1\n", wrap=stream)) == []
