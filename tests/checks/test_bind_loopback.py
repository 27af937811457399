from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, http, stream

RULE = "bind-loopback"
ELSEWHERE = '[upstream.api]\nhosts = ["10.0.0.5"]\nport = 80\nsame_host = false\n'


def server(lines: str, location: str = "proxy_pass http://10.0.0.5;") -> str:
    return f"server {{\n{lines}\nlocation / {{ {location} }} }}"


def of_rule(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


@pytest.mark.parametrize(
    "body",
    [
        server("proxy_bind 127.0.0.1;"),
        server("proxy_bind 127.9.0.1 transparent;"),
        server("proxy_bind 127.0.0.1:$remote_port;"),
        server("set $from 127.0.0.1; \n proxy_bind $from;").replace("\n proxy", "proxy"),
        server("proxy_bind 127.0.0.1;", "proxy_pass http://api;"),
        server("grpc_bind 127.0.0.1;", "grpc_pass 10.0.0.5:80;"),
        server("fastcgi_bind 127.0.0.1;", "fastcgi_pass 10.0.0.5:80;"),
        server("memcached_bind 127.0.0.1;", "memcached_pass 10.0.0.5:80;"),
    ],
)
def test_another_machine(lint: Lint, body: str) -> None:
    assert of_rule(lint(body, ELSEWHERE)) == [Found(2, "error", 502, "always", RULE, "api")]


@pytest.mark.parametrize(
    "body",
    [
        server("proxy_bind 10.0.0.1;"),
        server("proxy_bind off;"),
        server("proxy_bind $server_addr;"),
        server("proxy_bind ::1;"),
        server("fastcgi_bind 127.0.0.1;"),  # of another pass
        server("proxy_bind 127.0.0.1;", "proxy_bind off; proxy_pass http://10.0.0.5;"),
        server("proxy_bind 127.0.0.1;", "proxy_pass http://127.0.0.1;"),
        server("proxy_bind 127.0.0.1;", "proxy_pass http://localhost;"),
        server("proxy_bind 127.0.0.1;", "proxy_pass http://unix:/run/api.sock;"),
        server("include unseen/*.conf;", "proxy_pass http://10.0.0.5;"),
    ],
)
def test_silent(lint: Lint, body: str) -> None:
    assert of_rule(lint(body, ELSEWHERE)) == []


@pytest.mark.parametrize(
    ("spec", "location", "found"),
    [
        ("", "proxy_pass http://10.0.0.5;", True),
        ("", "proxy_pass http://api;", False),  # whose address that is, is not known
        ("", "proxy_pass http://[2001:db8::5];", False),
        ("[upstream.api]\nhosts = ['10.0.0.5']\nsame_host = true", "proxy_pass http://api;", False),
        ("[upstream.api]\nhosts = ['10.0.0.5']\nport = 80", "proxy_pass http://10.0.0.5;", True),
    ],
)
def test_an_address_that_may_be_this_machines(
    lint: Lint, spec: str, location: str, found: bool
) -> None:
    rows = of_rule(lint(server("proxy_bind 127.0.0.1;", location), spec))
    upstream = "api" if spec else None
    assert rows == [Found(2, "warning", 502, "sometimes", RULE, upstream)] * found


def test_an_address_on_which_nginx_listens_is_this_machines(lint: Lint) -> None:
    body = server("listen 10.0.0.5:80; proxy_bind 127.0.0.1;", "proxy_pass http://10.0.0.5:81;")
    assert of_rule(lint(body)) == []


def test_the_port_may_be_wrong_as_well(findings: Findings) -> None:
    body = server("proxy_bind 127.0.0.1;", "proxy_pass http://10.0.0.5:81;")
    assert [finding.rule for finding in findings(body, ELSEWHERE)] == ["port-mismatch"]


def test_streams(lint: Lint) -> None:
    body = "server { listen 81;\nproxy_bind 127.0.0.1;\nproxy_pass 10.0.0.5:80; }"
    assert of_rule(lint(body, ELSEWHERE, wrap=stream)) == [
        Found(2, "error", 502, "always", RULE, "api")
    ]


def test_another_server_of_the_block_on_this_machine(lint: Lint) -> None:
    body = "upstream b { server 10.0.0.5; server 127.0.0.1:81; }" + server(
        "proxy_bind 127.0.0.1;", "proxy_pass http://b;"
    )
    assert of_rule(lint(body, ELSEWHERE, wrap=http)) == [
        Found(2, "warning", 502, "sometimes", RULE, "api")
    ]


def test_both_sides(findings: Findings) -> None:
    (finding,) = findings(server("proxy_bind 127.0.0.1;"), ELSEWHERE)
    assert finding.message == (
        "nginx connects to 10.0.0.5:80 from 127.0.0.1, an address of its own loopback, from which "
        "no other machine can be reached"
    )
    assert [(place.file, place.line) for place in (finding.place, *finding.related)] == [
        ("nginx.conf", 2),
        ("nginx.conf", 3),
        ("upstreams.toml", 4),
    ]
