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


EMPTY = """\
  api is declared for api:{}, but nothing of it: what stands there was not compared with anything"""


@pytest.mark.parametrize("spec", ["[upstream.api]\n", "[[upstream.api]]\n[[upstream.api]]\n"])
def test_a_table_that_is_to_be_filled_in(findings: Findings, spec: str) -> None:
    (finding,) = findings("server { location / { proxy_pass http://api:80; } }", spec)
    assert (finding.rule, finding.message) == (RULE, EMPTY.format(80).strip())
    assert [(one.file, one.line) for one in finding.related] == [("upstreams.toml", 1)]


@pytest.mark.parametrize(
    "body",
    [
        "upstream api { server 127.0.0.1:3001; } server { location / { proxy_pass http://api; } }",
        "upstream api { server other; } server { location / { fastcgi_pass api; } }",
        "upstream apis { server other:80; } server { location / { proxy_pass http://api; } }",
        "upstream api { server php:9000; } server { location / { fastcgi_pass unix:/run/a:/b; } }",
        "server { location / { proxy_pass https://api.github.com; } }",
    ],
)
def test_such_a_table_hides_nothing(lint: Lint, body: str) -> None:
    spec = "[upstream.other]\nhosts = ['127.0.0.1', 'x']\nport = 3000\n"
    empty = "[upstream.api]\n[upstream.'api.github.com']\n[upstream.nowhere]\n"
    before = lint(body, spec)
    assert [row._replace(line=0) for row in lint(body, empty + spec)] == [
        row._replace(line=0) for row in before
    ]
    assert before != []
