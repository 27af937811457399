from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "error-status-ejection"
TWO = "server 127.0.0.1:1; server 127.0.0.1:2;"
SPEC = "[[upstream.up]]\nport = 1\n[[upstream.up]]\nport = 2\n"
COUNTING = "proxy_next_upstream error timeout http_500;"


def counts(line: int) -> Found:
    return Found(line, "warning", 502, "sometimes", RULE, None)


def body(settings: str, servers: str = TWO, directive: str = "proxy_pass http://b") -> str:
    return f"upstream b {{ {servers} }}\nserver {{ location / {{\n{settings}\n{directive}; }} }}"


def of_the_rule(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (COUNTING, True),
        ("proxy_next_upstream error http_502;", True),
        ("proxy_next_upstream error http_503;", True),
        ("proxy_next_upstream error http_504;", True),
        ("proxy_next_upstream error http_429;", True),
        ("proxy_next_upstream error; proxy_next_upstream http_503;", True),
        (f"{COUNTING} proxy_next_upstream_tries 2;", True),
        # these go to the next server, and count as no failure
        ("proxy_next_upstream error http_403 http_404;", False),
        ("proxy_next_upstream error timeout invalid_header non_idempotent;", False),
        ("", False),
        # the last attempt is passed on as it is
        (f"{COUNTING} proxy_next_upstream_tries 1;", False),
        ("proxy_next_upstream off http_500;", False),
        (f"# {COUNTING}", False),
        ("fastcgi_next_upstream error http_500;", False),
        # POST does not go to another server
        (f"{COUNTING} limit_except POST {{ deny all; }}", False),
        (f"{COUNTING} proxy_next_upstream non_idempotent; limit_except POST {{ deny all; }}", True),
    ],
)
def test_which_settings(lint: Lint, settings: str, found: bool) -> None:
    rows = of_the_rule(lint(body(settings), SPEC))
    assert rows == ([counts(3)] if found else [])


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        (TWO, True),
        ("server 127.0.0.1:1; server 127.0.0.1:2 backup;", True),
        # the same one twice is two peers
        ("server 127.0.0.1:1; server 127.0.0.1:1;", True),
        ("server a:1; server b:1;", True),
        ("server 127.0.0.1:1 max_fails=3; server 127.0.0.1:2 fail_timeout=1m;", True),
        ("server 127.0.0.1:1 fail_timeout=0; server 127.0.0.1:2 fail_timeout=0;", True),
        ("server 127.0.0.1:1;", False),
        ("server 127.0.0.1:1; server 127.0.0.1:2 down;", False),
        # one that is never passed over
        ("server 127.0.0.1:1 max_fails=0; server 127.0.0.1:2 max_fails=0;", False),
        ("server 127.0.0.1:1; server 127.0.0.1:2 max_fails=0;", False),
        ("server 127.0.0.1:1; server 127.0.0.1:2 backup max_fails=0;", False),
        ("server 127.0.0.1:1; server 127.0.0.1:2 max_fails=many;", False),
        ("server 127.0.0.1:1 fail_timeout=soon; server 127.0.0.1:2;", False),
        # how many addresses a name has is not known
        ("server localhost:1;", False),
        (f"{TWO} balancer_by_lua_file x;", False),
        ("server 127.0.0.1:1; server 127.0.0.1:2; include unseen/*.conf;", False),
    ],
)
def test_which_blocks(lint: Lint, servers: str, found: bool) -> None:
    rows = lint(body(COUNTING, servers), SPEC, files={"x": ""})
    assert of_the_rule(rows) == ([counts(3)] if found else [])


def test_a_server_that_is_down_was_a_try(lint: Lint) -> None:
    text = body(COUNTING, "server 127.0.0.1:1; server 127.0.0.1:2 down;")
    assert of_the_rule(lint(text, SPEC, version="1.19.5")) == [counts(3)]
    assert of_the_rule(lint(text, SPEC, version="1.19.6")) == []


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi"])
def test_each_family_has_its_own(lint: Lint, kind: str) -> None:
    facts = SPEC.replace("port", f'protocol = "{kind}"\nport')
    text = body(f"{kind}_next_upstream error http_503;", directive=f"{kind}_pass b")
    assert lint(text, facts) == [counts(3)]
    assert lint(body(COUNTING, directive=f"{kind}_pass b"), facts) == []


def test_a_grpc_server_answers_200(lint: Lint) -> None:
    facts = SPEC.replace("port", 'protocol = "grpc"\nport')
    text = body("grpc_next_upstream error http_503 non_idempotent;", directive="grpc_pass b")
    assert {row.rule for row in lint(text, facts)} == {"retry-ineffective"}


def test_who_has_no_status(lint: Lint) -> None:
    facts = SPEC.replace("port", 'protocol = "memcached"\nport')
    text = body("memcached_next_upstream error not_found;", directive="memcached_pass b")
    assert lint(text, facts) == []
    text = f"upstream b {{ {TWO} }} server {{ listen 9; proxy_next_upstream on; proxy_pass b; }}"
    assert lint(text, SPEC.replace("port", 'protocol = "tcp"\nport'), wrap=stream) == []


def test_a_setting_that_is_not_known(lint: Lint) -> None:
    text = body("include unseen/*.conf;")
    assert of_the_rule(lint(f"{COUNTING} {text}", SPEC, files={"x": ""})) == []


def test_without_fail_timeout_it_is_a_second_at_a_time(findings: Findings) -> None:
    servers = "server 127.0.0.1:1 fail_timeout=0; server 127.0.0.1:2 backup;"
    (finding,) = findings(body(COUNTING, servers), SPEC)
    assert finding.message == (
        "proxy_next_upstream counts http_500 as failures of the server: a URL that answers so "
        'takes each server of upstream "b" out in turn, and then every request gets 502 for the '
        "rest of a second"
    )


def test_a_line_far_above_is_told_once(findings: Findings) -> None:
    slow = "server 127.0.0.1:1 fail_timeout=1m; server 127.0.0.1:2 fail_timeout=30s;"
    brief = "server 127.0.0.1:1 fail_timeout=0; server 127.0.0.1:2;"
    text = (
        "\nproxy_next_upstream error http_504 http_404 http_500 non_idempotent;\n"
        f"upstream b {{ {TWO} }}\nupstream c {{ {slow} }}\nupstream d {{ {brief} }}\n"
        "server { location / { proxy_pass http://b; } location /c { proxy_pass http://c; } "
        "location /d { proxy_pass http://d; } "
        "location /e { proxy_next_upstream error; proxy_pass http://c; } }"
    )
    (finding,) = findings(text, SPEC)
    assert (finding.place.line, len(finding.hops)) == (2, 3)
    assert [(place.line, place.note) for place in finding.related] == [
        (3, "nothing is left for 10s"),
        (4, "nothing is left for 30s"),
        (5, "nothing is left for the rest of the second"),
    ]
    assert finding.message == (
        "proxy_next_upstream counts http_500 and http_504 as failures of the server: a URL that "
        'answers so takes each server of upstream "b", "c" and "d" out in turn, and then every '
        "request gets 502 until fail_timeout is over"
    )
    assert finding.fix is not None
    assert finding.fix.description == "proxy_next_upstream error http_404;"
