"""What comes after a handshake that fails is not called an error: it never comes to that."""

from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

SPEC = """
[upstream.up]
port = 1
server = "nginx"
[upstream.up.tls]
client_certificate = "required"
"""
HINT = "; for now the TLS handshake fails, so that it does not come to this"


def rows(found: list[Found]) -> list[tuple[str, str, int | None, str | None]]:
    return [(row.rule, row.severity, row.status, row.frequency) for row in found]


def body(settings: str, directive: str = "proxy_pass https://up:1;") -> str:
    return f"server {{ location / {{ {settings} {directive} }} }}"


LATER = ("client-certificate-missing", "warning", 400, "sometimes")


@pytest.mark.parametrize(
    ("facts", "settings", "first"),
    [
        ('names = ["a.example"]', "proxy_ssl_verify on;", "tls-name-mismatch"),
        ('versions = ["TLSv1.3"]', "proxy_ssl_protocols TLSv1.2;", "tls-version-mismatch"),
        ('sni = "required"', "", "sni-missing"),
        ("chain_depth = 2", "proxy_ssl_verify on;", "tls-verify-depth"),
    ],
)
def test_a_certificate_that_is_never_asked_for(
    lint: Lint, facts: str, settings: str, first: str
) -> None:
    assert sorted(rows(lint(body(settings), SPEC + facts))) == sorted(
        [(first, "error", 502, "always"), LATER]
    )


@pytest.mark.parametrize(
    ("facts", "settings"),
    [
        ("", ""),
        ('names = ["up"]', "proxy_ssl_verify on;"),
        ('names = ["a.example"]', ""),  # nobody compares it
        # for some requests only
        ('names = ["up"]', "proxy_ssl_verify on; proxy_ssl_name $name;"),
        ('sni = "required"', "proxy_ssl_server_name on;"),
        # only for those that nginx does not know by name
        ('sni = "required"\nnames = ["a.example"]', "proxy_ssl_server_name on;"),
        ('versions = ["TLSv1.1"]', "proxy_ssl_protocols TLSv1.1;"),
        ("chain_depth = 1", "proxy_ssl_verify on;"),
    ],
)
def test_the_handshake_succeeds_for_some(lint: Lint, facts: str, settings: str) -> None:
    around = "map $host $name { default up; x b.example; } "
    found = rows(lint(around + body(settings), SPEC + facts))
    assert ("client-certificate-missing", "error", 400, "always") in found


def test_nginx_tries_another_server(lint: Lint, findings: Findings) -> None:
    spec = (
        '[[upstream.up]]\nport = 1\nserver = "nginx"\n[upstream.up.tls]\n'
        'client_certificate = "required"\nnames = ["a.example"]\n'
        '[[upstream.up]]\nport = 2\nserver = "nginx"\ntls = { names = ["up"] }\n'
    )
    text = "upstream up { server 127.0.0.1:1; server 127.0.0.1:2; } "
    text += body("proxy_ssl_verify on;", "proxy_pass https://up;")
    assert sorted(rows(lint(text, spec))) == [
        LATER,
        ("tls-name-mismatch", "warning", 502, "sometimes"),
    ]
    (late,) = (one for one in findings(text, spec) if one.rule == LATER[0])
    assert late.message.endswith(HINT)


def test_what_is_asked_is_never_sent(lint: Lint) -> None:
    spec = '[upstream.up]\nport = 1\nprotocol = "grpc"\ntls = { names = ["a.example"] }\n'
    assert sorted(rows(lint(body("proxy_ssl_verify on;"), spec))) == [
        ("protocol-mismatch", "warning", 502, "sometimes"),
        ("tls-name-mismatch", "error", 502, "always"),
    ]
    assert rows(lint(body(""), spec)) == [("protocol-mismatch", "error", 502, "always")]


def test_without_tls_there_is_no_handshake(lint: Lint) -> None:
    spec = '[upstream.up]\nport = 1\nprotocol = "http"\ntimeouts = { response = "2m" }\n'
    read = ("read-timeout", "error", 504, "sometimes")
    assert rows(lint(body("", "proxy_pass http://up:1;"), spec)) == [read]
    assert sorted(rows(lint(body(""), f"{spec}tls = false\n"))) == [
        ("read-timeout", "warning", 504, "sometimes"),
        ("tls-mismatch", "error", 502, "always"),
    ]


def test_a_session_that_is_never_begun(lint: Lint) -> None:
    spec = SPEC.replace('server = "nginx"\n', "") + 'names = ["a.example"]\n'
    text = "server { listen 2; proxy_ssl on; %s proxy_pass up:1; }"
    late = ("client-certificate-missing", "error", 200, "always")
    assert rows(lint(text % "", spec, wrap=stream)) == [late]
    assert sorted(rows(lint(text % "proxy_ssl_verify on;", spec, wrap=stream))) == [
        ("client-certificate-missing", "warning", 200, "sometimes"),
        ("tls-name-mismatch", "error", 502, "always"),
    ]
