"""What the client sees of one bad server among several, by port-mismatch."""

from __future__ import annotations

import pytest

from tests.support.linting import Lint
from tests.support.sites import Found, stream

SPEC = "[upstream.api]\nport = 3000\n"
RULE = "port-mismatch"


def of_the_rule(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


def mismatch(line: int, severity: str, frequency: str) -> Found:
    return Found(line, severity, 502, frequency, RULE, "api")


ONE_OF_TWO = """
upstream api {
    server 127.0.0.1:3000;
    server 127.0.0.1:3001;
}
server { location / { %s proxy_pass http://api; } }"""


@pytest.mark.parametrize(
    ("settings", "severity"),
    [
        ("", "warning"),
        ("proxy_next_upstream error;", "warning"),
        ("proxy_next_upstream timeout http_502; proxy_next_upstream error;", "warning"),
        ("proxy_next_upstream_tries 0;", "warning"),
        ("proxy_next_upstream_tries 2;", "warning"),
        ("proxy_next_upstream off;", "error"),
        ("proxy_next_upstream off error;", "error"),
        ("proxy_next_upstream timeout;", "error"),
        ("proxy_next_upstream_tries 1;", "error"),
        # the settings of another family do nothing here
        ("fastcgi_next_upstream off;", "warning"),
    ],
)
def test_one_of_two_servers(lint: Lint, settings: str, severity: str) -> None:
    assert of_the_rule(lint(ONE_OF_TWO % settings, SPEC)) == [mismatch(4, severity, "sometimes")]


def test_a_backup_server(lint: Lint) -> None:
    body = ONE_OF_TWO.replace("3001;", "3001 backup;")
    for settings in ("", "proxy_next_upstream off;", "proxy_next_upstream_tries 1;"):
        assert of_the_rule(lint(body % settings, SPEC)) == [mismatch(4, "warning", "sometimes")]


def test_every_value_of_a_map(lint: Lint) -> None:
    body = "\nmap $uri $up {\ndefault 127.0.0.1:1;\n/x 127.0.0.1:%d;\n}\n" \
        "server { location / { proxy_pass http://$up; } }"  # fmt: skip
    spec = "complete = true\n[upstream.api]\nport = 3000\n"
    assert lint(body % 2, spec) == [mismatch(3, "error", "always"), mismatch(4, "error", "always")]
    assert lint(body % 3000, spec) == [mismatch(3, "error", "sometimes")]


def test_all_servers(lint: Lint) -> None:
    body = "\nupstream api {\nserver 127.0.0.1:3001;\nserver 127.0.0.1:3002;\n} " \
        "server { location / { proxy_pass http://api; } }"  # fmt: skip
    assert lint(body, SPEC) == [mismatch(3, "error", "always"), mismatch(4, "error", "always")]


def test_a_server_that_is_down_is_not_asked(lint: Lint) -> None:
    body = "\nupstream api {\nserver 127.0.0.1:3000 down;\nserver 127.0.0.1:3002;\n} " \
        "server { location / { proxy_pass http://api; } }"  # fmt: skip
    assert of_the_rule(lint(body, SPEC)) == [mismatch(4, "error", "always")]


def test_beside_a_server_that_is_not_known(lint: Lint) -> None:
    body = "\nupstream api {\nserver 127.0.0.1:3001;\nserver $X;\n} " \
        "server { location / { proxy_pass http://api; } }"  # fmt: skip
    assert lint(body, SPEC) == [mismatch(3, "warning", "sometimes")]


def test_one_of_the_values_of_a_map(lint: Lint) -> None:
    """Other values are other requests: they stand in for nothing."""
    body = "\nmap $host $up {\ndefault api:3000;\nx api:3001;\n} resolver ::1; " \
        "server { location / { proxy_pass http://$up; } }"  # fmt: skip
    assert lint(body, SPEC) == [mismatch(4, "error", "sometimes")]


def test_one_value_that_is_known_beside_one_that_is_not(lint: Lint) -> None:
    body = "\nmap $host $up {\ndefault api:3001;\nx $arg_x;\n} resolver ::1; " \
        "server { location / { proxy_pass http://$up; } }"  # fmt: skip
    assert lint(body, SPEC) == [mismatch(3, "error", "sometimes")]


def test_the_hint_speaks_of_other_servers_only_where_there_are_some(findings: object) -> None:
    body = "map $host $up { default api:3001; x $arg_x; } resolver ::1; " \
        "server { location / { proxy_pass http://$up; } }"  # fmt: skip
    (finding,) = findings(body, SPEC)  # type: ignore[operator]
    assert finding.message == "nginx connects to api:3001, but api listens on port 3000"


@pytest.mark.parametrize(
    ("settings", "severity"),
    [
        ("", "warning"),
        ("proxy_next_upstream off;", "error"),
        ("proxy_next_upstream_tries 1;", "error"),
    ],
)
def test_stream(lint: Lint, settings: str, severity: str) -> None:
    body = f"\nupstream api {{\nserver 127.0.0.1:3000;\nserver 127.0.0.1:3001;\n}} " \
        f"server {{ listen 1; {settings} proxy_pass api; }}"  # fmt: skip
    rows = of_the_rule(lint(body, SPEC, wrap=stream))
    assert rows == [mismatch(4, severity, "sometimes")]


def test_a_datagram_goes_to_one_server_only(lint: Lint) -> None:
    body = "\nupstream api {\nserver 127.0.0.1:3000;\nserver 127.0.0.1:3001;\n} " \
        "server { listen 1 udp; proxy_pass api; }"  # fmt: skip
    spec = f'{SPEC}protocol = "udp"\n'
    assert lint(body, spec, wrap=stream) == [
        Found(4, "error", 200, "sometimes", RULE, "api"),
    ]
