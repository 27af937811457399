"""sni-missing where nothing is declared: hosts with public names, and those of the request."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.public_names import is_public
from lint502.options import Options
from tests.support.linting import Findings, Lint
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import Found, examine, http, stream

RULE = "sni-missing"
ON = "proxy_ssl_server_name on;"
BLOCK = "upstream backend { server api.example.com:443; }"


def mine(lint: Lint, body: str, spec: str = "", **options: object) -> list[Found]:
    return [row for row in lint(body, spec, **options) if row.rule == RULE]


def at(line: int) -> list[Found]:
    return [Found(line, "warning", 502, "sometimes", RULE, None)]


def located(line: str, around: str = "") -> str:
    return f"{around}\nserver {{ resolver 1.1.1.1; location / {{\n{line} }} }}"


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("api.example.com", True),
        ("API.Example.COM.", True),
        ("shop.example.co.uk", True),
        ("x.run.app", True),
        ("api", False),
        ("localhost", False),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
        ("api.internal", False),
        ("printer.local", False),
        ("api.default.svc", False),
        ("api.default.svc.cluster.local", False),
        ("nas.lan", False),
        ("a.b.c3", False),
    ],
)
def test_public_names(host: str, public: bool) -> None:
    assert is_public(host) is public


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("proxy_pass https://api.example.com;", at(3)),
        ("proxy_pass https://api.example.com:8443/x/;", at(3)),
        ("proxy_pass https://backend;", at(3)),
        ("set $up api.example.com; proxy_pass https://$up$request_uri;", at(3)),
        ("grpc_pass grpcs://api.example.com:443;", at(3)),
        ("proxy_ssl_server_name off; proxy_pass https://api.example.com;", at(3)),
        # what it sends is the name of the block
        (f"{ON} proxy_pass https://backend;", at(3)),
        (f"{ON} proxy_pass https://api.example.com;", []),
        (f"{ON} proxy_ssl_name api.example.com; proxy_pass https://backend;", []),
        (f"{ON} proxy_ssl_name $proxy_host; proxy_pass https://api.example.com;", []),
        ("proxy_pass http://api.example.com;", []),
        ("proxy_pass https://api;", []),
        ("proxy_pass https://10.0.0.1;", []),
        ("proxy_pass https://api.internal;", []),
        ("grpc_ssl_server_name on; grpc_pass grpcs://api.example.com:443;", []),
        # another directive's
        (f"{ON} grpc_pass grpcs://api.example.com:443;", at(3)),
    ],
)
def test_a_public_host(lint: Lint, line: str, expected: list[Found]) -> None:
    assert mine(lint, located(line, BLOCK)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("proxy_pass https://$host;", at(3)),
        ("proxy_pass https://$http_host$request_uri;", at(3)),
        ("proxy_pass https://$arg_host:8443;", at(3)),
        ("proxy_pass https://$1;", at(3)),
        ("proxy_pass https://$http_x.example.com;", at(3)),
        ("set $to $host; proxy_pass https://$to;", at(3)),
        ("proxy_pass https://$mapped;", at(3)),
        (f"{ON} proxy_pass https://$host;", []),
        ("proxy_pass http://$host;", []),
        ("proxy_pass https://$http_x.internal;", []),
        ("proxy_pass https://$chosen_by_lua;", []),
        ("proxy_pass https://10.0.0.1$request_uri;", []),
    ],
)
def test_a_host_of_the_request(lint: Lint, line: str, expected: list[Found]) -> None:
    around = "map $uri $mapped { default $arg_to; }"
    assert mine(lint, located(line, around)) == expected


def test_a_capture(lint: Lint) -> None:
    body = (
        "\nserver { resolver 1.1.1.1; location ~ ^/to/(?<to>[^/]+) {\nproxy_pass https://$to; } }"
    )
    assert mine(lint, body) == at(3)


@pytest.mark.parametrize(
    "facts", ["tls = true", 'tls = { sni = "optional" }', 'protocol = "http"\ntls = true']
)
def test_what_is_declared_is_not_guessed(lint: Lint, facts: str) -> None:
    spec = f'[upstream.api]\nhosts = ["api.example.com"]\nport = 443\n{facts}'
    assert mine(lint, located("proxy_pass https://api.example.com;"), spec) == []


def test_inherited_unseen_and_stream(lint: Lint) -> None:
    assert mine(lint, located("proxy_pass https://api.example.com;", ON)) == []
    unseen = "server { include gone; location / { proxy_pass https://api.example.com; } }"
    assert mine(lint, unseen, allow_missing=("gone",)) == []
    body = "\nserver { listen 1; proxy_ssl on;\nproxy_pass imap.example.com:993; }"
    assert mine(lint, body, wrap=stream) == []


@pytest.mark.parametrize(
    ("line", "said", "fix"),
    [
        ("proxy_pass https://api.example.com;", "it sends none by default",
         "proxy_ssl_server_name on;"),
        (f"{ON} proxy_pass https://backend;",
         'it sends "backend", which is the name of the upstream block',
         "proxy_ssl_name api.example.com;"),
    ],
)  # fmt: skip
def test_what_it_says(findings: Findings, line: str, said: str, fix: str) -> None:
    (finding,) = (one for one in findings(located(line, BLOCK)) if one.rule == RULE)
    assert finding.message == (
        f"nginx does not name api.example.com in the TLS handshake (SNI): {said}; public servers "
        "that share an address with others, as at a CDN, refuse that"
    )
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (fix, False)


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    "line",
    [
        "proxy_pass https://api.example.com;",
        "proxy_pass https://backend;",
        f"{ON} proxy_pass https://backend;",
    ],
)
def test_it_happens(tmp_path: Path, release: str, line: str) -> None:
    nginx = nginx_of(release)
    (tmp_path / "nginx.conf").write_text(http(located(line, BLOCK)))
    options = Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version)
    result = examine(options)
    (finding,) = (one for one in result.report.findings if one.rule == RULE)
    proof = prove(finding, result.sites, nginx)
    assert (proof.verdict, proof.why) == ("confirmed", "")
