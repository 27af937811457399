from __future__ import annotations

import pytest
from sites import Found, stream

from .conftest import Lint

RULE = "sni-missing"
SPEC = (
    '[upstream.up]\nhosts = ["10.0.0.1", "h.example"]\nport = 1\n'
    '[upstream.up.tls]\nsni = "required"\n'
)


def of_rule(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("proxy_pass https://h.example:1;", True),
        ("proxy_ssl_server_name off; proxy_pass https://h.example:1;", True),
        ("proxy_ssl_server_name on; proxy_pass https://h.example:1;", False),
        # an address is never sent as a name
        ("proxy_ssl_server_name on; proxy_pass https://10.0.0.1:1;", True),
        (
            "proxy_ssl_server_name on; proxy_ssl_name h.example; proxy_pass https://10.0.0.1:1;",
            False,
        ),
        ("proxy_ssl_server_name on; proxy_ssl_name $http_x; proxy_pass https://10.0.0.1:1;", False),
        ("grpc_pass grpcs://h.example:1;", True),
        ("grpc_ssl_server_name on; grpc_pass grpcs://h.example:1;", False),
        ("uwsgi_pass suwsgi://h.example:1;", True),
    ],
)
def test_http(lint: Lint, body: str, found: bool) -> None:
    rows = of_rule(lint(f"server {{ location / {{\n{body}\n}} }}", SPEC))
    assert rows == ([(2, "error", 502, "always")] if found else [])


def test_stream(lint: Lint) -> None:
    body = "server { listen 1; proxy_ssl on;\nproxy_pass h.example:1; }"
    assert of_rule(lint(body, SPEC, wrap=stream)) == [(2, "error", 502, "always")]
    on = body.replace("proxy_ssl on;", "proxy_ssl on; proxy_ssl_server_name on;")
    assert of_rule(lint(on, SPEC, wrap=stream)) == []


@pytest.mark.parametrize("facts", ["tls = true", 'tls = { sni = "optional" }', "tls = false", ""])
def test_where_no_name_is_needed_or_nobody_says(lint: Lint, facts: str) -> None:
    spec = f'[upstream.up]\nhosts = ["h.example"]\nport = 1\n{facts}\n'
    assert of_rule(lint("server { location / { proxy_pass https://h.example:1; } }", spec)) == []


def test_one_server_of_two(lint: Lint) -> None:
    spec = SPEC + '[upstream.other]\nhosts = ["10.0.0.2"]\nport = 1\ntls = true\n'
    body = (
        "upstream b { server 10.0.0.1:1; server 10.0.0.2:1; }"
        "server { location / {\nproxy_pass https://b;\n} }"
    )
    assert of_rule(lint(body, spec)) == [(2, "warning", 502, "sometimes")]
