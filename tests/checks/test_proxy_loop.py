from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, http, stream

RULE = "proxy-loop"


def of_rule(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


def loop(line: int = 1, frequency: str = "always", status: int = 500) -> Found:
    return Found(line, "error", status, frequency, RULE, None)


@pytest.mark.parametrize(
    "server",
    [
        "listen 80; location / { proxy_pass http://127.0.0.1; }",
        "location / { proxy_pass http://localhost:80; }",
        "listen 127.0.0.1:81; location / { proxy_pass http://127.0.0.1:81/; }",
        "listen [::1]:81; location / { proxy_pass http://[::1]:81; }",
        "listen [::]:81 ipv6only=off; location / { proxy_pass http://127.0.0.1:81; }",
        "listen unix:/run/x; location / { proxy_pass http://unix:/run/x; }",
        "listen unix:/run/x; location / { proxy_pass http://unix:/run/x:/; }",
        "listen 10.0.0.5:80; location / { proxy_pass http://10.0.0.5; }",
        "listen 81; location / { set $to 127.0.0.1:81; proxy_pass http://$to; }",
        "listen 81; location / { proxy_pass http://127.0.0.1:81$request_uri; }",
        "listen 81 ssl; location / { proxy_pass https://127.0.0.1:81; }",
        "listen 81; location /api/ { proxy_pass http://127.0.0.1:81; }",
        "listen 81; location ~ ^/(a|b)/ { proxy_pass http://127.0.0.1:81; }",
        "listen 81; location = / { proxy_pass http://127.0.0.1:81; }",
        # what is reached by try_files is reached so again
        "listen 81; location / { try_files $uri @a; } location @a "
        "{ proxy_pass http://127.0.0.1:81; }",
        # other locations do not take what came here
        r"listen 81; location ~ \.php$ { return 403; } location / "
        "{ proxy_pass http://127.0.0.1:81; }",
        "listen 81; auth_basic off; location / { proxy_pass http://127.0.0.1:81; }",
    ],
)
def test_to_itself(lint: Lint, server: str) -> None:
    assert of_rule(lint(f"server {{ {server} }}")) == [loop()]


@pytest.mark.parametrize(
    "server",
    [
        "listen 81; location / { proxy_pass http://127.0.0.1:80; }",
        "listen 81; location / { proxy_pass http://10.0.0.5:81; }",  # perhaps of this machine
        "listen 81; server_name x.example; location / { proxy_pass http://x.example:81; }",
        "listen 127.0.0.1:81; location / { proxy_pass http://127.0.0.2:81; }",
        "listen [::]:81; location / { proxy_pass http://127.0.0.1:81; }",
        "listen 81 udp; location / { proxy_pass http://127.0.0.1:81; }",
        # what comes is refused at once
        "listen 81 ssl; location / { proxy_pass http://127.0.0.1:81; }",
        "listen 81; location / { proxy_pass https://127.0.0.1:81; }",
        "listen 81 proxy_protocol; location / { proxy_pass http://127.0.0.1:81; }",
        "listen 81 ssl; ssl_verify_client on; location / { proxy_pass https://127.0.0.1:81; }",
        "listen 81 ssl; location / { proxy_ssl_verify on; proxy_pass https://127.0.0.1:81; }",
        # something may answer, or change the request
        "listen 81; deny all; location / { proxy_pass http://127.0.0.1:81; }",
        "listen 81; auth_basic x; location / { proxy_pass http://127.0.0.1:81; }",
        "listen 81; if ($http_via) { return 508; } location / { proxy_pass http://127.0.0.1:81; }",
        "listen 81; rewrite ^/a /b; location / { proxy_pass http://127.0.0.1:81; }",
        "listen 81; location / { limit_req zone=a; proxy_pass http://127.0.0.1:81; }",
        "listen 81; location / { access_by_lua_file x; proxy_pass http://127.0.0.1:81; }",
        "listen 81; location / { internal; proxy_pass http://127.0.0.1:81; }",
        "listen 81; location / { proxy_method HEAD; proxy_pass http://127.0.0.1:81; }",
        "listen 81; location / { if ($a) { proxy_pass http://127.0.0.1:81; } }",
        # another location takes what comes back
        "listen 81; location /a/ { proxy_pass http://127.0.0.1:81/b/; } location /b/ { root x; }",
        "listen 81; location /a/ { proxy_pass http://127.0.0.1:81/b/; }",
        "listen 81; location = /a { proxy_pass http://127.0.0.1:81/b; }",
        r"listen 81; location /a/ { proxy_pass http://127.0.0.1:81/a/b; } location ~ b { root x; }",
        # an error page of another upstream that fails
        "listen 81; location / { proxy_pass http://h:1; error_page 502 = @a; } location @a "
        "{ proxy_pass http://127.0.0.1:81; }",
        # an answer of one of them ends it
        "listen 81; location / { set $to $arg_to; proxy_pass http://$to; }",
    ],
)
def test_no_circle(lint: Lint, server: str) -> None:
    assert of_rule(lint(f"server {{ {server} }}")) == []


def test_a_uri_that_grows(findings: Findings) -> None:
    text = "server { listen 81; location / { proxy_pass http://127.0.0.1:81/app/; } }"
    (finding,) = (one for one in findings(text) if one.rule == RULE)
    assert finding.message == (
        "nginx itself listens on 127.0.0.1:81, and passes the request to itself again: it goes "
        "round until nginx has no connection left, for anybody, and the client gets 500, or 502, "
        "or 414 as the URI gets longer with each round"
    )


def test_some_requests_only(lint: Lint) -> None:
    text = (
        "server { listen 81; location / { proxy_pass http://127.0.0.1:81/app/; } "
        r"location ~ \.png$ { root x; } }"
    )
    assert of_rule(lint(text)) == [loop(frequency="sometimes")]


TWO = """
server {
    listen 80;
    server_name a.example;
    location / {
        proxy_set_header Host %s;
        proxy_pass http://127.0.0.1%s;
    }
}
server {
    listen 80;
    server_name b.example;
    location / { %s }
}
"""


@pytest.mark.parametrize(
    ("host", "port", "second", "found"),
    [
        ("$host", "", "root x;", [loop(7)]),
        ("$http_host", "", "root x;", [loop(7)]),
        ("a.example", "", "root x;", [loop(7)]),
        ("a.example:80", "", "root x;", [loop(7)]),
        ("$server_name", "", "root x;", [loop(7)]),
        ("B.example", "", "root x;", []),
        ("b.example", "", "proxy_pass http://127.0.0.1;", [loop(7)]),  # to the default server
        ("b.example", "", "proxy_set_header Host $host; proxy_pass http://127.0.0.1;", [loop(13)]),
        ("b.example", "", "proxy_pass http://127.0.0.1:3000;", []),
        ("$proxy_host", "", "root x;", [loop(7)]),
        ("$http_x", "", "root x;", []),
        ('""', "", "root x;", []),
        ("$host", ":81", "root x;", []),
    ],
)
def test_the_server_that_the_host_leads_to(
    lint: Lint, host: str, port: str, second: str, found: list[Found]
) -> None:
    assert of_rule(lint(TWO % (host, port, second))) == found


def test_the_default_server_is_another_one(lint: Lint) -> None:
    text = (
        "server { listen 80; return 444; } server { listen 80; server_name a.example; "
        "location / { %s proxy_pass http://127.0.0.1; } }"
    )
    assert of_rule(lint(text % "")) == []
    assert of_rule(lint(text % "proxy_set_header Host $host;")) == [loop()]


def test_two_servers_that_pass_to_each_other(findings: Findings) -> None:
    text = """
server {
    listen 80;
    location / {
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_pass http://127.0.0.1:81;
    }
}
server {
    listen 81;
    location / { proxy_pass http://localhost; }
}
"""
    (finding,) = (one for one in findings(text) if one.rule == RULE)
    assert (finding.message, len(finding.hops)) == (
        "nginx itself listens on 127.0.0.1:81 and localhost:80, and the request comes back to this "
        "pass: it goes round until nginx has no connection left, for anybody, and the client gets "
        "500, or 502, or 400 as X-Forwarded-For gets longer with each round",
        2,
    )
    assert [(place.line, place.note) for place in (finding.place, *finding.related)] == [
        (6, "127.0.0.1:81 is nginx itself"),
        (11, "and on to localhost:80"),
        (10, "nginx listens here"),
        (3, "nginx listens here"),
    ]


def test_a_way_into_a_circle_is_not_told_again(lint: Lint) -> None:
    text = (
        "server { listen 80; location / { proxy_pass http://127.0.0.1:81; } }\n"
        "server { listen 81; location / { proxy_pass http://127.0.0.1:81; } }"
    )
    assert of_rule(lint(text)) == [loop(2)]


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        ("server 127.0.0.1:81;", True),
        ("server 127.0.0.1:81; server localhost:81;", True),
        ("server 127.0.0.1:81; server h:3000;", False),
        ("server 127.0.0.1:81; server h:3000 backup;", False),
        ("server h:3000; server 127.0.0.1:81 down;", False),
    ],
)
def test_a_block(lint: Lint, servers: str, found: bool) -> None:
    server = "server { listen 81; location / { proxy_pass http://up; } }"
    text = f"upstream up {{ {servers} }} {server}"
    assert of_rule(lint(text)) == ([loop()] if found else [])


def test_what_is_not_seen(lint: Lint) -> None:
    text = "%s server { listen 81; %s location / { %s proxy_pass http://127.0.0.1:81; } }"
    assert of_rule(lint(text % ("", "", ""))) == [loop()]
    for index in range(3):
        include = ["include missing.conf;" if index == place else "" for place in range(3)]
        assert of_rule(lint(text % tuple(include), files={"other": ""})) == []


@pytest.mark.parametrize(
    ("version", "parameters", "found"),
    [("1.1", "", True), ("2", "", False), ("1.1", "http2", False)],
)
def test_versions_of_http(lint: Lint, version: str, parameters: str, found: bool) -> None:
    text = (
        f"server {{ listen 81 {parameters}; location / {{ proxy_http_version {version}; "
        "proxy_pass http://127.0.0.1:81; } }"
    )
    assert of_rule(lint(text, version="1.31.6")) == ([loop()] if found else [])


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        ("server { listen 1; proxy_pass 127.0.0.1:1; }", True),
        ("server { listen 1; proxy_pass [::1]:1; }", False),
        (
            "server { listen 1; proxy_pass localhost:2; } "
            "server { listen 2; proxy_pass 127.0.0.1:1; }",
            True,
        ),
        ("server { listen 1 proxy_protocol; proxy_pass 127.0.0.1:1; }", False),
        ("server { listen 1 proxy_protocol; proxy_protocol on; proxy_pass 127.0.0.1:1; }", True),
        ("server { listen 1 ssl; proxy_pass 127.0.0.1:1; }", False),
        ("server { listen 1 udp; proxy_pass 127.0.0.1:1; }", False),
        ("server { listen 1; deny all; proxy_pass 127.0.0.1:1; }", False),
        ("server { listen 1; proxy_pass h:1; }", False),
    ],
)  # fmt: skip
def test_stream(lint: Lint, servers: str, found: bool) -> None:
    assert of_rule(lint(servers, wrap=stream)) == ([loop(status=200)] if found else [])


def test_a_declared_upstream_at_the_same_address(lint: Lint) -> None:
    text = "server { listen 81; location / { proxy_pass http://127.0.0.1:81; } }"
    assert lint(text, "[upstream.app]\nport = 81\n") == [loop()._replace(upstream="app")]


def test_it_is_not_called_refused_as_well(findings: Findings) -> None:
    text = "upstream app { server 127.0.0.1; } server { location / { proxy_pass http://app; } }"
    (finding,) = findings(text, "[upstream.app]\nport = 3000\n")
    assert (finding.rule, finding.upstream) == (RULE, "app")
    assert finding.fix is not None
    assert finding.fix.description == "server 127.0.0.1:3000;"


def test_error_page(findings: Findings) -> None:
    text = (
        "server { listen 81; location / { proxy_pass http://127.0.0.1:81; %s } "
        "location = /x { root x; } }"
    )

    def seen(page: str) -> list[tuple[str, int | None]]:
        found = findings(text % page)
        return [(one.severity.value, one.status) for one in found if one.rule == RULE]

    assert seen("error_page 500 /x;") == [("error", 500)]
    assert seen("error_page 502 =200 /x;") == [("error", 500)]
    assert seen("error_page 500 =200 /x;") == [("warning", 500)]
    assert seen("error_page 500 502 =503 /x;") == [("error", 503)]


def test_one_line_for_many_servers(lint: Lint, findings: Findings) -> None:
    files = {"pass.inc": "location / { proxy_set_header Host $host; proxy_pass http://127.0.0.1; }"}
    body = "".join(
        f"server {{ server_name s{n}.example; include pass.inc; }}\n" for n in range(300)
    )
    (finding,) = (one for one in findings(body, files=files) if one.rule == RULE)
    assert (finding.place.file, len(finding.hops)) == ("pass.inc", 300)


def test_a_fragment(lint: Lint) -> None:
    text = "server { listen 81; location / { proxy_pass http://127.0.0.1:81; } }"
    assert of_rule(lint(text, wrap=lambda body: body)) == []
    assert of_rule(lint(text, wrap=http)) == [loop()]
