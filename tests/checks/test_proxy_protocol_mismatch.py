from __future__ import annotations

import pytest

from tests.diagnosis.test_routes_on_nginx import free_port, started
from tests.ladder.test_on_nginx import asked, request
from tests.support.linting import Lint
from tests.support.nginxes import nginx_of
from tests.support.real_nginx import HTTP, MAIN, prefix
from tests.support.sites import Found, stream, write

RULE = "proxy-protocol-mismatch"


def of_rule(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


def spec(expects: str, facts: str = "") -> str:
    return f"[upstream.up]\nport = 1\nproxy_protocol = {expects}\n{facts}\n"


@pytest.mark.parametrize(
    ("settings", "expects", "facts", "status"),
    [
        ("", "true", "", 200),
        ("proxy_protocol off;", "true", "", 200),
        ("proxy_protocol on;", "true", "", None),
        ("proxy_protocol v2;", "true", "", None),
        ("proxy_protocol on;", "false", "", 200),
        ("proxy_protocol on;", "false", 'protocol = "http"\ntls = false', 400),
        ("proxy_protocol on;", "false", 'protocol = "http"\ntls = true', 200),
        ("proxy_protocol on;", "false", 'protocol = "http"', 400),
        ("proxy_protocol on;", "false", 'protocol = "tcp"', 200),
        ("", "false", "", None),
        # the handshake comes after the header
        ("proxy_ssl on;", "true", "tls = true", 502),
        ("proxy_ssl on; proxy_protocol on;", "false", 'protocol = "http"\ntls = true', 502),
        ("proxy_ssl on; proxy_protocol on;", "true", "tls = true", None),
        # with TLS, which it does not expect either
        ("proxy_ssl on; proxy_protocol on;", "false", "tls = false", 502),
        ("proxy_protocol $x;", "true", "", None),
    ],
)
def test_stream(lint: Lint, settings: str, expects: str, facts: str, status: int | None) -> None:
    body = f"{settings} server {{ listen 1; proxy_pass up:1; }}"
    rows = of_rule(lint(body, spec(expects, facts), wrap=stream))
    assert rows == ([] if status is None else [(1, "error", status, "always")])


@pytest.mark.parametrize(
    "body",
    ["proxy_pass http://up:1;", "grpc_pass up:1;", "fastcgi_pass up:1;", "uwsgi_pass up:1;"],
)
def test_no_pass_of_http_sends_it(lint: Lint, body: str) -> None:
    text = f"server {{ location / {{ {body} }} }}"
    assert of_rule(lint(text, spec("true"))) == [(1, "error", 502, "always")]
    assert of_rule(lint(text, spec("false"))) == []


@pytest.mark.parametrize(
    ("settings", "expects", "found"),
    [("", "true", []), ("proxy_protocol on;", "false", [])],
)
def test_datagrams(lint: Lint, settings: str, expects: str, found: list[int]) -> None:
    body = f"server {{ listen 1 udp; {settings} proxy_pass up:1; }}"
    assert of_rule(lint(body, spec(expects, 'protocol = "udp"'), wrap=stream)) == found


@pytest.mark.parametrize(
    ("line", "facts", "severity"),
    [
        # a session that has begun is over
        ("proxy_pass b;", "", "error"),
        ("proxy_ssl on; proxy_pass b;", "tls = true", "warning"),
    ],
)
def test_one_of_two_servers(lint: Lint, line: str, facts: str, severity: str) -> None:
    body = f"upstream b {{ server up:1; server other:1; }} server {{ listen 1; {line} }}"
    other = f"[upstream.other]\nport = 1\nproxy_protocol = false\n{facts}\n"
    status = 502 if facts else 200
    assert of_rule(lint(body, spec("true", facts) + other, wrap=stream)) == [
        (1, severity, status, "sometimes")
    ]


def test_nobody_says(lint: Lint) -> None:
    body = "proxy_protocol on; server { listen 1; proxy_pass up:1; }"
    assert of_rule(lint(body, "[upstream.up]\nport = 1\n", wrap=stream)) == []


@pytest.mark.parametrize(
    ("listens", "settings", "expects", "sends", "found"),
    [
        ("listen 1;", "", "true", "proxy_protocol = true", []),
        ("listen 1;", "", "true", "proxy_protocol = false", [("error", 200, "always")]),
        ("listen 1;", "", "true", "", [("warning", 200, "sometimes")]),
        ("listen 1;", "", "false", "proxy_protocol = true", [("error", 200, "always")]),
        ("listen 1;", "", "false", "proxy_protocol = false", []),
        ("listen 1;", "", "false", "", []),
        ("listen 1 proxy_protocol;", "", "true", "proxy_protocol = true",
         [("error", 200, "always")]),
        ("listen 1 proxy_protocol;", "", "false", "proxy_protocol = true", []),
        # to which of them the front sends is not known
        ("listen 1; listen 2 proxy_protocol;", "", "false", "proxy_protocol = true", []),
        ("listen 1; listen 2 proxy_protocol;", "", "true", "proxy_protocol = true",
         [("warning", 200, "sometimes")]),
        ("listen 1;", "proxy_ssl on;", "true", "proxy_protocol = true",
         [("error", 502, "always")]),
    ],
)  # fmt: skip
def test_what_a_front_sends_is_passed_on(
    lint: Lint,
    listens: str,
    settings: str,
    expects: str,
    sends: str,
    found: list[tuple[str, int, str]],
) -> None:
    body = f"server {{ {listens} {settings} proxy_pass up:1; }}"
    tls = "tls = true" if settings else 'protocol = "tcp"'
    text = f"{spec(expects, tls)}[front.lb]\n{sends}\n"
    rows = of_rule(lint(body, text, wrap=stream))
    assert [row[1:] for row in rows] == found


SITE = """
    server { listen 127.0.0.1:EXPECTS proxy_protocol; location / { return 204; } }
    server { listen 127.0.0.1:PLAIN; location / { return 204; } }
"""
PASSES = """
    server { listen 127.0.0.1:FIRST; proxy_pass 127.0.0.1:EXPECTS; }
    server { listen 127.0.0.1:SECOND; proxy_pass 127.0.0.1:PLAIN; }
"""


@pytest.mark.slow
def test_nginx_passes_the_header_on() -> None:
    nginx = nginx_of("sid")
    module = f"load_module {nginx.stream};\n" if nginx.stream else ""
    text = (
        f"{module}daemon off; master_process off; error_log error.log;\n{MAIN}"
        f"http {{\n{HTTP}{SITE}}}\nstream {{{PASSES}}}\n"
    )
    ports = {name: free_port() for name in ("EXPECTS", "PLAIN", "FIRST", "SECOND")}
    for name, port in ports.items():
        text = text.replace(f":{name}", f":{port}")
    header = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"
    with prefix() as folder:
        write(folder, {"nginx.conf": text})
        with started(nginx, folder, folder / "nginx.conf", ports["FIRST"]):
            answers = [
                asked(ports[name], first + request("/"))[0]
                for name in ("FIRST", "SECOND")
                for first in (header, b"")
            ]
    assert answers == [204, None, 400, 204]
