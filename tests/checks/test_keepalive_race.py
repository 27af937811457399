from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, OLD, Found

RULE = "keepalive-race"
PERSISTENT = 'proxy_http_version 1.1; proxy_set_header Connection "";'
SPEC = '[upstream.up]\nport = 3000\n[upstream.up.keepalive]\nidle_timeout = "5s"\n'


def body(block: str, settings: str = PERSISTENT, directive: str = "proxy_pass http://up") -> str:
    """The block's own lines are on line 4."""
    return f"""
upstream up {{
server 127.0.0.1:3000;
{block}
}}
server {{ location / {{ {settings}
{directive}; }} }}"""


def race(line: int) -> list[Found]:
    return [Found(line, "error", 502, "sometimes", RULE, "up")]


@pytest.mark.parametrize(
    ("block", "version", "line"),
    [
        # a pool that is declared; 60s by default
        ("keepalive 8;", OLD, 4),
        ("keepalive 8;", NEW, 4),
        # none by itself before 1.29.7
        ("", "1.29.6", None),
        ("", "1.29.7", 2),
        ("keepalive 0;", NEW, None),
        # the margin is one second
        ("keepalive 8; keepalive_timeout 4s;", OLD, None),
        ("keepalive 8; keepalive_timeout 4001ms;", OLD, 4),
        ("keepalive 8; keepalive_timeout 5s;", OLD, 4),
        # this one closes a connection when it comes back to the pool, not while it is idle
        ("keepalive 8; keepalive_time 3s;", OLD, 4),
        ("keepalive 8; keepalive_requests 1;", OLD, None),
        ("keepalive 8 local;", NEW, 4),
        ("keepalive 0 local;", NEW, None),
        ("keepalive_timeout 4s;", NEW, None),
        ("keepalive_timeout 0; keepalive 8;", OLD, None),
        ("keepalive 8;\n# keepalive_timeout 4s;", OLD, 4),
        # a balancing method after it drops the pool, up to 1.29.6
        ("keepalive 8; least_conn;", "1.29.6", None),
        ("keepalive 8; least_conn;", "1.29.7", 4),
        ("least_conn; keepalive 8;", "1.29.6", 4),
    ],
)
def test_the_pool_in_effect(lint: Lint, block: str, version: str, line: int | None) -> None:
    found = [row for row in lint(body(block), SPEC, version=version) if row.rule == RULE]
    assert found == ([] if line is None else race(line))


def test_the_clients_keepalive_timeout_is_another_directive(lint: Lint) -> None:
    assert lint("keepalive_timeout 4s; " + body("keepalive 8;"), SPEC) == race(4)
    assert lint("keepalive_timeout 75s; " + body("keepalive 8; keepalive_timeout 4s;"), SPEC) == []


@pytest.mark.parametrize(
    ("settings", "version", "kept"),
    [
        ("", OLD, False),
        ("", NEW, True),
        ("proxy_http_version 1.1;", OLD, False),
        ('proxy_set_header Connection "";', OLD, False),
        (PERSISTENT, OLD, True),
        ("proxy_http_version 1.1; proxy_set_header connection keep-alive;", OLD, True),
        ("proxy_http_version 1.0;", NEW, False),
        ("proxy_http_version 1.1; proxy_set_header Connection close;", NEW, False),
        ("proxy_set_header Host $host;", NEW, True),
        ("proxy_http_version 1.1; proxy_set_header Connection $http_connection;", OLD, True),
        ("proxy_http_version 1.1; proxy_set_header Connection $http_x;", OLD, None),
        ("proxy_http_version 2;", NEW, True),
    ],
)
def test_whether_connections_are_kept(
    lint: Lint, settings: str, version: str, kept: bool | None
) -> None:
    rows = lint(body("keepalive 8;", settings), SPEC, version=version)
    unused = [Found(4, "warning", 502, "sometimes", "keepalive-unused", None)]
    assert rows == (race(4) if kept else [] if kept is None else unused)


def test_a_location_that_sets_a_header_loses_the_servers(lint: Lint) -> None:
    """``proxy_set_header`` is inherited all or nothing."""
    text = f"{PERSISTENT} " + body("keepalive 8;", "proxy_set_header X-Forwarded-For $remote_addr;")
    assert lint(text, SPEC, version=OLD) == [
        Found(4, "warning", 502, "sometimes", "keepalive-unused", None)
    ]
    assert lint(text, SPEC, version=NEW) == race(4)
    assert lint(f"{PERSISTENT} " + body("keepalive 8;", ""), SPEC, version=OLD) == race(4)


def test_the_map_for_websockets(lint: Lint) -> None:
    text = "map $http_upgrade $connection { default upgrade; '' %s; } " + body(
        "keepalive 8;", "proxy_http_version 1.1; proxy_set_header Connection $connection;"
    )
    assert lint(text % "''", SPEC) == race(4)
    assert lint(text % "close", SPEC) == [
        Found(4, "warning", 502, "sometimes", "keepalive-unused", None)
    ]


@pytest.mark.parametrize(
    ("directive", "settings", "kept"),
    [
        ("fastcgi_pass up", "", False),
        ("fastcgi_pass up", "fastcgi_keep_conn on;", True),
        ("uwsgi_pass up", "", False),
        ("scgi_pass up", "", False),
        ("grpc_pass up", "", True),
        ("proxy_pass https://up", PERSISTENT, True),
    ],
)
def test_each_family(lint: Lint, directive: str, settings: str, kept: bool) -> None:
    rows = lint(body("keepalive 8;", settings, directive), SPEC, select=("keepalive-race",))
    assert rows == (race(4) if kept else [])


def test_memcached_is_only_asked_and_asked_again(lint: Lint) -> None:
    assert lint(body("keepalive 8;", "", "memcached_pass up"), SPEC) == []
    assert lint(
        body("keepalive 8;", "memcached_next_upstream off;", "memcached_pass up"), SPEC
    ) == (race(4))


@pytest.mark.parametrize("version", [OLD, NEW])
def test_an_address_without_a_block_has_no_pool(lint: Lint, version: str) -> None:
    text = f"server {{ {PERSISTENT} location / {{ proxy_pass http://127.0.0.1:3000; }} }}"
    assert lint(text, SPEC, version=version) == []


@pytest.mark.parametrize(
    "spec",
    [
        "[upstream.up]\nport = 3000\n",
        "[upstream.up]\nport = 3000\nkeepalive = true\n",
        "[upstream.up]\nport = 3000\nkeepalive = false\n",
        '[upstream.up]\nport = 3000\n[upstream.up.keepalive]\nidle_timeout = "61s"\n',
        '[upstream.up]\nport = 3000\nserver = "gunicorn"\n',
    ],
)
def test_an_upstream_that_gives_no_reason(lint: Lint, spec: str) -> None:
    assert lint(body("keepalive 8;"), spec, select=(RULE,)) == []


@pytest.mark.parametrize(
    ("keeps", "closes", "races"),
    [
        ("300ms", "1200ms", False),
        ("300ms", "375ms", False),
        ("300ms", "374ms", True),
        ("1s", "1250ms", False),
        ("1s", "1249ms", True),
        ("1200ms", "300ms", True),
        ("4s", "5s", False),
        ("4s", "4999ms", True),
        ("59s", "60s", False),
        ("60s", "60s", True),
    ],
)
def test_the_margin_is_at_most_a_quarter(lint: Lint, keeps: str, closes: str, races: bool) -> None:
    text = body(f"keepalive 8; keepalive_timeout {keeps};")
    assert lint(text, SPEC.replace('"5s"', f'"{closes}"')) == (race(4) if races else [])


def test_the_margin_is_an_option(lint: Lint) -> None:
    text, spec = body("keepalive 8; keepalive_timeout 9s;"), SPEC.replace("5s", "10s")
    assert lint(text, spec) == []
    assert lint(text, spec, rules={RULE: {"margin": 2000}}) == race(4)
    text = body("keepalive 8; keepalive_timeout 5s;")
    assert lint(text, SPEC, rules={RULE: {"margin": 0}}) == []


@pytest.mark.parametrize(
    ("settings", "directive", "which"),
    [
        ("", "proxy_pass http://up", "POST, PATCH and LOCK, which nginx does not send again"),
        ("proxy_next_upstream off;", "proxy_pass http://up",
         "every method, for nothing is sent again here"),
        ("proxy_next_upstream timeout;", "proxy_pass http://up",
         "every method, for nothing is sent again here"),
        ("limit_except POST { deny all; }", "proxy_pass http://up",
         "POST, which nginx does not send again"),
        ("proxy_http_version 2;", "proxy_pass http://up",
         "every method, for nginx fails to send HTTP/2 requests again"),
        ("", "grpc_pass up",
         "every call, for a gRPC call is a POST, which nginx does not send again"),
        ("grpc_next_upstream error non_idempotent;", "grpc_pass up",
         "every call, for a gRPC call is a POST, which nginx does not send again"),
        ("proxy_request_buffering off;", "proxy_pass http://up",
         "POST, PATCH and LOCK, which nginx does not send again, and uploads that are still being "
         "sent, for they are not buffered"),
        ("proxy_request_buffering off; limit_except PUT { deny all; }", "proxy_pass http://up",
         "uploads that are still being sent, for they are not buffered"),
    ],
)  # fmt: skip
def test_which_requests_are_hit(
    findings: Findings, settings: str, directive: str, which: str
) -> None:
    found = findings(body("keepalive 8;", PERSISTENT + settings, directive), SPEC)
    assert [finding.message for finding in found] == [
        "up closes idle connections after 5s, but nginx keeps them for up to 60s by default: a "
        f"request on a connection that is just being closed answers 502 ({which})"
    ]


@pytest.mark.parametrize(
    ("settings", "severities"),
    [
        ("proxy_next_upstream error non_idempotent;", []),
        ("proxy_next_upstream error non_idempotent; proxy_request_buffering off;", ["error"]),
        ("proxy_request_buffering off; limit_except GET { deny all; }", []),
        (
            "proxy_request_buffering off; limit_except PUT { deny all; }",
            ["error"],
        ),
        ("limit_except GET { deny all; }", []),
        ("if ($request_method !~ ^(GET|HEAD)$) { return 405; }", []),
        ("if ($request_method ~* ^(post|patch|lock)$) { return 405; }", []),
        ("if ($request_method != GET) { return 405; }", []),
        ("if ($request_method = POST) { return 405; }", ["error"]),  # PATCH is left
        ("if ($request_method !~ ^(GET|HEAD)$) { set $x 1; }", ["error"]),
        ("if ($http_x = POST) { return 405; }", ["error"]),
        ("if ($request_method ~ ^(?>POST)) { return 405; }", ["error"]),  # also where Python fails
    ],
)
def test_what_nginx_sends_again_is_no_502(lint: Lint, settings: str, severities: list[str]) -> None:
    rows = lint(body("keepalive 8;", PERSISTENT + settings), SPEC)
    assert rows == [Found(4, one, 502, "sometimes", RULE, "up") for one in severities]


@pytest.mark.parametrize(
    ("idle", "version", "fix"),
    [
        ("5s", OLD, "keepalive_timeout 4s;"),
        ("1500ms", OLD, "keepalive_timeout 1s;"),
        ("1200ms", OLD, "remove the keepalive line"),
        ("1200ms", NEW, "keepalive 0;"),
    ],
)
def test_the_fix(findings: Findings, idle: str, version: str, fix: str) -> None:
    spec = SPEC.replace("5s", idle)
    (finding,) = findings(body("keepalive 8;"), spec, version=version)
    assert finding.fix is not None and finding.fix.description == fix


def test_two_servers_of_a_block_are_two_upstreams(lint: Lint) -> None:
    text = body("server 127.0.0.1:4000; keepalive 8;")
    spec = SPEC + '[upstream.two]\nport = 4000\n[upstream.two.keepalive]\nidle_timeout = "75s"\n'
    assert lint(text, spec) == race(4)


def test_a_pool_belongs_to_its_block(findings: Findings) -> None:
    """A hop that closes its own connections takes what another one has left open."""
    servers = """
upstream up {{ server 127.0.0.1:3000; keepalive 8{}; }}
server {{ proxy_http_version 1.1;
location /kept {{ proxy_set_header Connection ""; proxy_pass http://up; }}
location /closed {{ proxy_http_version 1.0; proxy_pass http://up; }} }}"""
    found = [finding.severity.value for finding in findings(servers.format(""), SPEC)]
    local = [
        finding.severity.value for finding in findings(servers.format(" local"), SPEC, version=NEW)
    ]
    assert (found, local) == (["error", "warning"], ["error"])
