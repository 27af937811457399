from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, OLD, Found

RULE = "websocket-upgrade"
SPEC = '[upstream.up]\nport = 1\nprotocol = "http"\nwebsocket = ["/live", "/ws/"]\n'
BOTH = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
ONE = "proxy_http_version 1.1;"
MAP = 'map $http_upgrade $c { default upgrade; "" close; }'


def body(location: str, settings: str = "", passes: str = "proxy_pass http://up:1;") -> str:
    return f"\n{MAP} server {{ location {location} {{\n{settings}\n{passes} }} }}"


def own(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


ALWAYS, SOMETIMES = ([(4, "error", 426, often)] for often in ("always", "sometimes"))
HERE = [(3, "error", 426, "always")]


@pytest.mark.parametrize(
    ("settings", "version", "found"),
    [
        (f"{ONE} {BOTH}", OLD, []),
        (BOTH, NEW, []),  # HTTP/1.1 by default
        (BOTH, OLD, ALWAYS),  # HTTP/1.0
        (f"proxy_http_version 1.0; {BOTH}", NEW, HERE),
        (f"proxy_http_version 2; {BOTH}", NEW, HERE),
        ("", OLD, ALWAYS),
        ("", NEW, ALWAYS),
        (ONE, OLD, ALWAYS),
        (f"{ONE} proxy_set_header Upgrade $http_upgrade;", OLD, ALWAYS),
        (f"{ONE} proxy_set_header Connection upgrade;", OLD, ALWAYS),
        (f"{ONE} {BOTH.replace('$http_upgrade', chr(34) * 2)}", OLD, HERE),
        (f"{ONE} {BOTH.replace('Connection upgrade', 'connection close')}", OLD, HERE),
        (f"{ONE} {BOTH.replace('Connection upgrade', 'Connection $c')}", OLD, []),
        (f"{ONE} {BOTH.replace('Connection upgrade', 'Connection $http_connection')}", OLD, []),
        (f"{ONE} {BOTH.replace('$http_upgrade', 'websocket')}", OLD, []),
        ("proxy_http_version $v;", OLD, []),
    ],
)
def test_what_a_handshake_needs(
    lint: Lint, settings: str, version: str, found: list[tuple[int, str, int, str]]
) -> None:
    assert own(lint(body("/live", settings), SPEC, version=version)) == found


@pytest.mark.parametrize(
    ("location", "passes", "found"),
    [
        ("= /live", "proxy_pass http://up:1;", ALWAYS),
        ("/ws/", "proxy_pass http://up:1;", ALWAYS),
        ("/ws/chat", "proxy_pass http://up:1;", ALWAYS),
        ("= /ws/chat", "proxy_pass http://up:1;", ALWAYS),
        ("/chat/", "proxy_pass http://up:1/ws/chat/;", ALWAYS),
        ("/", "proxy_pass http://up:1;", SOMETIMES),
        ("~ ^/ws/", "proxy_pass http://up:1;", SOMETIMES),
        ("/other", "proxy_pass http://up:1;", []),
        ("~ \\.php$", "proxy_pass http://up:1;", []),
        # the upstream is asked for another path than nginx
        ("/api/", "proxy_pass http://up:1/ws/;", ALWAYS),
        ("/api/", "proxy_pass http://up:1/;", SOMETIMES),
        ("/live", "proxy_pass http://up:1/x;", []),
        ("/live", "proxy_pass http://up:1/$1;", []),  # nobody knows
        ("/live", "fastcgi_pass up:1;", []),
    ],
)
def test_where_it_leads(
    lint: Lint, location: str, passes: str, found: list[tuple[int, str, int, str]]
) -> None:
    assert own(lint(body(location, passes=passes), SPEC)) == found


def test_another_location_takes_them(lint: Lint) -> None:
    text = body("/").replace(
        "server {", f"server {{ location /ws/ {{ {ONE} {BOTH} proxy_pass http://up:1; }}", 1
    )
    assert own(lint(text, SPEC)) == SOMETIMES  # /live
    assert own(lint(text, SPEC.replace('"/live", ', ""))) == []


def test_a_named_location(lint: Lint) -> None:
    text = body("@app").replace("server {", "server { location / { try_files $uri @app; }", 1)
    assert own(lint(text, SPEC)) == SOMETIMES
    text = text.replace("try_files $uri", "error_page 404 =")
    assert own(lint(text, SPEC)) == []


def test_nothing_is_declared(lint: Lint) -> None:
    assert own(lint(body("/ws/"), SPEC.partition("websocket")[0])) == []


@pytest.mark.parametrize(
    ("outer", "settings", "fix", "texts"),
    [
        (
            "",
            "",
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
            'proxy_set_header Connection "upgrade";',
            [
                "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n"
                'proxy_set_header Connection "upgrade";\n'
            ],
        ),
        # lines of its own take the place of those that it has inherited
        (
            "proxy_http_version 1.1; proxy_set_header X  'a b'; proxy_set_header Connection close;",
            "",
            'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
            [
                "proxy_set_header X  'a b';\nproxy_set_header Upgrade $http_upgrade;\n"
                'proxy_set_header Connection "upgrade";\n'
            ],
        ),
        (
            "",
            "proxy_http_version 1.0; proxy_set_header Connection close;",
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
            'proxy_set_header Connection "upgrade";',
            ["1.1", 'Connection "upgrade"', "proxy_set_header Upgrade $http_upgrade;\n"],
        ),
    ],
)
def test_the_fix(findings: Findings, outer: str, settings: str, fix: str, texts: list[str]) -> None:
    text = body("/ws/", settings).replace("server {", f"server {{ {outer}", 1)
    (finding,) = (one for one in findings(text, SPEC) if one.rule == RULE)
    assert finding.fix is not None
    assert finding.fix.description == fix
    assert [edit.text for edit in finding.fix.edits] == texts


def test_plain_requests_keep_their_connection(findings: Findings) -> None:
    (finding,) = (one for one in findings(body("/", ONE), SPEC) if one.rule == RULE)
    assert finding.fix is not None
    assert finding.fix.description == (
        "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;"
    )
    assert finding.message == (
        "up has WebSockets at /live and /ws/, but nginx passes on neither Upgrade nor Connection: "
        "it gets a plain request, and refuses it"
    )
