from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "single-failure-ejection"
SPEC = "[[upstream.up]]\nport = 1\n[[upstream.up]]\nport = 2\n"
DOWN = "server 127.0.0.1:1;\nserver 127.0.0.1:2 down;"


def passed_over(line: int) -> Found:
    return Found(line, "warning", 502, "sometimes", RULE, None)


def body(servers: str, settings: str = "") -> str:
    location = f"location / {{ {settings} proxy_pass http://b; }}"
    return f"upstream b {{\n{servers}\n}} server {{ {location} }}"


def of_the_rule(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


@pytest.mark.parametrize(
    ("servers", "line"),
    [
        (DOWN, 2),
        ("server 127.0.0.1:2 down;\nserver 127.0.0.1:1;", 3),
        ("server 127.0.0.1:1; server 127.0.0.1:2 backup down;", 2),
        ("server 127.0.0.1:2 down;\nserver 127.0.0.1:1 backup;", 3),
        ("server 127.0.0.1:1; server name:2 down;", 2),
        ("server unix:/a; server unix:/b down;", 2),
        ("server localhost:1; server 127.0.0.1:2 down;", 2),
        ("server [::1]:1; server 127.0.0.1:2 down;", 2),
        ("server 127.0.0.1:1 max_fails=3; server 127.0.0.1:2 down;", 2),
        # the same one twice
        ("server 127.0.0.1:1; server 127.0.0.1:1;", 2),
        ("server 127.0.0.1:1;\nserver 127.0.0.1:1 backup;", 2),
        ("server 127.0.0.1; server 127.0.0.1:80;", 2),
        ("server unix:/run/a; server unix:/var/run/a;", 2),
        # nginx does not count the failures of one that stands alone
        ("server 127.0.0.1:1;", None),
        ("server 127.0.0.1:1; # server 127.0.0.1:2 down;", None),
        # another one takes over
        ("server 127.0.0.1:1; server 127.0.0.1:2;", None),
        ("server 127.0.0.1:1; server 127.0.0.1:2 backup;", None),
        ("server 127.0.0.1:1; server 127.0.0.1:2; server 127.0.0.1:3 down;", None),
        # never passed over, or for no time
        ("server 127.0.0.1:1 max_fails=0; server 127.0.0.1:2 down;", None),
        ("server 127.0.0.1:1 fail_timeout=0; server 127.0.0.1:2 down;", None),
        ("server 127.0.0.1:1; server 127.0.0.1:1 max_fails=0 backup;", None),
        # a name may have several addresses
        ("server name:1; server 127.0.0.1:2 down;", None),
        ("server name:1; server name:1;", None),
        ("server http://x; server http://x;", None),
        # none is left
        ("server 127.0.0.1:1 down; server 127.0.0.1:2 down;", None),
        # chosen elsewhere
        (f"{DOWN} balancer_by_lua_file x;", None),
        (f"{DOWN} include unseen/*.conf;", None),
        ("server 127.0.0.1:1; server http://x; server 127.0.0.1:2 down;", None),
    ],
)
def test_which_blocks(lint: Lint, servers: str, line: int | None) -> None:
    rows = of_the_rule(lint(body(servers), SPEC, files={"x": ""}))
    assert rows == ([] if line is None else [passed_over(line)])


@pytest.mark.parametrize("settings", ["proxy_next_upstream off;", "proxy_next_upstream_tries 1;"])
def test_every_failure_counts(lint: Lint, settings: str) -> None:
    assert lint(body(DOWN, settings), SPEC) == [passed_over(2)]


def test_a_block_that_nothing_passes_to(lint: Lint) -> None:
    text = f"upstream b {{ {DOWN} }} server {{ location / {{ return 204; }} }}"
    assert of_the_rule(lint(text, SPEC)) == []


def test_stream(lint: Lint) -> None:
    text = f"upstream b {{\n{DOWN}\n}} server {{ listen 9%s; proxy_pass b; }}"
    facts = SPEC.replace("port", 'protocol = "%s"\nport')
    assert lint(text % "", facts.replace("%s", "tcp"), wrap=stream) == [passed_over(2)]
    # nobody refuses a datagram while nginx is choosing
    assert lint(text % " udp", facts.replace("%s", "udp"), wrap=stream) == []


def test_beside_a_server_that_is_down(findings: Findings) -> None:
    text = body(DOWN) + "server { listen 81; location /b { proxy_pass http://b; } }"
    (finding,) = findings(text, SPEC)
    assert [(p.line, p.note) for p in (finding.place, *finding.related)] == [
        (2, "the only server"),
        (3, "counts, and is down"),
    ]
    assert len(finding.hops) == 2
    assert finding.message == (
        'upstream "b" has one server in use beside those that are down, so that nginx counts its '
        "failures: after one it passes over 127.0.0.1:1 for 10s, and answers 502 even when it is "
        "back"
    )


def test_one_that_is_written_twice(findings: Findings) -> None:
    servers = "server 127.0.0.1:1 max_fails=2;\nserver 127.0.0.1:1 fail_timeout=30s backup;"
    (finding,) = findings(body(servers), SPEC)
    assert [(p.line, p.note) for p in (finding.place, *finding.related)] == [
        (2, "the only server"),
        (3, "the same one"),
    ]
    assert finding.message == (
        'upstream "b" has nothing but 127.0.0.1:1, several times, so that nginx counts its '
        "failures: after 2 it passes over 127.0.0.1:1 for 10s, and answers 502 even when it is back"
    )


@pytest.mark.parametrize(
    ("server", "fix"),
    [
        ("server 127.0.0.1:1;", "server 127.0.0.1:1 max_fails=0;"),
        ("server 127.0.0.1:1 weight=2;", "server 127.0.0.1:1 max_fails=0 weight=2;"),
        ("server 127.0.0.1:1 max_fails=5;", "server 127.0.0.1:1 max_fails=0;"),
    ],
)
def test_the_fix(findings: Findings, server: str, fix: str) -> None:
    (finding,) = findings(body(f"{server} server 127.0.0.1:2 down;"), SPEC)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (fix, True)
