from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "unserved-host"
SPEC = '[upstream.up]\nport = 80\nhosts = ["10.0.0.5"]\nprotocol = "http"\n'
CLOSES = 'virtual_hosts = ["shop.internal", "*.shops.internal"]\nunknown_host = "close"\n'
MAP = "map $uri $h { default shop.internal; /x other; }"


def body(settings: str, names: str = "shop.example.com", passes: str = "http://up") -> str:
    names = f"server_name {names};" if names else ""
    return f"\n{MAP} server {{ {names} location / {{\n{settings}\nproxy_pass {passes}; }} }}"


def own(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


ALWAYS = [(4, "error", 502, "always")]
HERE = [(3, "error", 502, "always")]


@pytest.mark.parametrize(
    ("settings", "names", "passes", "found"),
    [
        ("", "shop.example.com", "http://up", ALWAYS),
        ("", "shop.example.com", "http://10.0.0.5:80", ALWAYS),
        ("proxy_set_header Host shop.internal;", "a.example", "http://up", []),
        ("proxy_set_header Host SHOP.internal:8080;", "a.example", "http://up", []),
        ("proxy_set_header Host b.shops.internal;", "a.example", "http://up", []),
        ("proxy_set_header Host shops.internal;", "a.example", "http://up", HERE),
        ("proxy_set_header host other;", "a.example", "http://up", HERE),
        ("proxy_set_header Host $proxy_host;", "a.example", "http://up", HERE),
        ("proxy_set_header X-Host shop.internal;", "a.example", "http://up", ALWAYS),
        # what the client asks for is a name of the server
        ("proxy_set_header Host $host;", "shop.internal", "http://up", []),
        ("proxy_set_header Host $http_host;", "shop.example.com", "http://up", HERE),
        (
            "proxy_set_header Host $host;",
            "shop.internal www.example.com",
            "http://up",
            [(3, "error", 502, "sometimes")],
        ),
        ("proxy_set_header Host $host;", "*.example.com", "http://up", []),
        ("proxy_set_header Host $host;", "_", "http://up", []),
        ("proxy_set_header Host $host;", "", "http://up", []),
        ("proxy_set_header Host $h;", "a.example", "http://up", [(3, "error", 502, "sometimes")]),
        ("proxy_set_header Host $arg_x;", "a.example", "http://up", []),
        ("proxy_set_header Host a; proxy_set_header Host b;", "a.example", "http://up", []),
    ],
)
def test_the_host(
    lint: Lint, settings: str, names: str, passes: str, found: list[tuple[int, str, int, str]]
) -> None:
    assert own(lint(body(settings, names, passes), SPEC + CLOSES)) == found


@pytest.mark.parametrize(
    "facts",
    [
        "",
        'virtual_hosts = ["shop.internal"]\n',
        'virtual_hosts = ["shop.internal"]\nunknown_host = "answer"\n',
        'unknown_host = "close"\n',
    ],
)
def test_what_is_not_declared(lint: Lint, facts: str) -> None:
    assert own(lint(body(""), SPEC + facts)) == []


def test_grpc(lint: Lint) -> None:
    text = body("", passes="http://x").replace("proxy_pass http://x", "grpc_pass grpc://up:80")
    facts = (SPEC + CLOSES).replace('"http"', '"grpc"')
    assert own(lint(text, facts)) == ALWAYS
    text = text.replace("{\n\n", "{\ngrpc_set_header Host shop.internal;\n")
    assert own(lint(text, facts)) == []


@pytest.mark.parametrize(
    ("settings", "names", "fix", "texts"),
    [
        (
            "",
            "a.example",
            "proxy_set_header Host shop.internal;",
            ["proxy_set_header Host shop.internal;\n"],
        ),
        ("", "shop.internal", "proxy_set_header Host $host;", ["proxy_set_header Host $host;\n"]),
        (
            "proxy_set_header Host other;",
            "a.example",
            "proxy_set_header Host shop.internal;",
            ["Host shop.internal"],
        ),
    ],
)
def test_the_fix(findings: Findings, settings: str, names: str, fix: str, texts: list[str]) -> None:
    (finding,) = (one for one in findings(body(settings, names), SPEC + CLOSES) if one.rule == RULE)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (fix, False)
    assert [edit.text for edit in finding.fix.edits] == texts


def test_its_words(findings: Findings) -> None:
    (finding,) = (one for one in findings(body(""), SPEC + CLOSES) if one.rule == RULE)
    assert finding.message == (
        "nginx asks up for the Host up by default, but it serves shop.internal and "
        "*.shops.internal, and closes the connection on any other"
    )
