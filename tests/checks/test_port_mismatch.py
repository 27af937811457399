from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, http, stream

SPEC = "[upstream.api]\nport = 3000\n"


def server(directive: str) -> str:
    return f"\nserver {{ location / {{\n{directive};\n}} }}"


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("proxy_pass http://api:3000", []),
        ("proxy_pass http://127.0.0.1:3000", []),
        ("proxy_pass http://api:3001", [("error", "always", "api")]),
        ("proxy_pass http://api", [("error", "always", "api")]),
        ("fastcgi_pass api:3001", [("error", "always", "api")]),
        ("memcached_pass api:3001", [("error", "always", "api")]),
    ],
)
def test_a_literal_address(
    lint: Lint, directive: str, expected: list[tuple[str, str, str]]
) -> None:
    assert lint(server(directive), SPEC) == [
        Found(3, severity, 502, frequency, "port-mismatch", upstream)
        for severity, frequency, upstream in expected
    ]


@pytest.mark.parametrize("address", ["127.0.0.1:3001", "localhost", "[::1]:3001"])
def test_something_undeclared_may_listen_on_the_loopback(lint: Lint, address: str) -> None:
    body = server(f"proxy_pass http://{address}").replace("server {", "server { listen 81;", 1)
    assert lint(body, SPEC) == [
        Found(3, "warning", 502, "sometimes", "port-mismatch", None),
        Found(1, "info", None, None, "unused-upstream", "api", "upstreams.toml"),
    ]


def test_nginx_itself_listens_on_the_loopback(lint: Lint) -> None:
    body = """
        server { location / { proxy_pass http://127.0.0.1:81; } }
        server { listen 81; location / { root x; } }"""
    unused = Found(1, "info", None, None, "unused-upstream", "api", "upstreams.toml")
    assert lint(body, SPEC) == [unused]
    assert lint(body, f"complete = true\n{SPEC}") == []
    named = body.replace("server {", "upstream api { server 127.0.0.1:81; } server {", 1)
    assert lint(named.replace("//127.0.0.1:81", "//api"), SPEC) == []


def test_a_directive_that_is_commented_out_is_none(lint: Lint) -> None:
    body = server("# proxy_pass http://api:3001;\nproxy_pass http://api:3000")
    assert lint(body, SPEC) == []


def test_where_everything_is_declared(lint: Lint) -> None:
    body = server("proxy_pass http://127.0.0.1:3001")
    assert lint(body, "complete = true\n" + SPEC) == [
        Found(3, "error", 502, "always", "port-mismatch", "api")
    ]
    assert lint(body, "complete = true") == [
        Found(3, "error", 502, "always", "port-mismatch", None)
    ]


def test_equal_texts_at_two_places_are_two_findings(lint: Lint) -> None:
    body = """
        server { location /a {
                proxy_pass http://api:3001; }
            location /b {
                proxy_pass http://api:3001; } }"""
    assert lint(body, SPEC) == [
        Found(3, "error", 502, "always", "port-mismatch", "api"),
        Found(5, "error", 502, "always", "port-mismatch", "api"),
    ]


def test_one_place_reached_by_two_hops_is_one_finding(findings: Findings) -> None:
    body = """
        upstream api { server 127.0.0.1:3001; }
        server { location /a { proxy_pass http://api; } location /b { proxy_pass http://api; } }"""
    (finding,) = findings(body, SPEC)
    assert len(finding.hops) == 2


@pytest.mark.parametrize(
    ("body", "line", "edit"),
    [
        ("\nserver { location / { proxy_pass http://api:3001/x; } }", 2, (44, 49, ":3000")),
        ("\nserver { location / { proxy_pass 'http://api:3001/x'; } }", 2, (45, 50, ":3000")),
        ("\nupstream api {\n  server 127.0.0.1:3001 weight=2;\n} "
         "server { location / { proxy_pass http://api; } }", 3, (19, 24, ":3000")),
        ("\nupstream api {\n  server 127.0.0.1;\n} "
         "server { listen 81; location / { proxy_pass http://api; } }", 3,
         (10, 19, "127.0.0.1:3000")),
        # a port that nginx chooses has no place where it is written
        ("\nserver { location / { proxy_pass http://api; } }", 2, None),
        # one that is written twice is left to people
        ("\nserver { location / { proxy_pass http://api:3001/:3001; } }", 2, None),
    ],
)  # fmt: skip
def test_the_fix(findings: Findings, body: str, line: int, edit: object) -> None:
    (finding,) = findings(body, SPEC)
    assert finding.place.line == line
    edits = finding.fix.edits if finding.fix else ()
    assert [(e.column, e.end_column, e.text) for e in edits] == ([edit] if edit else [])
    for e in edits:
        assert (e.file, e.line) == ("nginx.conf", line)


def test_what_it_says(findings: Findings) -> None:
    spec = "[[upstream.api]]\nport = 3000\n[[upstream.api]]\nport = 4000\n"
    (finding,) = findings(server("proxy_pass http://api:3900"), spec)
    assert finding.message == (
        "nginx connects to api:3900, but api listens on port 4000 and port 3000"
    )
    assert [(p.file, p.line, p.note) for p in finding.related] == [
        ("upstreams.toml", 4, "api listens on port 4000"),
        ("upstreams.toml", 2, "api listens on port 3000"),
    ]
    assert finding.fix is None


def test_of_many_the_nearest_are_named(findings: Findings) -> None:
    spec = "".join(f"[upstream.u{port}]\nport = {port}\n" for port in range(2000, 2010))
    found = findings(server("proxy_pass http://127.0.0.1:1999"), spec)
    (finding,) = (one for one in found if one.rule == "port-mismatch")
    assert finding.message == (
        "nginx connects to 127.0.0.1:1999, where nothing is declared; declared there: "
        "u2000 on port 2000, u2001 on port 2001, u2002 on port 2002 and 7 more"
    )
    assert [place.note for place in finding.related] == [
        f"u{port} listens on port {port}" for port in (2000, 2001, 2002)
    ]


def test_one_without_a_port_may_be_what_listens_there(lint: Lint) -> None:
    spec = 'complete = true\n[upstream.other]\nport = 3000\n[upstream.app]\nhosts = ["127.0.0.1"]\n'
    other = "server { listen 81; location / { proxy_pass http://other:3000; } }"
    body = server("proxy_pass http://127.0.0.1:5000") + other
    assert lint(body, spec) == []


def test_hops_that_share_a_block_are_told_at_once(findings: Findings) -> None:
    """Each hop in its own finding would be merged too, after servers times locations of work."""
    locations = "".join(f"location /{i} {{ proxy_pass http://api; }}\n" for i in range(5))
    servers = "server 127.0.0.1:3001; server 127.0.0.1:3002;"
    body = f"\nupstream api {{ {servers} }} server {{ {locations} }}"
    assert [(len(one.hops), one.frequency, one.severity.value) for one in findings(body, SPEC)] == [
        (5, "always", "error"),
        (5, "always", "error"),
    ]


def test_a_block_that_retries_differently_is_two_findings(lint: Lint) -> None:
    body = """
        upstream api {
            server 127.0.0.1:3001;
            server 127.0.0.1:3000; }
        server {
            location /a { proxy_pass http://api; }
            location /b { proxy_pass http://api; proxy_next_upstream off; } }"""
    rows = [row for row in lint(body, SPEC) if row.rule != "retry-off"]
    assert rows == [
        Found(3, "error", 502, "sometimes", "port-mismatch", "api"),
        Found(3, "warning", 502, "sometimes", "port-mismatch", "api"),
    ]


def test_nobody_refuses_a_datagram(findings: Findings) -> None:
    body = "\nserver { listen 53 udp;\nproxy_pass 10.0.0.7:5353; }"
    spec = '[upstream.dns]\nhosts = ["10.0.0.7"]\nport = 53\nprotocol = "udp"\n'
    (finding,) = findings(body, spec, wrap=stream)
    assert (finding.rule, finding.status) == ("port-mismatch", 200)
    assert finding.log == (
        "recv() failed (111: Connection refused) while proxying and reading from upstream"
    )


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("127.0.0.1:9000", False),
        ("localhost:9001", False),
        ("host.docker.internal:9000", False),
        ("web:80", False),
        ("web:9000", True),
        ("10.0.0.5:9000", True),
    ],
)
def test_a_published_port_is_one_of_the_machine(
    lint: Lint, findings: Findings, address: str, found: bool
) -> None:
    spec = '[upstream.web]\nhosts = ["10.0.0.5"]\nport = 80\npublished = [9000, 9001]\n'
    body = f"\nserver {{ location / {{ proxy_pass http://{address}; }} }}"
    rows = lint(body, spec)
    assert rows == ([Found(2, "error", 502, "always", "port-mismatch", "web")] if found else [])
    if found:
        (finding,) = findings(body, spec)
        assert finding.message == (
            f"nginx connects to {address}, but web listens on port 80; 9000 is only published on "
            "its machine, for those who do not come from its own network"
        )


@pytest.mark.parametrize("wrap", [http, stream])
def test_the_port_of_a_service_is_that_of_its_answer(
    lint: Lint, wrap: Callable[[str], str]
) -> None:
    block = "resolver ::1; upstream up { zone z 64k; server api resolve service=http; }"
    passed = "proxy_pass http://up;" if wrap is http else "proxy_pass up;"
    inside = f"location / {{ {passed} }}" if wrap is http else passed
    found = lint(f"{block} server {{ listen 1; {inside} }}", SPEC, wrap=wrap, version="1.30.6")
    assert found == []
