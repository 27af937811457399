from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, Found

RULE = "http2-connection-header"
SPEC = '[upstream.up]\nport = 1\nprotocol = "http"\nhttp_versions = ["1.1", "2"]\n'


def node(server: str = "node") -> str:
    return f'{SPEC}server = "{server}"\n'


def of_rule(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


MAP = 'map $http_upgrade $connection_upgrade { default upgrade; "" %s; }'
ALWAYS = [(3, "error", 502, "always")]
PERHAPS = [(3, "warning", 502, "sometimes")]


def body(line: str, around: str = "", passes: str = "") -> str:
    passes = passes or "proxy_http_version 2; proxy_pass http://up:1;"
    return f"{around} server {{ location / {{\n\n{line}\n{passes} }} }}"


@pytest.mark.parametrize(
    ("line", "around", "found"),
    [
        ("proxy_set_header Connection close;", "", ALWAYS),
        ("proxy_set_header connection Upgrade;", "", ALWAYS),
        ("proxy_set_header Upgrade websocket;", "", ALWAYS),
        ("proxy_set_header Keep-Alive timeout=5;", "", ALWAYS),
        ("proxy_set_header Transfer-Encoding chunked;", "", ALWAYS),
        ("proxy_set_header TE gzip;", "", ALWAYS),
        ("proxy_set_header TE trailers;", "", []),
        ('proxy_set_header Connection "";', "", []),
        ("proxy_set_header X-Connection close;", "", []),
        ("proxy_set_header Host $host;", "", []),
        ("grpc_set_header Connection close;", "", []),  # of another family
        ("proxy_set_header Connection $connection_upgrade;", MAP % "close", ALWAYS),
        ("proxy_set_header Connection $connection_upgrade;", MAP % '""', PERHAPS),
        ("proxy_set_header Upgrade $http_upgrade;", "", PERHAPS),
        ("proxy_set_header Connection $http_connection;", "", PERHAPS),
        # one that is always sent goes first
        ("proxy_set_header Connection close; proxy_set_header Upgrade $http_upgrade;", "", ALWAYS),
    ],
)
def test_what_is_sent(
    lint: Lint, line: str, around: str, found: list[tuple[int, str, int, str]]
) -> None:
    assert of_rule(lint(body(line, around), node(), version=NEW)) == found


def test_the_headers_of_another_level(lint: Lint) -> None:
    text = body("proxy_set_header Host $host;").replace(
        "server {", "proxy_set_header Connection close; server {", 1
    )
    assert of_rule(lint(text, node(), version=NEW)) == []


@pytest.mark.parametrize(
    ("passes", "found"),
    [
        ("proxy_http_version 1.1; proxy_pass http://up:1;", False),
        ("proxy_pass http://up:1;", False),
        ("proxy_http_version $v; proxy_pass http://up:1;", False),
        ("proxy_http_version 2; proxy_pass http://other:1;", False),
        ("grpc_set_header Connection close; grpc_pass grpc://up:1;", True),
        ("grpc_set_header Connection close; grpc_pass grpc://other:1;", False),
    ],
)
def test_what_is_spoken(lint: Lint, passes: str, found: bool) -> None:
    text = body("proxy_set_header Connection close;", passes=passes)
    rows = of_rule(lint(text, node(), version=NEW))
    assert [row[1:] for row in rows] == ([("error", 502, "always")] if found else [])


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        (node(), ("error", 502, "always")),
        (node("express"), ("error", 502, "always")),
        (node("granian"), ("error", 502, "always")),
        (node("hypercorn"), ("error", 502, "always")),
        (node("caddy"), ("error", 400, "always")),
        (node("go"), ("error", 400, "always")),
        (node("nginx"), None),
        (SPEC, ("warning", 502, "sometimes")),
        (node("envoy"), ("warning", 502, "sometimes")),
        ('[upstream.up]\nport = 1\nprotocol = "grpc"\n', ("warning", 502, "sometimes")),
        # what does not speak HTTP/2 at all
        (node().replace(', "2"', ""), None),
        ('[upstream.up]\nport = 1\nprotocol = "fastcgi"\n', None),
    ],
)
def test_servers(lint: Lint, spec: str, found: tuple[str, int, str] | None) -> None:
    rows = of_rule(lint(body("proxy_set_header Connection close;"), spec, version=NEW))
    assert [row[1:] for row in rows] == ([found] if found else [])


@pytest.mark.parametrize(
    ("server", "settings", "severity"),
    [
        ("node", "", "error"),
        ("node", "proxy_next_upstream invalid_header;", "error"),  # nor here
        ("node", "proxy_next_upstream error non_idempotent;", "error"),
        ("node", "proxy_next_upstream invalid_header non_idempotent;", "warning"),
        ("hypercorn", "", "error"),  # a POST is not sent to another server
        ("hypercorn", "proxy_next_upstream error non_idempotent;", "warning"),
    ],
)
def test_one_of_two_servers(lint: Lint, server: str, settings: str, severity: str) -> None:
    first = node(server).replace("[upstream.up]", "[[upstream.up]]")
    spec = first + first.replace("port = 1", "port = 2").replace(server, "nginx")
    text = body(
        f"proxy_set_header Connection close; {settings}",
        "upstream up { server 127.0.0.1:1; server 127.0.0.1:2; }",
        "proxy_http_version 2; proxy_pass http://up;",
    )
    assert of_rule(lint(text, spec, version=NEW)) == [(3, severity, 502, "sometimes")]


@pytest.mark.parametrize(
    ("line", "server", "message"),
    [
        (
            "proxy_set_header Connection close;",
            "node",
            'nginx sends "Connection: close" in HTTP/2, where a header of the connection makes a '
            "request malformed: up refuses it",
        ),
        (
            "proxy_set_header Upgrade $http_upgrade;",
            "caddy",
            'nginx sends "Upgrade: $http_upgrade" in HTTP/2, where a header of the connection '
            "makes a request malformed: up answers 400, whenever it is not empty",
        ),
        (
            "proxy_set_header Connection close;",
            "envoy",
            'nginx sends "Connection: close" in HTTP/2, where a header of the connection makes a '
            "request malformed: a server that goes by RFC 9113 refuses it",
        ),
    ],
)
def test_what_it_says(findings: Findings, line: str, server: str, message: str) -> None:
    found = findings(body(line), node(server), version=NEW)
    assert [one.message for one in found if one.rule == RULE] == [message]


def test_one_line_for_many_hops(findings: Findings) -> None:
    locations = "".join(f"location /{n} {{ proxy_pass http://up:1; }}" for n in range(300))
    text = f"proxy_http_version 2; proxy_set_header Connection close; server {{ {locations} }}"
    (finding,) = (one for one in findings(text, node(), version=NEW) if one.rule == RULE)
    assert len(finding.hops) == 300


WEBSOCKET = (
    "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;"
)


@pytest.mark.parametrize(
    ("lines", "spec", "fix"),
    [
        (WEBSOCKET, node(), "proxy_http_version 1.1; for WebSockets need it"),
        # the upstream has no HTTP/1.1
        (WEBSOCKET, node().replace('"1.1", ', ""), 'proxy_set_header Connection "";'),
        ("proxy_set_header Connection close;", node(), 'proxy_set_header Connection "";'),
    ],
)
def test_the_fix_breaks_no_websocket(findings: Findings, lines: str, spec: str, fix: str) -> None:
    text = body(lines, MAP % "close")
    (finding,) = (one for one in findings(text, spec, version=NEW) if one.rule == RULE)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (fix, False)
    version = [edit.text for edit in finding.fix.edits if edit.text == "1.1"]
    assert version == (["1.1"] if "WebSockets" in fix else [])
