from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "resolver-mismatch"


def body(resolver: str, host: str = "orders", port: str = ":80") -> str:
    return (
        f"\nserver {{ {resolver} set $b {host}; location / {{\nproxy_pass http://$b{port};\n}} }}"
    )


def spec(resolvers: str | None = None, name: str = "orders") -> str:
    text = f'[upstream."{name}"]\nport = 80\n'
    return text if resolvers is None else f"{text}resolvers = {resolvers}\n"


def mismatch(frequency: str = "always", status: int = 502, line: int = 2) -> Found:
    return Found(line, "error", status, frequency, RULE, "orders")


@pytest.mark.parametrize(
    ("resolver", "known", "frequency"),
    [
        ("resolver 10.0.0.1;", '["10.0.0.2"]', "always"),
        ("resolver 10.0.0.1 valid=10s ipv6=off;", '["10.0.0.2", "10.0.0.3"]', "always"),
        ("resolver 10.0.0.1;", "[]", "always"),
        ("resolver 127.0.0.11;", '["10.96.0.10"]', "always"),
        ("resolver kube-dns.kube-system;", '["10.96.0.10"]', "always"),
        # asked in turn
        ("resolver 10.0.0.1 10.0.0.2;", '["10.0.0.2"]', "sometimes"),
        ("resolver 10.0.0.1;", '["10.0.0.1"]', None),
        ("resolver 10.0.0.1:53;", '["10.0.0.1"]', None),
        ("resolver 10.0.0.1:54;", '["10.0.0.1"]', "always"),
        ("resolver 10.0.0.1:54;", '["10.0.0.1:54"]', None),
        ("resolver [FD00::1];", '["fd00::1"]', None),
        ("resolver Kube-DNS;", '["kube-dns"]', None),
        ("resolver $r;", "[]", None),
        ("resolver 10.0.0.1;", None, None),
    ],
)
def test_who_is_asked_and_who_knows(
    lint: Lint, resolver: str, known: str | None, frequency: str | None
) -> None:
    expected = [] if frequency is None else [mismatch(frequency)]
    assert lint(body(resolver), spec(known)) == expected


def test_without_a_resolver_that_is_what_is_wrong(lint: Lint) -> None:
    assert [row.rule for row in lint(body(""), spec("[]"))] == ["resolver-missing"]


@pytest.mark.parametrize(
    ("resolver", "host", "found"),
    [
        ("resolver 8.8.8.8;", "orders", True),
        ("resolver 8.8.8.8 [2606:4700:4700::1111] valid=30s;", "orders", True),
        ("resolver 8.8.8.8 10.0.0.1;", "orders", False),
        ("resolver 10.0.0.1;", "orders", False),
        # it may well be public
        ("resolver 8.8.8.8;", "orders.example", False),
        ("resolver 8.8.8.8;", "ai", False),
    ],
)
def test_public_servers_know_public_names(
    lint: Lint, resolver: str, host: str, found: bool
) -> None:
    rows = lint(body(resolver, host), spec(name=host))
    assert rows == ([mismatch()] if found else [])


def test_an_upstream_that_is_not_declared(lint: Lint) -> None:
    rows = [row for row in lint(body("resolver 1.1.1.1;")) if row.rule == RULE]
    assert rows == [Found(2, "error", 502, "always", RULE, None)]


def test_what_nginx_looks_up_when_it_starts(lint: Lint) -> None:
    resolver = "resolver 8.8.8.8;"
    for text in (
        f"\nserver {{ {resolver} location / {{ proxy_pass http://orders:80; }} }}",
        f"\nupstream orders {{ server orders:80; }} {body(resolver, port='')}",
        "\nserver { listen 81; location /x { proxy_pass http://orders:80; } }" + body(resolver),
    ):
        assert lint(text, spec("[]")) == []


def test_one_of_several_values(lint: Lint) -> None:
    text = """
map $uri $b { default orders; ~x 127.0.0.1; }
server { resolver 8.8.8.8; location / {
proxy_pass http://$b:80; } }
"""
    hosts = 'hosts = ["127.0.0.1"]\n'
    assert lint(text, spec("[]") + hosts) == [mismatch("sometimes")]


def test_stream(lint: Lint) -> None:
    text = "\nresolver 8.8.8.8; map $server_port $b { default orders; } server { listen 1;\n"
    text += "proxy_pass $b:80; }"
    facts = f'{spec("[]")}protocol = "tcp"\n'
    assert lint(text, facts, wrap=stream) == [mismatch(status=500)]


def test_messages(findings: Findings) -> None:
    (finding,) = findings(body("resolver 127.0.0.11;"), spec('["10.96.0.10"]'))
    assert finding.message == (
        "nginx looks orders up for each request and asks 127.0.0.11, but 10.96.0.10 is what knows "
        "it"
    )
    assert finding.fix is not None
    assert finding.fix.description == "resolver 10.96.0.10;"
    (finding,) = findings(body("resolver 127.0.0.11;"), spec("[]"))
    assert finding.message.endswith("asks 127.0.0.11, but no DNS server knows it as it is written")
    (finding,) = findings(body("resolver 9.9.9.9;"), spec())
    assert finding.message.endswith("which knows public names only, and none without a dot")
    assert finding.log == "orders could not be resolved (…)"
