from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "no-live-peer"
SPEC = "[upstream.up]\nport = 1\n"


def down(line: int, frequency: str = "always") -> Found:
    return Found(line, "error", 502, frequency, RULE, None)


def body(servers: str, directive: str = "proxy_pass http://up") -> str:
    return f"\nupstream up {{\n{servers}\n}} server {{ location / {{ {directive}; }} }}"


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        ("server 127.0.0.1:1 down;", True),
        ("server 127.0.0.1:1 weight=2 down;", True),
        ("server 127.0.0.1:1 down; server h:1 backup down;", True),
        ("server 127.0.0.1:1 down; server 127.0.0.1:1;", False),
        ("server 127.0.0.1:1 down; server 127.0.0.1:1 backup;", False),
        ("server 127.0.0.1:1; # down;", False),
        # chosen elsewhere
        ("server 0.0.0.1 down; balancer_by_lua_file x;", False),
    ],
)
def test_every_server_is_down(lint: Lint, servers: str, found: bool) -> None:
    assert [row for row in lint(body(servers), SPEC) if row.rule == RULE] == (
        [down(3)] if found else []
    )


def test_a_block_that_nothing_passes_to(lint: Lint) -> None:
    assert lint("upstream up { server h:1 down; } server { location / { return 204; } }") == []


def test_one_of_the_values_of_a_map(lint: Lint) -> None:
    text = "map $host $b { default up; x 127.0.0.1:1; } " + body(
        "server 127.0.0.1:1 down;", "proxy_pass http://$b"
    )
    assert lint(text, SPEC) == [down(3, "sometimes")]


def test_stream(lint: Lint) -> None:
    text = "\nupstream up {\nserver h:1 down;\n} server { listen 1; proxy_pass up; }"
    assert lint(text, wrap=stream) == [down(3)]


def test_each_server_is_shown(findings: Findings) -> None:
    (finding,) = findings(body("server h:1 down;\nserver h:2 down;"), SPEC)
    assert [(p.line, p.note) for p in (finding.place, *finding.related)] == [
        (3, "marked down"),
        (4, "marked down"),
    ]


def test_a_block_is_told_once_with_its_hops(findings: Findings) -> None:
    text = (
        "map $host $b { default up; x 127.0.0.1:1; } "
        + body("server h:1 down;", "proxy_pass http://$b")
        + "server { listen 81; location / { proxy_pass http://up; }"
        " location /b { proxy_pass http://up; } }"
    )
    (finding,) = findings(text, SPEC)
    assert (len(finding.hops), finding.frequency) == (3, "always")


def test_of_many_servers_a_few_are_shown(findings: Findings) -> None:
    (finding,) = findings(body("\n".join(f"server h:{i} down;" for i in range(1, 9))), SPEC)
    assert [place.line for place in (finding.place, *finding.related)] == [3, 4, 5, 6]


def test_the_upstream_that_is_down_is_not_unused(lint: Lint) -> None:
    assert lint(body("server 127.0.0.1:1 down;"), SPEC) == [down(3)]
