from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, OLD, Found

RULE = "keepalive-unsupported"
PERSISTENT = 'proxy_http_version 1.1; proxy_set_header Connection "";'
UWSGI = '[upstream.up]\nport = 3000\nserver = "uwsgi"\nprotocol = "http"\n' \
    "limits.request_headers = 65535\n"  # fmt: skip
CLOSES = "[upstream.up]\nport = 3000\nkeepalive = false\n"


def counts(responses: int, announces: bool | None = False) -> str:
    text = f"[upstream.up]\nport = 3000\n[upstream.up.keepalive]\nmax_requests = {responses}\n"
    return text if announces is None else f"{text}announces_close = {str(announces).lower()}\n"


def body(block: str, settings: str = PERSISTENT, directive: str = "proxy_pass http://up") -> str:
    """The block's own lines are on line 4."""
    return f"""
upstream up {{
server 127.0.0.1:3000;
{block}
}}
server {{ location / {{ {settings}
{directive}; }} }}"""


def unsupported(line: int, severity: str = "error") -> list[Found]:
    return [Found(line, severity, 502, "sometimes", RULE, "up")]


@pytest.mark.parametrize(
    ("block", "settings", "version", "line"),
    [
        ("keepalive 8;", PERSISTENT, OLD, 4),
        ("keepalive 8;", PERSISTENT, NEW, 4),
        ("", "", "1.29.6", None),
        ("", "", "1.29.7", 2),
        ("keepalive 0;", "", NEW, None),
        ("keepalive 8; keepalive_requests 1;", PERSISTENT, OLD, None),
        ("keepalive 8; keepalive_timeout 0;", PERSISTENT, OLD, None),
        ("keepalive 8; keepalive_timeout 1s;", PERSISTENT, OLD, 4),
        ("keepalive 8; least_conn;", PERSISTENT, OLD, None),
        # it does not say "close" when asked either, and nginx goes by the response
        ("keepalive 8;", "proxy_http_version 1.1;", OLD, 4),
        # the response to HTTP/1.0 is one of HTTP/1.0
        ("keepalive 8;", "", OLD, None),
        ("keepalive 8;", "proxy_http_version 1.0;", NEW, None),
    ],
)
def test_the_pool_in_effect(
    lint: Lint, block: str, settings: str, version: str, line: int | None
) -> None:
    found = lint(body(block, settings), UWSGI, version=version, select=(RULE,))
    assert found == ([] if line is None else unsupported(line))


def test_its_pool_is_not_unused(lint: Lint) -> None:
    assert lint(body("keepalive 8;", "proxy_http_version 1.1;"), UWSGI) == unsupported(4)
    assert lint(body("keepalive 8;", "proxy_http_version 1.0;"), UWSGI) == [
        Found(4, "warning", 502, "sometimes", "keepalive-unused", None)
    ]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_an_address_without_a_block_has_no_pool(lint: Lint, version: str) -> None:
    text = f"server {{ {PERSISTENT} location / {{ proxy_pass http://127.0.0.1:3000; }} }}"
    assert lint(text, UWSGI, version=version) == []


@pytest.mark.parametrize(
    ("spec", "severity"),
    [
        (CLOSES, "warning"),
        (counts(1, None), "warning"),
        (counts(1), "error"),
        (counts(1, True), None),
        (counts(50, None), None),
        (counts(50), "error"),
        (counts(50, True), None),
        ('[upstream.up]\nport = 3000\nserver = "gunicorn"\n', None),
        ('[upstream.up]\nport = 3000\nserver = "gunicorn"\nkeepalive = false\n', None),
        ('[upstream.up]\nport = 3000\nserver = "werkzeug"\n', None),
        ('[upstream.up]\nport = 3000\nserver = "node"\nkeepalive = false\n', "warning"),
        ("[upstream.up]\nport = 3000\nkeepalive = true\n", None),
        ("[upstream.up]\nport = 3000\n", None),
    ],
)
def test_what_the_upstream_does(lint: Lint, spec: str, severity: str | None) -> None:
    found = lint(body("keepalive 8;"), spec, select=(RULE,))
    assert found == ([] if severity is None else unsupported(4, severity))


@pytest.mark.parametrize(
    ("requests", "version", "found"),
    [
        ("", "1.18.0", False),  # 100 by default
        ("", "1.19.10", True),  # 1000
        ("keepalive_requests 101;", OLD, True),
        ("keepalive_requests 100;", OLD, False),
    ],
)
def test_nginx_closes_a_connection_after_so_many_requests_itself(
    lint: Lint, requests: str, version: str, found: bool
) -> None:
    rows = lint(body(f"keepalive 8; {requests}"), counts(100), version=version)
    assert rows == (unsupported(4) if found else [])


@pytest.mark.parametrize(
    ("directive", "settings", "spec", "severity"),
    [
        # FastCGI has no way to announce it
        ("fastcgi_pass up", "fastcgi_keep_conn on;", CLOSES, "error"),
        ("fastcgi_pass up", "fastcgi_keep_conn on;", counts(500, None), "error"),
        ("fastcgi_pass up", "", CLOSES, None),
        ("uwsgi_pass up", "", CLOSES, None),
        ("grpc_pass up", "", CLOSES, "warning"),
        ("grpc_pass up", "", counts(500), "error"),
        # a memcached hop only reads, and nginx asks again
        ("memcached_pass up", "", CLOSES, None),
        ("memcached_pass up", "memcached_next_upstream off;", CLOSES, "error"),
    ],
)
def test_each_family(
    lint: Lint, directive: str, settings: str, spec: str, severity: str | None
) -> None:
    found = lint(body("keepalive 8;", settings, directive), spec, select=(RULE,))
    assert found == ([] if severity is None else unsupported(4, severity))


@pytest.mark.parametrize(
    "settings",
    [
        "proxy_next_upstream error non_idempotent;",
        "limit_except GET { deny all; }",
        "if ($request_method !~ ^(GET|HEAD)$) { return 405; }",
    ],
)
def test_what_nginx_sends_again_is_no_502(lint: Lint, settings: str) -> None:
    assert lint(body("keepalive 8;", PERSISTENT + settings), UWSGI) == []


def test_a_pool_belongs_to_its_block(findings: Findings) -> None:
    """A hop that closes its own connections takes what another one has left open."""
    servers = """
upstream up {{ server 127.0.0.1:3000; keepalive 8{}; }}
server {{ proxy_http_version 1.1;
location /kept {{ proxy_set_header Connection ""; proxy_pass http://up; }}
location /closed {{ proxy_http_version 1.0; proxy_pass http://up; }} }}"""
    found = [finding.severity.value for finding in findings(servers.format(""), UWSGI)]
    local = [
        finding.severity.value for finding in findings(servers.format(" local"), UWSGI, version=NEW)
    ]
    assert (found, local) == (["error", "warning"], ["error"])


def test_a_backup_server_is_used_only_while_the_others_fail(findings: Findings) -> None:
    text = body("server 127.0.0.1:4000 backup; keepalive 8;")
    spec = UWSGI.replace("3000", "4000") + "[upstream.other]\nport = 3000\n"
    (finding,) = findings(text, spec)
    assert (finding.severity.value, finding.upstream) == ("warning", "up")


@pytest.mark.parametrize(
    ("spec", "version", "message", "fix"),
    [
        (
            UWSGI,
            "1.30.6",
            "up closes a connection after each response (the default of uwsgi) without saying so, "
            "and nginx keeps that connection: a request that follows at once, on the connection "
            "that is just being closed, answers 502 (POST, PATCH and LOCK, which nginx does not "
            "send again); nginx 1.30.6 keeps connections in every upstream block, as all do from "
            "1.29.7 on",
            "keepalive 0;",
        ),
        (
            CLOSES,
            "1.30.6",
            'up closes a connection after each response; unless it says "Connection: close", nginx '
            "keeps that connection, and a request that follows at once, on the connection that is "
            "just being closed, answers 502 (POST, PATCH and LOCK, which nginx does not send "
            "again); if it does, declare keepalive = { max_requests = 1, announces_close = true }; "
            "nginx 1.30.6 keeps connections in every upstream block, as all do from 1.29.7 on",
            "keepalive 0;",
        ),
        (
            counts(300),
            "1.30.6",
            "up closes a connection after 300 responses without saying so, and nginx keeps that "
            "connection: a request that follows at once, on the connection that is just being "
            "closed, answers 502 (POST, PATCH and LOCK, which nginx does not send again); nginx "
            "1.30.6 keeps connections in every upstream block, as all do from 1.29.7 on",
            "keepalive_requests 300;",
        ),
    ],
)
def test_the_message(findings: Findings, spec: str, version: str, message: str, fix: str) -> None:
    (finding,) = findings(body("", ""), spec, version=version)
    assert (finding.message, finding.fix and finding.fix.description) == (message, fix)
