from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "retry-off"
TWO = "server 127.0.0.1:1; server 127.0.0.1:2;"
SPEC = "[[upstream.up]]\nport = 1\n[[upstream.up]]\nport = 2\n"


def off(line: int) -> Found:
    return Found(line, "warning", 502, "sometimes", RULE, None)


def body(settings: str, servers: str = TWO, directive: str = "proxy_pass http://b") -> str:
    return f"upstream b {{ {servers} }}\nserver {{ location / {{\n{settings}\n{directive}; }} }}"


def of_the_rule(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("proxy_next_upstream off;", [off(3)]),
        ("proxy_next_upstream error off;", [off(3)]),
        ("proxy_next_upstream timeout;", [off(3)]),
        ("proxy_next_upstream non_idempotent;", [off(3)]),
        ("proxy_next_upstream_tries 1;", [off(3)]),
        ("", []),
        ("proxy_next_upstream error;", []),
        ("proxy_next_upstream error timeout non_idempotent;", []),
        # the words of several lines add up
        ("proxy_next_upstream timeout; proxy_next_upstream error;", []),
        ("proxy_next_upstream error;\nproxy_next_upstream off;", [off(4)]),
        ("proxy_next_upstream_tries 0;", []),
        ("proxy_next_upstream_tries 2;", []),
        ("proxy_next_upstream_timeout 1;", []),
        # of another family
        ("grpc_next_upstream off; fastcgi_next_upstream_tries 1;", []),
        ("# proxy_next_upstream off;", []),
        ("proxy_next_upstream off; return 204;", []),
    ],
)
def test_which_settings(lint: Lint, settings: str, found: list[Found]) -> None:
    assert lint(body(settings), SPEC) == found


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        (TWO, True),
        ("server 127.0.0.1:1; server 127.0.0.1:2 backup;", True),
        ("server a:1; server b:1;", True),
        ("server unix:/a; server unix:/b;", True),
        ("server 127.0.0.1:1; server 127.0.0.1:2; server 127.0.0.1:3 down;", True),
        ("server 127.0.0.1:1;", False),
        ("server 127.0.0.1:1; server 127.0.0.1:2 down;", False),
        ("server 127.0.0.1:1 down; server 127.0.0.1:2 down;", False),
        # the same one twice
        ("server 127.0.0.1:1; server 127.0.0.1:1;", False),
        ("server 127.0.0.1; server 127.0.0.1:80 backup;", False),
        ("server 127.0.0.1:1; server localhost:1;", False),
        ("server 10.0.0.1; server 10.0.0.1:80 backup;", False),
        ("server 127.0.0.1:1; server [::1]:1;", False),
        ("server 127.0.0.1:1; server 127.0.0.2:1;", True),
        ("server localhost:1; server localhost:2;", True),
        # how many addresses a name has is not known
        ("server a:1;", False),
        ("server localhost:1;", False),
        # chosen elsewhere
        (f"{TWO} balancer_by_lua_file x;", False),
        ("server 127.0.0.1:1; include unseen/*.conf;", False),
    ],
)
def test_which_blocks(lint: Lint, servers: str, found: bool) -> None:
    rows = lint(body("proxy_next_upstream off;", servers), SPEC, files={"x": ""})
    assert of_the_rule(rows) == ([off(3)] if found else [])


def test_without_a_block(lint: Lint) -> None:
    text = body("proxy_next_upstream off;", directive="proxy_pass http://127.0.0.1:1")
    assert of_the_rule(lint(text, SPEC)) == []


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi", "grpc", "memcached"])
def test_each_family_has_its_own(lint: Lint, kind: str) -> None:
    facts = SPEC.replace("port", f'protocol = "{kind}"\nport')
    text = body(f"{kind}_next_upstream off; proxy_next_upstream error;", TWO, f"{kind}_pass b")
    assert lint(text, facts) == [off(3)]
    text = body("proxy_next_upstream off;", TWO, f"{kind}_pass b")
    assert lint(text, facts) == []


def test_a_setting_that_is_not_known(lint: Lint) -> None:
    text = body("include unseen/*.conf;")
    assert of_the_rule(lint(f"proxy_next_upstream off; {text}", SPEC, files={"x": ""})) == []


def test_stream(lint: Lint) -> None:
    facts = SPEC.replace("port", 'protocol = "tcp"\nport')
    text = f"upstream b {{ {TWO} }}\nserver {{ listen 9%s;\n%s\nproxy_pass b; }}"
    assert lint(text % ("", "proxy_next_upstream off;"), facts, wrap=stream) == [off(3)]
    assert lint(text % ("", "proxy_next_upstream_tries 1;"), facts, wrap=stream) == [off(3)]
    assert lint(text % ("", "proxy_next_upstream on;"), facts, wrap=stream) == []
    assert lint(text % ("", ""), facts, wrap=stream) == []
    # no datagram is sent to another server, whatever is set
    facts = SPEC.replace("port", 'protocol = "udp"\nport')
    assert lint(text % (" udp", "proxy_next_upstream off;"), facts, wrap=stream) == []


def test_a_line_far_above_is_told_once(findings: Findings) -> None:
    text = (
        "\nproxy_next_upstream off;\n"
        f"upstream b {{ {TWO} }}\nupstream c {{ {TWO} }}\nupstream one {{ server 127.0.0.1:1; }}"
        "server { location / { proxy_pass http://b; } location /c { proxy_pass http://c; } "
        "location /d { proxy_next_upstream error; proxy_pass http://c; } "
        "location /1 { proxy_pass http://one; } }"
    )
    (finding,) = findings(text, SPEC)
    assert (finding.place.line, len(finding.hops)) == (2, 2)
    assert [(place.line, place.note) for place in finding.related] == [
        (3, "2 servers"),
        (4, "2 servers"),
    ]
    assert finding.message == (
        'nginx tries one server only, for proxy_next_upstream is off: where one of upstream "b" '
        'and "c" refuses the connection, the client gets 502, although another stands ready'
    )


def test_two_lines_that_both_have_to_go(findings: Findings) -> None:
    (finding,) = findings(body("proxy_next_upstream timeout;\nproxy_next_upstream_tries 1;"), SPEC)
    assert (finding.place.line, finding.related[0].line) == (3, 4)
    assert 'has no "error" and proxy_next_upstream_tries is 1:' in finding.message


@pytest.mark.parametrize(
    ("settings", "fix"),
    [
        ("proxy_next_upstream off;", "proxy_next_upstream error timeout;"),
        ("proxy_next_upstream timeout http_404;", "proxy_next_upstream error timeout http_404;"),
        ("proxy_next_upstream_tries 1;", "proxy_next_upstream_tries 2;"),
    ],
)
def test_the_fix(findings: Findings, settings: str, fix: str) -> None:
    (finding,) = findings(body(settings), SPEC)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (fix, False)
