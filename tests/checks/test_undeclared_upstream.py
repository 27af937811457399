from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, found

RULE = "undeclared-upstream"
SPEC = "[upstream.api]\nport = 3000\n"


def info(line: int) -> Found:
    return Found(line, "info", None, None, RULE, None)


def server(directive: str) -> str:
    return (
        f"\nserver {{ location / {{\n{directive};\n}} "
        "location /api { proxy_pass http://api:3000; } }"
    )


@pytest.mark.parametrize(
    ("directive", "found"),
    [
        ("proxy_pass http://other:80", True),
        ("proxy_pass http://10.0.0.1", True),
        ("proxy_pass http://unix:/run/a", True),
        ("fastcgi_pass other:9000", True),
        ("proxy_pass http://api:3000", False),
        # declared, but elsewhere: another rule says so
        ("proxy_pass http://api:3001", False),
        ("proxy_pass http://127.0.0.1:1", False),
        ("proxy_pass http://$http_x", False),
        ("return 204", False),
    ],
)
def test_an_address(lint: Lint, directive: str, found: bool) -> None:
    rows = [row for row in lint(server(directive), SPEC) if row.rule == RULE]
    assert rows == ([info(3)] if found else [])


def test_without_a_spec_everything_is(lint: Lint) -> None:
    text = (
        "\nupstream up {\nserver a:1;\nserver b:1 down;\n} "
        "server { location / { proxy_pass http://up; } }"
    )
    assert lint(text) == [info(3)]


def test_the_same_place_by_two_hops_is_one_finding(findings: Findings) -> None:
    text = "\nupstream up {\nserver a:1;\n} server { location / { proxy_pass http://up; } " \
        "location /b { proxy_pass http://up; } }"  # fmt: skip
    assert [(found(one), len(one.hops)) for one in findings(text)] == [(info(3), 2)]
