from __future__ import annotations

import pytest

from tests.support.linting import Lint
from tests.support.sites import Found, stream

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
        (
            "set $c c; proxy_ssl_certificate $c; proxy_ssl_certificate_key $c; "
            "proxy_pass https://up:1;",
            False,
        ),
        (
            'set $c ""; proxy_ssl_certificate $c; proxy_ssl_certificate_key $c; '
            "proxy_pass https://up:1;",
            True,
        ),
        ("proxy_ssl_conf_command Certificate c; proxy_pass https://up:1;", False),
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


@pytest.mark.parametrize(
    ("facts", "version", "status"),
    [
        ("", "1.26.3", 200),  # nginx logs so, and the client gets nothing
        ("", "1.22.1", 502),
        ('versions = ["TLSv1.2"]', "1.26.3", 502),
    ],
)
def test_stream(lint: Lint, facts: str, version: str, status: int) -> None:
    body = "server { listen 1; proxy_ssl on; proxy_pass up:1; }"
    rows = of_rule(lint(body, f"{SPEC}{facts}\n", wrap=stream, version=version))
    assert rows == [(1, "error", status, "always")]


@pytest.mark.parametrize(
    ("version", "severity"),
    [("1.22.1", "warning"), ("1.26.3", "error")],
)
def test_with_tls_1_3_a_post_is_lost(lint: Lint, version: str, severity: str) -> None:
    body = (
        "upstream b { server up:1; server other:1; } "
        "server { location / { proxy_pass https://b; } }"
    )
    other = "[upstream.other]\nport = 1\ntls = true\n"
    rows = of_rule(lint(body, SPEC + other, version=version))
    assert rows == [(1, severity, 502, "sometimes")]
    # what nginx takes for an answer is never tried again
    answers = SPEC.replace("port = 1", 'port = 1\nserver = "nginx"') + other
    again = body.replace("server {", "proxy_next_upstream error non_idempotent; server {")
    assert of_rule(lint(again, answers, version=version)) == [(1, "error", 400, "sometimes")]


@pytest.mark.parametrize("wanted", ["optional", "none"])
def test_none_is_needed(lint: Lint, wanted: str) -> None:
    body = "server { location / { proxy_pass https://up:1; } }"
    assert of_rule(lint(body, SPEC.replace("required", wanted))) == []
