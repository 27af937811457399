from __future__ import annotations

from pathlib import Path

import pytest

from lint502.findings import Fix
from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, OLD, Found, check, http, stream

RULE = "protocol-mismatch"
PASSES = {
    "proxy": "proxy_pass http://up:9000",
    "fastcgi": "fastcgi_pass up:9000",
    "uwsgi": "uwsgi_pass up:9000",
    "scgi": "scgi_pass up:9000",
    "grpc": "grpc_pass up:9000",
    "memcached": "memcached_pass up:9000",
}
STATUSES = {
    #            http  grpc  fastcgi uwsgi scgi memcached tcp  udp
    "proxy":     [None, 200, 502, 502, 502, 502, 502, 502],
    "fastcgi":   [502, 502, None, 502, 502, 504, 502, 502],
    "uwsgi":     [400, 502, 502, None, 502, 504, 502, 502],
    "scgi":      [400, 502, 502, 502, None, 504, 502, 502],
    "grpc":      [502, None, 502, 502, 502, 502, 502, 502],
    "memcached": [502, 502, 502, 502, 502, None, 502, 502],
}  # fmt: skip
PROTOCOLS = ("http", "grpc", "fastcgi", "uwsgi", "scgi", "memcached", "tcp", "udp")


def rows(lint: Lint, kind: str, facts: str, version: str = OLD) -> list[Found]:
    body = f"\nserver {{ location / {{\n{PASSES[kind]};\n}} }}"
    return lint(body, f"[upstream.up]\nport = 9000\n{facts}\n", version=version)


@pytest.mark.parametrize("kind", STATUSES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_pass_with_each_protocol(lint: Lint, kind: str, protocol: str) -> None:
    status = STATUSES[kind][PROTOCOLS.index(protocol)]
    assert rows(lint, kind, f'protocol = "{protocol}"') == (
        [] if status is None else [Found(3, "error", status, "always", RULE, "up")]
    )


@pytest.mark.parametrize(
    ("kind", "facts", "status"),
    [
        # the server decides what a protocol that it does not know gets
        ("uwsgi", 'server = "gunicorn"', 500),
        ("uwsgi", 'server = "gunicorn-gthread"', 504),
        ("scgi", 'server = "waitress"', 504),
        ("uwsgi", 'server = "node"', 400),
        ("fastcgi", 'server = "gunicorn"', 502),
        ("fastcgi", 'server = "caddy"', 504),
        ("fastcgi", 'server = "node"', 502),
        ("scgi", 'server = "hypercorn"', 502),
        ("uwsgi", 'server = "hypercorn"', 400),
        ("memcached", 'server = "node"', 502),
        ("memcached", 'server = "tornado"', 504),
        ("proxy", 'server = "php-fpm"', 502),
        ("fastcgi", 'server = "php-fpm"', None),
        # a server that was not measured behaves like another
        ("uwsgi", 'server = "fastify"', 400),
        ("uwsgi", 'server = "spring-boot"', 400),
        ("uwsgi", 'server = "traefik"', 504),
        ("uwsgi", 'server = "puma"', 400),
        # an HTTP/2 server speaks gRPC's protocol
        ("grpc", 'protocol = "http"\nhttp_versions = ["1.1", "2"]', None),
        ("grpc", 'protocol = "http"\nhttp_versions = ["1.1"]', 502),
        ("proxy", 'server = "haproxy"', None),
        ("proxy", "", None),
    ],
)
def test_by_server(lint: Lint, kind: str, facts: str, status: int | None) -> None:
    assert rows(lint, kind, facts) == (
        [] if status is None else [Found(3, "error", status, "always", RULE, "up")]
    )


@pytest.mark.parametrize(
    ("settings", "version", "expected"),
    [
        ("", OLD, [200]),
        ("", NEW, [200]),
        ("proxy_http_version 2;", NEW, []),
        ("proxy_http_version 1.1;", NEW, [200]),
    ],
)
def test_grpc_by_proxy_pass(lint: Lint, settings: str, version: str, expected: list[int]) -> None:
    body = f"\nserver {{ location / {{ {settings}\n{PASSES['proxy']};\n}} }}"
    spec = '[upstream.up]\nport = 9000\nprotocol = "grpc"\n'
    assert lint(body, spec, version=version) == [
        Found(3, "error", status, "always", RULE, "up") for status in expected
    ]


@pytest.mark.parametrize(
    ("listen", "protocol", "status"),
    [
        ("listen 1;", "tcp", None),
        ("listen 1;", "http", None),
        ("listen 1;", "fastcgi", None),
        ("listen 1;", "udp", 502),
        ("listen 1 udp;", "udp", None),
        # stream has no status for datagrams: the session ends without an answer
        ("listen 1 udp;", "tcp", 200),
        ("listen 1; listen 1 udp;", "udp", None),
        ("", "udp", None),
    ],
)
def test_stream(lint: Lint, listen: str, protocol: str, status: int | None) -> None:
    spec = f'[upstream.up]\nport = 9000\nprotocol = "{protocol}"\n'
    body = f"\nserver {{ {listen}\nproxy_pass up:9000; }}"
    assert lint(body, spec, wrap=stream) == (
        [] if status is None else [Found(3, "error", status, "always", RULE, "up")]
    )


def test_what_a_profile_says_is_said_to_come_from_it(findings: Findings) -> None:
    body = "server { location / { proxy_pass http://up:9000; } }"
    (finding,) = findings(body, '[upstream.up]\nport = 9000\nserver = "php-fpm"\n')
    assert finding.message == (
        "proxy_pass speaks HTTP, but up speaks FastCGI (the default of php-fpm)"
    )
    (related,) = finding.related
    assert (related.file, related.line, related.note) == (
        "upstreams.toml",
        3,
        "up speaks FastCGI (the default of php-fpm)",
    )


@pytest.mark.parametrize(
    ("line", "facts", "said"),
    [
        ("uwsgi_pass up:9000", 'server = "node"', ": the server's own 400"),
        (
            "uwsgi_pass up:9000",
            'server = "gunicorn"',
            ": the server's own 500 after 30s, when the server gives up",
        ),
        # nginx gives up first
        (
            "uwsgi_read_timeout 5s; uwsgi_pass up:9000",
            'server = "gunicorn"',
            ": 504 after uwsgi_read_timeout (5s)",
        ),
        # whoever is quicker
        (
            "uwsgi_pass up:9000",
            'server = "daphne"',
            ": 504 after uwsgi_read_timeout (60s) or 502 after 60s, when the server gives up",
        ),
        (
            "scgi_pass up:9000",
            'server = "uvicorn"',
            ": the server's own 400 or 504 after scgi_read_timeout (60s)",
        ),
        (
            "uwsgi_pass up:9000",
            'server = "puma"',
            ": the server's own 400, with most servers",
        ),
        (
            "proxy_pass http://up:9000",
            'protocol = "grpc"',
            ": bytes that are no HTTP (status 200, 009 in nginx's access log), with most servers",
        ),
        ("proxy_pass http://up:9000", 'server = "php-fpm"', ""),
    ],
)
def test_the_message_says_what_the_client_sees(
    findings: Findings, line: str, facts: str, said: str
) -> None:
    body = f"server {{ location / {{ {line}; }} }}"
    (finding,) = findings(body, f"[upstream.up]\nport = 9000\n{facts}\n")
    assert finding.message.endswith(said or "(the default of php-fpm)")
    assert finding.message.count(": ") == said.count(": ")


@pytest.mark.parametrize(
    ("line", "facts", "description"),
    [
        (
            "proxy_pass http://up:1",
            'protocol = "grpc"\ntls = true',
            "grpc_pass grpcs://up:1; in the place of proxy_pass",
        ),
        (
            "proxy_pass http://up:1/x",
            'protocol = "uwsgi"',
            "include uwsgi_params; uwsgi_pass up:1; in the place of proxy_pass",
        ),
        (
            "fastcgi_pass up:1",
            'protocol = "http"',
            "proxy_pass http://up:1; in the place of fastcgi_pass",
        ),
        (
            "proxy_pass http://up:1/x",
            'protocol = "tcp"',
            "a server in stream {} with listen PORT; and proxy_pass up:1; for no pass in http "
            "speaks a protocol of its own over TCP",
        ),
        (
            "proxy_pass http://up:1",
            'protocol = "udp"',
            "a server in stream {} with listen PORT udp; and proxy_pass up:1; for no pass in http "
            "speaks UDP",
        ),
    ],
)
def test_the_fix(line: str, facts: str, description: str, tmp_path: Path) -> None:
    body = f"server {{ location / {{ {line}; }} }}"
    spec = f"[upstream.up]\nport = 1\n{facts}\n"
    report = check(tmp_path, {"nginx.conf": http(body), "upstreams.toml": spec})
    fixes = [one.fix for one in (*report.findings, *report.hidden) if one.rule == RULE]
    assert fixes == [Fix(description)]


@pytest.mark.parametrize(
    ("listen", "protocol", "description"),
    [("53 reuseport", "udp", "listen 53 reuseport udp;"), ("53 udp", "tcp", "listen 53;")],
)
def test_the_fix_of_a_stream(
    findings: Findings, listen: str, protocol: str, description: str
) -> None:
    body = f"server {{ listen {listen}; proxy_pass up:53; }}"
    spec = f'[upstream.up]\nport = 53\nprotocol = "{protocol}"\n'
    (finding,) = findings(body, spec, wrap=stream)
    assert finding.fix == Fix(description)


def test_the_fix_where_another_server_speaks_what_nginx_speaks(findings: Findings) -> None:
    body = (
        "\nupstream both { server 10.0.0.1:1; server 10.0.0.2:2; }\n"
        "server { location / { proxy_pass http://both; } }"
    )
    spec = (
        '[upstream.one]\nhosts = ["10.0.0.1"]\nport = 1\nprotocol = "http"\n'
        '[upstream.two]\nhosts = ["10.0.0.2"]\nport = 2\nprotocol = "fastcgi"\n'
    )
    (finding,) = (one for one in findings(body, spec) if one.rule == RULE)
    assert finding.fix == Fix(
        "another upstream block for two (nginx.conf:2) with a pass of its own, for the other "
        "servers behind proxy_pass speak HTTP"
    )
