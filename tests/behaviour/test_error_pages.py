"""What ``error_page`` hides from the client, by port-mismatch."""

from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

SPEC = "[upstream.api]\nport = 3000\n"


def body(settings: str, more: str = "") -> str:
    return f"""
upstream api {{
server 127.0.0.1:3001;
}}
server {{ location / {{ {settings} proxy_pass http://api; }} {more} }}"""


@pytest.mark.parametrize(
    ("settings", "severity", "status"),
    [
        ("error_page 502 =200 /sorry;", "warning", 502),
        ("error_page 500 502 504 = @other;", "warning", 502),
        ("error_page 404 /x; error_page 502 =404 /y;", "warning", 502),
        ("error_page 502 =302 https://status.example;", "warning", 502),
        ("error_page 502 https://status.example/;", "warning", 502),
        # the status stays, or becomes one that is as bad
        ("error_page 502 /sorry;", "error", 502),
        ("error_page 502 @other;", "error", 502),
        ("error_page 502 =502 /sorry;", "error", 502),
        ("error_page 502 =503 /sorry;", "error", 503),
        ("error_page 504 =200 /sorry;", "error", 502),
    ],
)
def test_statuses(lint: Lint, settings: str, severity: str, status: int) -> None:
    frequency = "always" if severity == "error" else "sometimes"
    assert lint(body(settings), SPEC) == [
        Found(3, severity, status, frequency, "port-mismatch", "api")
    ]


def test_the_errors_of_an_error_page_are_not_handled_again(lint: Lint) -> None:
    dead = body("", "error_page 502 = @dead; location @dead { proxy_pass http://127.0.0.1:3002; }")
    spec = "complete = true\n" + SPEC
    assert lint(dead, spec) == [
        Found(3, "warning", 502, "sometimes", "port-mismatch", "api"),
        Found(5, "error", 502, "always", "port-mismatch", "api"),
    ]


def test_a_block_that_another_hop_reaches_too(findings: Findings) -> None:
    (finding,) = findings(
        body("error_page 502 =200 /x;", "location /b { proxy_pass http://api; }"), SPEC
    )
    assert (finding.severity.value, len(finding.hops)) == ("error", 2)


@pytest.mark.parametrize(
    ("asked", "more", "expected"),
    [
        ("auth_request /auth;", "internal;", ("error", 500, "always")),
        ("mirror /auth;", "internal;", ("warning", 502, "sometimes")),
        # it can be asked for by itself, too
        ("auth_request /auth;", "", ("error", 502, "always")),
        ("auth_request /other;", "internal;", ("error", 502, "always")),
        ("auth_request off;", "internal;", ("error", 502, "always")),
    ],
)
def test_subrequests(lint: Lint, asked: str, more: str, expected: tuple[str, int, str]) -> None:
    text = f"""
server {{ location / {{ {asked} root /srv; }} location = /auth {{ {more}
proxy_pass http://127.0.0.1:3001; }} }}"""
    severity, status, frequency = expected
    assert lint(text, "complete = true\n" + SPEC) == [
        Found(3, severity, status, frequency, "port-mismatch", "api")
    ]
