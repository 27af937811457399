from __future__ import annotations

from pathlib import Path

import pytest

from lint502.options import Options
from tests.support.linting import Findings, Lint
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import Found, examine, http

RULE = "two-protocols"
TLS = "ssl_certificate c.pem; ssl_certificate_key c.key;"
BOTH = f"listen 80; listen 443 ssl; {TLS}"


def mine(lint: Lint, body: str, spec: str = "", **options: object) -> list[Found]:
    return [row for row in lint(body, spec, **options) if row.rule == RULE]


def at(*lines: int) -> list[Found]:
    return [Found(line, "warning", 502, "sometimes", RULE, None) for line in lines]


def two(one: str, other: str, around: str = "") -> str:
    return (
        f"{around} server {{ listen 81; location / {{\n{one};\n}} location /x/ {{\n{other};\n}} }}"
    )


@pytest.mark.parametrize(
    ("one", "other", "line"),
    [
        ("fastcgi_pass 127.0.0.1:9000", "proxy_pass http://127.0.0.1:9000", 4),
        ("proxy_pass http://localhost:9000", "fastcgi_pass 127.0.0.1:9000", 4),
        ("uwsgi_pass unix:/run/a.sock", "proxy_pass http://unix:/run/a.sock:/", 4),
        ("scgi_pass h:1", "uwsgi_pass h:1", 4),
        ("grpc_pass h:1", "fastcgi_pass H:1", 4),
        ("memcached_pass h:1", "proxy_pass http://h:1", 4),
        # what speaks TLS is named
        ("proxy_pass https://h:8080", "proxy_pass http://h:8080", 2),
        ("proxy_pass http://h:8080", "proxy_pass https://h:8080/y", 4),
        ("grpc_pass grpcs://h:8080", "proxy_pass http://h:8080", 2),
        ("uwsgi_pass suwsgi://h:1", "uwsgi_pass h:1", 2),
        ("proxy_pass http://h:443", "proxy_pass https://h", 4),
    ],
)
def test_two_ways_to_one_address(lint: Lint, one: str, other: str, line: int) -> None:
    assert mine(lint, two(one, other)) == at(line)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("proxy_pass http://h:1", "proxy_pass http://h:1/x"),
        ("proxy_pass http://h:1", "grpc_pass h:1"),  # one port may take both
        ("proxy_pass http://h", "proxy_pass https://h"),  # two ports
        ("proxy_pass http://h:1", "fastcgi_pass i:1"),
        ("proxy_pass http://unix:/a", "fastcgi_pass unix:/b"),
        ("proxy_pass http://h:1", "return 204; fastcgi_pass h:1"),
    ],
)
def test_what_goes_together(lint: Lint, one: str, other: str) -> None:
    assert mine(lint, two(one, other)) == []


def test_servers_of_blocks(lint: Lint) -> None:
    blocks = "upstream a { server h:1; } upstream b { server h:1; server h:2; }"
    assert mine(lint, two("proxy_pass http://a", "fastcgi_pass b", blocks)) == at(4)


def test_a_port_that_is_left_out_is_for_another_rule(lint: Lint) -> None:
    blocks = "upstream a { server h; }"
    found = lint(two("proxy_pass http://a", "proxy_pass https://a", blocks))
    assert "implicit-port-80" in {row.rule for row in found}
    assert RULE not in {row.rule for row in found}


def test_the_fewer_ones_are_named(lint: Lint) -> None:
    body = two("fastcgi_pass h:1", "proxy_pass http://h:1")
    more = "server { listen 82; location / { proxy_pass http://h:1; } }"
    assert mine(lint, body + more) == at(2)


@pytest.mark.parametrize(
    ("one", "other", "facts"),
    [
        ("fastcgi_pass h:1", "proxy_pass http://h:1", 'protocol = "http"'),
        ("fastcgi_pass h:1", "proxy_pass http://h:1", 'server = "php-fpm"'),
        ("proxy_pass https://h:1", "proxy_pass http://h:1", 'protocol = "http"\ntls = true'),
        ("proxy_pass https://h:1", "proxy_pass http://h:1", 'protocol = "http"'),
    ],
)
def test_what_is_declared_decides(lint: Lint, one: str, other: str, facts: str) -> None:
    spec = f"[upstream.h]\nport = 1\n{facts}"
    assert mine(lint, two(one, other), spec) == []


def test_a_declaration_without_a_protocol_decides_nothing(lint: Lint) -> None:
    body = two("fastcgi_pass h:1", "proxy_pass http://h:1")
    assert mine(lint, body, "[upstream.h]\nport = 1") == at(4)


@pytest.mark.parametrize(
    ("listen", "line", "expected"),
    [
        (BOTH, "proxy_pass $scheme://127.0.0.1:8080", at(3)),
        (BOTH, "proxy_pass $scheme://block", at(3)),
        (BOTH, "proxy_pass ${scheme}://$host:8080", at(3)),
        (BOTH, "proxy_pass $scheme://$host:8080$request_uri", at(3)),
        (BOTH, "set $s $scheme; proxy_pass $s://127.0.0.1:8080", at(3)),
        # ports of their own
        (BOTH, "proxy_pass $scheme://127.0.0.1", []),
        (BOTH, "proxy_pass $scheme://$host", []),
        (BOTH, "proxy_pass $scheme://$host:$arg_port", []),
        ("listen 80;", "proxy_pass $scheme://127.0.0.1:8080", []),
        (f"listen 443 ssl; {TLS}", "proxy_pass $scheme://127.0.0.1:8080", []),
    ],
)
def test_the_scheme_of_the_request(
    lint: Lint, listen: str, line: str, expected: list[Found]
) -> None:
    block = "upstream block { server 127.0.0.1:8080; }"
    assert mine(lint, f"{block}\nserver {{ {listen} location / {{\n{line};\n}} }}") == expected


def test_a_listener_that_cannot_be_seen(lint: Lint) -> None:
    body = "server { include gone; location / { proxy_pass $scheme://127.0.0.1:8080; } }"
    assert mine(lint, body, allow_missing=("gone",)) == []


def test_the_log_of_tls(findings: Findings) -> None:
    body = two("proxy_pass https://h:1", "proxy_pass http://h:1")
    (finding,) = (one for one in findings(body) if one.rule == RULE)
    assert finding.log == (
        "SSL_do_handshake() failed (SSL: error:…:wrong version number) while SSL handshaking to "
        "upstream"
    )


def test_what_it_says(findings: Findings) -> None:
    body = two("fastcgi_pass h:1", "proxy_pass http://h:1")
    (finding,) = (one for one in findings(body) if one.rule == RULE)
    assert finding.message == (
        "nginx speaks HTTP to h:1 here and FastCGI elsewhere (nginx.conf:2): a server takes one of "
        "them at an address, so that the other fails"
    )
    assert [place.line for place in finding.related] == [2]
    assert finding.log == (
        "recv() failed (104: Connection reset by peer) while reading response header from upstream"
    )
    assert finding.fix is not None
    assert finding.fix.description == "the address that takes HTTP, or FastCGI here too"


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("proxy_pass http://127.0.0.1:9000", "fastcgi_pass 127.0.0.1:9000"),
        ("fastcgi_pass 127.0.0.1:9000", "uwsgi_pass 127.0.0.1:9000"),
        ("proxy_pass http://127.0.0.1:8080", "proxy_pass https://127.0.0.1:8080"),
        ("return 204", "proxy_pass $scheme://127.0.0.1:8080"),
    ],
)
def test_it_happens(tmp_path: Path, release: str, one: str, other: str) -> None:
    nginx = nginx_of(release)
    server = two(one, other).replace("listen 81;", f"{BOTH}")
    (tmp_path / "nginx.conf").write_text(http(server))
    options = Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version)
    result = examine(options)
    (finding,) = (one for one in result.report.findings if one.rule == RULE)
    proof = prove(finding, result.sites, nginx)
    assert (proof.verdict, proof.why) == ("confirmed", "")
