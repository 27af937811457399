from __future__ import annotations

import pytest
from sites import Found, stream

from .conftest import Lint

RULE = "tls-name-mismatch"


def of_rule(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


SPEC = (
    '[upstream.up]\nhosts = ["10.0.0.1", "a.example", "b.c.example"]\nport = 1\n'
    '[upstream.up.tls]\nnames = ["A.example", "*.c.example"]\n'
)
VERIFY = "proxy_ssl_verify on; proxy_ssl_trusted_certificate ca;"


@pytest.mark.parametrize(
    ("body", "frequency"),
    [
        ("proxy_pass https://a.example:1;", None),
        ("proxy_pass https://b.c.example:1;", None),
        ("proxy_ssl_name c.example; proxy_pass https://a.example:1;", "always"),
        ("proxy_ssl_name x.b.c.example; proxy_pass https://a.example:1;", "always"),
        ("proxy_ssl_name a.example:1; proxy_pass https://10.0.0.1:1;", None),
        # an address never verifies
        ("proxy_pass https://10.0.0.1:1;", "always"),
        # the block's name counts
        ("proxy_pass https://block;", "always"),
        ("proxy_ssl_name $proxy_host; proxy_pass https://a.example:1;", None),
        ("proxy_ssl_name $http_x; proxy_pass https://10.0.0.1:1;", None),
        ("set $n other; proxy_ssl_name $n; proxy_pass https://a.example:1;", "always"),
        ("proxy_ssl_name $map; proxy_pass https://a.example:1;", "sometimes"),
    ],
)
def test_names(lint: Lint, body: str, frequency: str | None) -> None:
    text = (
        "map $uri $map { default a.example; /x other; }"
        "upstream block { server 10.0.0.1:1; }"
        f"server {{ location / {{ {VERIFY} {body} }} }}"
    )
    rows = of_rule(lint(text, SPEC))
    assert rows == ([] if frequency is None else [(1, "error", 502, frequency)])


@pytest.mark.parametrize(
    ("setting", "spec"),
    [
        ("", SPEC),
        ("proxy_ssl_verify off;", SPEC),
        (VERIFY, '[upstream.up]\nhosts = ["other.example"]\nport = 1\ntls = true\n'),
    ],
)
def test_nothing_is_verified_or_nobody_says_the_names(lint: Lint, setting: str, spec: str) -> None:
    text = f"server {{ location / {{ {setting} proxy_pass https://other.example:1; }} }}"
    assert of_rule(lint(text, spec)) == []


def test_an_address_without_names(lint: Lint) -> None:
    spec = '[upstream.up]\nhosts = ["10.0.0.1"]\nport = 1\ntls = true\n'
    text = f"server {{ location / {{ {VERIFY} proxy_pass https://10.0.0.1:1; }} }}"
    assert of_rule(lint(text, spec)) == [(1, "error", 502, "always")]


def test_other_families(lint: Lint) -> None:
    for text in (
        "grpc_ssl_verify on; grpc_ssl_name x; grpc_pass grpcs://a.example:1;",
        "uwsgi_ssl_verify on; uwsgi_ssl_name x; uwsgi_pass suwsgi://a.example:1;",
    ):
        assert of_rule(lint(f"server {{ location / {{ {text} }} }}", SPEC)) != [], text
    body = "server { listen 1; proxy_ssl on; proxy_ssl_verify on; proxy_pass 10.0.0.1:1; }"
    assert of_rule(lint(body, SPEC, wrap=stream)) == [(1, "error", 502, "always")]
