from __future__ import annotations

import pytest
from sites import Found, stream

from .conftest import Lint

RULE = "client-certificate-missing"


def of_rule(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


SPEC = '[upstream.up]\nport = 1\n[upstream.up.tls]\nclient_certificate = "required"\n'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("proxy_pass https://up:1;", True),
        ('proxy_ssl_certificate ""; proxy_pass https://up:1;', True),
        ("proxy_ssl_certificate c; proxy_ssl_certificate_key k; proxy_pass https://up:1;", False),
        ("proxy_ssl_certificate $c; proxy_ssl_certificate_key $c; proxy_pass https://up:1;", False),
        # of another family
        ("proxy_ssl_certificate c; grpc_pass grpcs://up:1;", True),
        ("grpc_ssl_certificate c; grpc_pass grpcs://up:1;", False),
        ("uwsgi_pass suwsgi://up:1;", True),
        ("proxy_pass http://up:1;", False),
    ],
)
def test_http(lint: Lint, body: str, found: bool) -> None:
    rows = of_rule(lint(f"server {{ location / {{ {body} }} }}", SPEC))
    assert rows == ([(1, "error", 502, "always")] if found else [])


def test_nginx_answers_400(lint: Lint) -> None:
    spec = SPEC.replace("port = 1", 'port = 1\nserver = "nginx"')
    rows = of_rule(lint("server { location / { proxy_pass https://up:1; } }", spec))
    assert rows == [(1, "error", 400, "always")]


def test_stream(lint: Lint) -> None:
    body = "server { listen 1; proxy_ssl on; proxy_pass up:1; }"
    assert of_rule(lint(body, SPEC, wrap=stream)) == [(1, "error", 502, "always")]


@pytest.mark.parametrize("wanted", ["optional", "none"])
def test_none_is_needed(lint: Lint, wanted: str) -> None:
    body = "server { location / { proxy_pass https://up:1; } }"
    assert of_rule(lint(body, SPEC.replace("required", wanted))) == []
