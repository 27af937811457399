from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, Found

RULE = "implicit-port-80"


def body(servers: str, directive: str) -> str:
    return f"\nupstream up {{\n{servers}\n}}\nserver {{ location / {{ {directive}; }} }}"


def implicit(line: int, severity: str = "error", frequency: str = "always",
             upstream: str | None = None) -> Found:  # fmt: skip
    return Found(line, severity, 502, frequency, RULE, upstream)


UNDECLARED = "undeclared-upstream"


@pytest.mark.parametrize(
    ("server", "directive", "found"),
    [
        ("server 10.0.0.1;", "proxy_pass https://up", True),
        ("server h;", "proxy_pass https://up/x", True),
        ("server [::1];", "grpc_pass grpcs://up", True),
        ("server h;", "uwsgi_pass suwsgi://up", True),
        ("server h;", "fastcgi_pass up", True),
        ("server h;", "uwsgi_pass up", True),
        ("server h;", "scgi_pass up", True),
        ("server h;", "memcached_pass up", True),
        # plain HTTP and gRPC may well be on port 80
        ("server h;", "proxy_pass http://up", False),
        ("server h;", "grpc_pass up", False),
        ("server h:443;", "proxy_pass https://up", False),
        ("server h:80;", "proxy_pass https://up", False),
        ("server unix:/run/a;", "fastcgi_pass up", False),
    ],
)
def test_a_server_without_a_port(lint: Lint, server: str, directive: str, found: bool) -> None:
    expected = implicit(3) if found else Found(3, "info", None, None, UNDECLARED, None)
    assert lint(body(server, directive), version=NEW) == [expected]


def test_a_host_that_is_no_block_has_the_schemes_port(lint: Lint) -> None:
    spec = '[upstream.api]\nport = 443\nhosts = ["h"]\n'
    assert lint("server { location / { proxy_pass https://h; } }", spec) == []


def test_a_declared_port_80_is_meant(lint: Lint) -> None:
    text = body("server h;", "proxy_pass https://up")
    assert lint(text, '[upstream.api]\nport = 80\nhosts = ["h"]\ntls = true\n') == []


@pytest.mark.parametrize(
    ("spec", "upstream", "port"),
    [
        ("[upstream.up]\nport = 8443\n", "up", "8443"),
        ('[upstream.api]\nport = 8443\nhosts = ["h"]\n', "api", "8443"),
        # not what is declared on the loopback or elsewhere
        ("[upstream.api]\nport = 8443\n", None, "443"),
        ("", None, "443"),
    ],
)
def test_the_declared_port_is_the_fix(
    findings: Findings, spec: str, upstream: str | None, port: str
) -> None:
    found = findings(body("server h weight=2;", "proxy_pass https://up"), spec)
    (finding,) = (one for one in found if one.rule == RULE)
    assert (finding.upstream, finding.severity.value) == (upstream, "error")
    assert finding.fix is not None
    assert finding.fix.description == f"server h:{port} weight=2;"
    assert {one.rule for one in found} <= {RULE, "unused-upstream"}


def test_an_upstream_that_only_shares_the_loopback_is_not_meant(findings: Findings) -> None:
    text = body("server 127.0.0.1;", "proxy_pass https://up")
    (finding, unused) = findings(text, "[upstream.api]\nport = 3000\n")[::-1]
    if finding.rule != RULE:
        finding, unused = unused, finding
    assert (finding.upstream, finding.related) == (None, ())
    assert finding.fix is not None and finding.fix.description == "server 127.0.0.1:443;"
    assert unused.rule == "unused-upstream"


def test_one_of_two(lint: Lint) -> None:
    text = body("server h;\nserver h:443;", "proxy_pass https://up")
    spec = '[upstream.up]\nport = 443\nhosts = ["h"]\n'
    assert lint(text, spec) == [implicit(3, "warning", "sometimes", "up")]


def test_both_schemes(lint: Lint) -> None:
    text = (
        body("server h;", "proxy_pass http://up")
        + "\nserver { listen 81; location / { proxy_pass https://up; } }"
    )
    assert lint(text) == [implicit(3), Found(3, "info", None, None, UNDECLARED, None)]


def test_the_port_of_a_service_is_not_left_out(lint: Lint) -> None:
    server = "resolver ::1; zone z 64k; server h resolve service=http;"
    assert lint(body(server, "proxy_pass https://up"), version=NEW) == []
