from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "tls-mismatch"
PLAIN, TLS = "tls = false", "tls = true"


@pytest.mark.parametrize(
    ("directive", "facts", "status"),
    [
        ("proxy_pass http://up:1", PLAIN, None),
        ("proxy_pass https://up:1", TLS, None),
        ("proxy_pass https://up:1", PLAIN, 502),
        ("proxy_pass http://up:1", TLS, 502),
        ("proxy_pass http://up:1", "", None),
        ("proxy_pass https://up:1", "", None),
        # the table form is TLS too
        ("proxy_pass http://up:1", 'tls = { versions = ["TLSv1.3"] }', 502),
        # servers with an answer of their own on the TLS port
        ("proxy_pass http://up:1", f'{TLS}\nserver = "nginx"', 400),
        ("proxy_pass http://up:1", f'{TLS}\nserver = "go/1.22"', 400),
        ("proxy_pass http://up:1", f'{TLS}\nserver = "node"', 502),
        ("proxy_pass http://up:1", f'{TLS}\nserver = "spring-boot"', 400),
        ("proxy_pass https://up:1", f'{PLAIN}\nserver = "waitress"', 504),
        ("proxy_pass https://up:1", f'{PLAIN}\nserver = "werkzeug"', 502),
        ("proxy_pass http://up:1", f'{TLS}\nserver = "granian"', 200),
        ("grpc_pass grpc://up:1", f'{TLS}\nserver = "nginx"\nprotocol = "grpc"', 502),
        ("grpc_pass grpcs://up:1", f'{PLAIN}\nprotocol = "grpc"', 502),
        ("grpc_pass up:1", f'{TLS}\nprotocol = "grpc"', 502),
        ("uwsgi_pass suwsgi://up:1", f'{PLAIN}\nprotocol = "uwsgi"', 502),
        ("uwsgi_pass uwsgi://up:1", f'{TLS}\nprotocol = "uwsgi"', 502),
        # these cannot speak TLS
        ("fastcgi_pass up:1", TLS, None),
        ("scgi_pass up:1", TLS, None),
        ("memcached_pass up:1", TLS, None),
    ],
)
def test_both_sides(lint: Lint, directive: str, facts: str, status: int | None) -> None:
    body = f"\nserver {{ location / {{\n{directive};\n}} }}"
    assert lint(body, f"[upstream.up]\nport = 1\n{facts}\n") == (
        [] if status is None else [Found(3, "error", status, "always", RULE, "up")]
    )


@pytest.mark.parametrize(
    ("line", "facts", "status", "said", "log"),
    [
        ("proxy_pass http://up:1", f'{TLS}\nserver = "go"', 400, ": the server's own 400", None),
        (
            "proxy_pass http://up:1",
            f'{TLS}\nserver = "werkzeug"',
            502,
            "which wants it",
            "recv() failed (104: Connection reset by peer) while reading response header "
            "from upstream",
        ),
        (
            "proxy_pass https://up:1",
            f'{PLAIN}\nserver = "tornado"',
            504,
            ": 504 after proxy_connect_timeout (60s)",
            "upstream timed out (110: Connection timed out) while SSL handshaking to upstream",
        ),
        (
            "proxy_pass https://up:1",
            f'{PLAIN}\nserver = "uwsgi"\nprotocol = "http"',
            502,
            ": 502 after 4s, when the server gives up",
            "peer closed connection in SSL handshake… while SSL handshaking to upstream",
        ),
        # larger handshakes from a newer OpenSSL make it see sooner that they are none of its own
        (
            "uwsgi_pass suwsgi://up:1",
            f'{PLAIN}\nserver = "uwsgi"',
            502,
            "which does not",
            "peer closed connection in SSL handshake… while SSL handshaking to upstream",
        ),
        (
            "proxy_pass http://up:1",
            f'{TLS}\nserver = "granian"',
            200,
            ": bytes that are no HTTP (status 200, 009 in nginx's access log)",
            "upstream sent no valid HTTP/1.0 header while reading response header from upstream",
        ),
    ],
)
def test_the_message_says_what_the_client_sees(
    findings: Findings, line: str, facts: str, status: int, said: str, log: str | None
) -> None:
    body = f"server {{ location / {{ {line}; }} }}"
    (finding,) = findings(body, f"[upstream.up]\nport = 1\n{facts}\n")
    assert (finding.status, finding.log) == (status, log)
    assert finding.message.endswith(said)


def test_a_stream_says_nothing_of_a_handshake_that_takes_too_long(findings: Findings) -> None:
    body = "server { listen 1; proxy_ssl on; proxy_connect_timeout 5s; proxy_pass up:1; }"
    spec = f'[upstream.up]\nport = 1\n{PLAIN}\nserver = "waitress"\n'
    (finding,) = findings(body, spec, wrap=stream)
    assert (finding.status, finding.log) == (502, None)
    assert finding.message.endswith(": 502 after proxy_connect_timeout (5s)")


@pytest.mark.parametrize(
    ("settings", "facts", "found"),
    [
        ("proxy_ssl on;", PLAIN, True),
        ("proxy_ssl on;", TLS, False),
        # without TLS of its own, the client's may pass through
        ("", TLS, False),
        ("", PLAIN, False),
        ("proxy_ssl $x;", PLAIN, False),
    ],
)
def test_stream(lint: Lint, settings: str, facts: str, found: bool) -> None:
    body = f"\nserver {{ listen 1; {settings}\nproxy_pass up:1; }}"
    assert lint(body, f"[upstream.up]\nport = 1\n{facts}\n", wrap=stream) == (
        [Found(3, "error", 502, "always", RULE, "up")] if found else []
    )


def test_one_block_by_both_schemes(lint: Lint) -> None:
    body = """
        upstream up { server 127.0.0.1:1; }
        server { location /a { proxy_pass http://up; }
            location /b { proxy_pass https://up; } }"""
    assert lint(body, f"[upstream.up]\nport = 1\n{PLAIN}\n") == [
        Found(4, "error", 502, "always", RULE, "up")
    ]


def test_the_scheme_of_the_request(lint: Lint) -> None:
    body = (
        "\nserver { listen 80; listen 443 ssl; location / { proxy_pass $scheme://127.0.0.1:1; } }"
    )
    assert lint(body, f"[upstream.up]\nport = 1\n{PLAIN}\n") == [
        Found(2, "error", 502, "sometimes", RULE, "up")
    ]


@pytest.mark.parametrize(
    ("settings", "severity"),
    [("", "error"), ("proxy_next_upstream error non_idempotent;", "warning")],
)
def test_plain_to_tls_is_seen_after_the_request_was_sent(
    lint: Lint, settings: str, severity: str
) -> None:
    body = f"""
        upstream up {{ server 127.0.0.1:1; server 127.0.0.1:2; }}
        server {{ {settings} location / {{ proxy_pass http://up; }} }}"""
    spec = f"[[upstream.up]]\nport = 1\n{TLS}\n[[upstream.up]]\nport = 2\n{PLAIN}\n"
    assert lint(body, spec) == [Found(3, severity, 502, "sometimes", RULE, "up")]


def test_the_fix(findings: Findings) -> None:
    body = "server { location / { proxy_pass HTTP://up:1/x; } }"
    (finding,) = findings(body, f"[upstream.up]\nport = 1\n{TLS}\n")
    assert finding.fix is not None
    assert finding.fix.description == "proxy_pass https://up:1/x;"


def test_the_fix_is_not_safe_where_the_protocol_differs_too(findings: Findings) -> None:
    body = "server { location / { proxy_pass https://up:1; } }"
    for facts, safe in ((PLAIN, True), (f'{PLAIN}\nprotocol = "fastcgi"', False)):
        found = findings(body, f"[upstream.up]\nport = 1\n{facts}\n")
        fixes = [finding.fix for finding in found if finding.rule == RULE]
        assert [fix is not None and fix.safe for fix in fixes] == [safe]


@pytest.mark.parametrize(
    ("directive", "port", "facts", "found"),
    [
        ("proxy_pass https://up:3000", "3000", 'protocol = "http"', True),
        ("grpc_pass grpcs://up:50051", "50051", 'protocol = "grpc"', True),
        ("uwsgi_pass suwsgi://up:3031", "3031", 'protocol = "uwsgi"', True),
        ("proxy_pass https://up:443", "443", 'protocol = "http"', False),
        ("proxy_pass https://up:8443", "8443", 'protocol = "http"', False),
        ("proxy_pass https://up:3000", "3000", 'protocol = "http"\ntls = true', False),
        ("proxy_pass https://up:3000", "3000", "", False),  # nothing is said of it at all
        ("proxy_pass https://up:3000", "3000", 'protocol = "tcp"', False),
        ("proxy_pass http://up:3000", "3000", 'protocol = "http"', False),
    ],
)
def test_nothing_says_whether_it_speaks_tls(
    lint: Lint, directive: str, port: str, facts: str, found: bool
) -> None:
    body = f"\nserver {{ location / {{\n{directive};\n}} }}"
    rows = lint(body, f"[upstream.up]\nport = {port}\n{facts}\n")
    doubt = [Found(3, "warning", 502, "sometimes", RULE, "up")]
    assert [row for row in rows if row.rule == RULE] == (doubt if found else [])


def test_a_doubt_asks_for_tls(findings: Findings) -> None:
    body = "\nserver { location / { proxy_pass https://up:3000; } }"
    (finding,) = findings(body, '[upstream.up]\nport = 3000\nprotocol = "http"\n')
    assert finding.message == (
        "nginx speaks TLS to up, and nothing says that up does, on port 3000; if it does not, "
        "this is a 502"
    )
    assert finding.fix is not None
    assert finding.fix.description == "declare tls = true of up, or tls = false"


MIXED = """
    upstream both { server 10.0.0.1:1; server 10.0.0.2:2; }
    server { location / { proxy_pass http://both; } }"""


@pytest.mark.parametrize(
    ("other", "description", "safe"),
    [
        (TLS, "proxy_pass https://both;", True),
        ("", "proxy_pass https://both; once all of its servers speak TLS", False),
        (
            PLAIN,
            "another upstream block for one (nginx.conf:2) with a pass of its own, for the other "
            "servers behind proxy_pass speak no TLS",
            False,
        ),
    ],
)
def test_the_fix_does_not_move_the_failure_to_another_server(
    findings: Findings, other: str, description: str, safe: bool
) -> None:
    spec = (
        f'[upstream.one]\nhosts = ["10.0.0.1"]\nport = 1\n{TLS}\n'
        f'[upstream.two]\nhosts = ["10.0.0.2"]\nport = 2\n{other}\n'
    )
    finding, *_ = (one for one in findings(MIXED, spec) if one.rule == RULE)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (description, safe)
    assert bool(finding.fix.edits) is (other != PLAIN)


def test_nor_to_another_hop_of_a_shared_line(findings: Findings) -> None:
    body = (
        "server { set $to one; location / { include pass; } }"
        "server { listen 81; set $to two; location / { include pass; } }"
        "upstream one { server 10.0.0.1:1; } upstream two { server 10.0.0.2:2; }"
    )
    spec = (
        f'[upstream.one]\nhosts = ["10.0.0.1"]\nport = 1\n{TLS}\n'
        '[upstream.two]\nhosts = ["10.0.0.2"]\nport = 2\n'
    )
    (finding,) = findings(body, spec, files={"pass": "proxy_pass http://$to;"})
    assert finding.fix is not None and not finding.fix.safe


@pytest.mark.parametrize(
    ("line", "facts", "description"),
    [
        ("grpc_pass up:1", f'{TLS}\nprotocol = "grpc"', "grpc_pass grpcs://up:1;"),
        ("uwsgi_pass up:1", f'{TLS}\nprotocol = "uwsgi"', "uwsgi_pass suwsgi://up:1;"),
        (
            "proxy_pass http://up:1",
            f'{TLS}\nprotocol = "grpc"',
            "grpc_pass grpcs://up:1; in the place of proxy_pass",
        ),
        (
            "proxy_pass https://up:1",
            f'{PLAIN}\nprotocol = "grpc"',
            "grpc_pass grpc://up:1; in the place of proxy_pass",
        ),
    ],
)
def test_the_fix_speaks_what_the_upstream_speaks(
    findings: Findings, line: str, facts: str, description: str
) -> None:
    body = f"server {{ location / {{ {line}; }} }}"
    found = findings(body, f"[upstream.up]\nport = 1\n{facts}\n")
    fixes = [one.fix.description for one in found if one.rule == RULE and one.fix is not None]
    assert fixes == [description]


def test_the_port_stays_where_the_scheme_had_it(findings: Findings) -> None:
    body = "server { location / { proxy_pass http://up/a; } }"
    (finding,) = findings(body, f"[upstream.up]\nport = 80\n{TLS}\n")
    assert finding.fix is not None and finding.fix.description == "proxy_pass https://up:80/a;"


@pytest.mark.parametrize(
    ("variable", "passed", "description"),
    [
        ("set $proto http;", "$proto://up:1", "set $proto https;"),
        ("set $to http://up:1;", "$to", "set $to https://up:1;"),
    ],
)
def test_the_fix_of_a_scheme_in_a_variable(
    findings: Findings, variable: str, passed: str, description: str
) -> None:
    body = f"resolver ::1; server {{ location / {{ {variable} proxy_pass {passed}; }} }}"
    found = findings(body, f'[upstream.up]\nport = 1\nresolvers = ["::1"]\n{TLS}\n')
    (fix,) = (one.fix for one in found if one.rule == RULE)
    assert fix is not None and not fix.safe and len(fix.edits) == 1
    assert fix.description == f"{description} in the place of set (nginx.conf:1)"
