from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "connection-header"
SPEC = '[upstream.app]\nport = 80\nhosts = ["h"]\n'
INFO = Found(3, "info", None, None, RULE, None)


def location(where: str, settings: str) -> str:
    return f"\nserver {{ location {where} {{\n{settings} proxy_pass http://h;\n}} }}"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ('proxy_set_header Connection "upgrade";', True),
        ('proxy_set_header connection "Upgrade";', True),
        ("set $c upgrade; proxy_set_header Connection $c;", True),
        ('proxy_set_header Connection "";', False),
        ("proxy_set_header Connection close;", False),
        ("proxy_set_header Connection $http_connection;", False),
        ("proxy_set_header Upgrade $http_upgrade;", False),
        ("proxy_set_header Connection $connection_upgrade;", False),
        ("", False),
    ],
)
def test_the_value(lint: Lint, settings: str, found: bool) -> None:
    upgrade = "map $http_upgrade $connection_upgrade { default upgrade; '' close; }"
    assert lint(upgrade + location("/", settings), SPEC) == ([INFO] if found else [])


def test_a_map_that_always_says_so(findings: Findings) -> None:
    body = "\nmap $http_upgrade $c {\ndefault upgrade;\n'' upgrade;\n}" + location(
        "/", "proxy_set_header Connection $c;"
    )
    (finding,) = findings(body, SPEC)
    assert (finding.rule, finding.place.line) == (RULE, 7)
    assert [(place.line, place.note) for place in finding.related] == [(3, "where it comes from")]


@pytest.mark.parametrize(
    ("where", "found"),
    [("/", True), ("^~ /", True), ("/ws", False), ("= /", False), ("~ ^/cable", False)],
)
def test_a_location_for_websockets_may_say_so(lint: Lint, where: str, found: bool) -> None:
    body = location(where, 'proxy_set_header Connection "upgrade";')
    assert lint(body, SPEC) == ([INFO] if found else [])


@pytest.mark.parametrize(("tried", "found"), [("try_files $uri @app;", True), ("", False)])
def test_a_named_location(lint: Lint, tried: str, found: bool) -> None:
    body = f"""
        server {{ location / {{ {tried} }} location @app {{
            proxy_set_header Connection upgrade; proxy_pass http://h;
        }} }}"""
    rows = [row for row in lint(body, SPEC) if row.rule != "unreached-hop"]
    assert rows == ([INFO] if found else [])


@pytest.mark.parametrize(
    ("locations", "found"),
    [
        (("/a", "/b"), True),
        (("/ws",), False),
        # what they say themselves
        (("/ws", "/b own"), False),
    ],
)
def test_a_line_that_locations_inherit(lint: Lint, locations: tuple[str, ...], found: bool) -> None:
    inner = ""
    for name in locations:
        path, _, own = name.partition(" ")
        own = own and 'proxy_set_header Connection "";'
        inner += f"location {path} {{ {own} proxy_pass http://h; }}"
    body = f"\nserver {{\nproxy_set_header Connection upgrade;\n{inner} }}"
    assert lint(body, SPEC) == ([INFO] if found else [])


def test_what_knows_no_such_header(lint: Lint) -> None:
    body = location("/", "proxy_http_version 2; proxy_set_header Connection upgrade;")
    assert RULE not in {row.rule for row in lint(body, SPEC, version="1.29.7")}


def test_an_if_for_websockets(lint: Lint) -> None:
    body = """
        server { location / {
            proxy_set_header Connection "";
            if ($http_upgrade) { proxy_pass http://h; }
        } location /ws { proxy_set_header Connection upgrade; proxy_pass http://h; } }"""
    assert lint(body, SPEC) == []


def test_a_snippet_makes_one_finding(findings: Findings) -> None:
    files = {"ws.conf": "proxy_set_header Connection upgrade;\n"}
    server = "server {{ listen {}; location / {{ include ws.conf; proxy_pass http://h; }} }}"
    servers = "".join(server.format(port) for port in range(81, 101))
    (finding,) = findings(servers, SPEC, files=files)
    assert (finding.place.file, len(finding.hops)) == ("ws.conf", 20)
