from __future__ import annotations

import pytest
from sites import Found, stream

from .conftest import Lint

RULE = "tls-version-mismatch"


def of_rule(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


def spec(versions: str) -> str:
    return f"[upstream.up]\nport = 1\n[upstream.up.tls]\nversions = [{versions}]\n"


@pytest.mark.parametrize(
    ("version", "versions", "found"),
    [
        ("1.18.0", '"TLSv1.3"', True),
        ("1.23.3", '"TLSv1.3"', True),
        ("1.23.4", '"TLSv1.3"', False),
        ("1.30.6", '"TLSv1.3"', False),
        ("1.27.2", '"TLSv1", "TLSv1.1"', False),
        ("1.27.3", '"TLSv1", "TLSv1.1"', True),
        ("1.18.0", '"TLSv1.2", "TLSv1.3"', False),
    ],
)
def test_the_default_goes_by_the_version(
    lint: Lint, version: str, versions: str, found: bool
) -> None:
    body = "server { location / {\nproxy_pass https://up:1;\n} }"
    rows = of_rule(lint(body, spec(versions), version=version))
    assert rows == ([(2, "error", 502, "always")] if found else [])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("proxy_ssl_protocols TLSv1.2;\nproxy_pass https://up:1;", [1]),
        ("proxy_ssl_protocols TLSv1.2; proxy_ssl_protocols TLSv1.3; proxy_pass https://up:1;", []),
        ("grpc_ssl_protocols TLSv1.2; grpc_pass grpcs://up:1;", [1]),
        ("uwsgi_ssl_protocols TLSv1.2; uwsgi_pass suwsgi://up:1;", [1]),
        ("proxy_ssl_protocols TLSv1.2; proxy_pass http://up:1;", []),
        ("proxy_ssl_conf_command MinProtocol TLSv1.3; proxy_ssl_protocols TLSv1.2;"
         " proxy_pass https://up:1;", []),
    ],
)  # fmt: skip
def test_what_is_written(lint: Lint, body: str, found: list[int]) -> None:
    rows = of_rule(lint(f"server {{ location / {{{body} }} }}", spec('"TLSv1.3"')))
    assert [row[0] for row in rows] == found


def test_stream(lint: Lint) -> None:
    body = "proxy_ssl_protocols TLSv1.2;\nserver { listen 1; proxy_ssl on; proxy_pass up:1; }"
    assert of_rule(lint(body, spec('"TLSv1.3"'), wrap=stream)) == [(1, "error", 502, "always")]
