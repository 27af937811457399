from __future__ import annotations

from pathlib import Path

import pytest

from lint502.options import Options
from tests.support.linting import Findings, Lint
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import NEW, Found, examine, http, stream

RULE = "resolver-mismatch"


def body(resolver: str, host: str = "orders", port: str = ":80") -> str:
    return (
        f"\nserver {{ {resolver} set $b {host}; location / {{\nproxy_pass http://$b{port};\n}} }}"
    )


def spec(resolvers: str | None = None, name: str = "orders") -> str:
    text = f'[upstream."{name}"]\nport = 80\n'
    return text if resolvers is None else f"{text}resolvers = {resolvers}\n"


def mismatch(
    frequency: str = "always", status: int = 502, line: int = 2, severity: str = "error"
) -> Found:
    return Found(line, severity, status, frequency, RULE, "orders")


@pytest.mark.parametrize(
    ("resolver", "known", "frequency"),
    [
        ("resolver 10.0.0.1;", '["10.0.0.2"]', "always"),
        ("resolver 10.0.0.1 valid=10s ipv6=off;", '["10.0.0.2", "10.0.0.3"]', "always"),
        ("resolver 10.0.0.1;", "[]", "always"),
        ("resolver 127.0.0.11;", '["10.96.0.10"]', "always"),
        ("resolver 10.0.0.1;", '["10.0.0.1:5353"]', "always"),
        ("resolver [fd00:0::1];", '["fd00::1"]', None),
        # a name may be that of the address
        ("resolver kube-dns.kube-system;", '["10.96.0.10"]', None),
        ("resolver 10.96.0.10;", '["kube-dns.kube-system"]', None),
        ("resolver kube-dns.kube-system:5353;", '["10.96.0.10"]', None),
        ("resolver [fd00::1]:54;", '["kube-dns"]', None),
        ("resolver 8.8.8.8;", '["kube-dns"]', "always"),
        ("resolver coredns;", '["kube-dns"]', "always"),
        ("resolver kube-dns;", "[]", "always"),
        ("resolver 10.0.0.1 10.0.0.2;", '["10.0.0.3"]', "always"),
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


@pytest.mark.parametrize(
    ("resolver", "severity"),
    [
        # where 10.0.0.1 is not there, nginx asks the next one
        ("resolver 10.0.0.1 10.0.0.2;", "warning"),
        ("resolver 10.0.0.2 10.0.0.1;", "warning"),
        ("resolver 10.0.0.1 10.0.0.2; resolver_timeout 3s;", "warning"),
        # these are there
        ("resolver 8.8.8.8 10.0.0.2;", "error"),
        ("resolver 10.0.0.1 9.9.9.9 10.0.0.2;", "error"),
        ("resolver 10.0.0.7 10.0.0.2;", "error"),
    ],
)
def test_servers_that_are_asked_in_turn(lint: Lint, resolver: str, severity: str) -> None:
    facts = f'{spec("""["10.0.0.2"]""")}[upstream.db]\nport = 5\nresolvers = ["10.0.0.7"]\n'
    rows = [row for row in lint(body(resolver), facts) if row.rule == RULE]
    assert rows == [mismatch("sometimes", severity=severity)]


def test_without_a_resolver_that_is_what_is_wrong(lint: Lint) -> None:
    assert [row.rule for row in lint(body(""), spec("[]"))] == ["resolver-missing"]


@pytest.mark.parametrize(
    ("resolver", "host", "frequency"),
    [
        ("resolver 8.8.8.8;", "orders", "always"),
        ("resolver 8.8.8.8 [2606:4700:4700::1111] valid=30s;", "orders", "always"),
        ("resolver 8.8.8.8 10.0.0.1;", "orders", "sometimes"),
        ("resolver 10.0.0.1 223.5.5.5;", "orders", "sometimes"),
        ("resolver 10.0.0.1;", "orders", None),
        ("resolver 8.8.8.8 10.0.0.1;", "orders.shop.svc.cluster.local", "sometimes"),
        # it may well be public
        ("resolver 8.8.8.8;", "orders.example", None),
        ("resolver 8.8.8.8 10.0.0.1;", "orders.example", None),
        ("resolver 8.8.8.8;", "ai", None),
    ],
)
def test_public_servers_know_public_names(
    lint: Lint, resolver: str, host: str, frequency: str | None
) -> None:
    rows = [row._replace(upstream="orders") for row in lint(body(resolver, host), spec(name=host))]
    assert rows == ([] if frequency is None else [mismatch(frequency)])


BLOCK = """
upstream b {{ zone b 64k; {resolver}
server orders:80 resolve{backup};
{others} }}
server {{ location / {{ {settings} proxy_pass http://b; }} }}"""


@pytest.mark.parametrize(
    ("resolver", "others", "settings", "expected"),
    [
        ("resolver 10.0.0.1;", "", "", ("error", "always")),
        ("resolver 10.0.0.2;", "", "", None),
        ("resolver 10.0.0.1 10.0.0.2;", "", "", ("warning", "sometimes")),
        ("resolver 8.8.8.8 10.0.0.2;", "", "", ("error", "sometimes")),
        # nginx passes over a server whose address it does not know, whatever is tried again
        ("resolver 10.0.0.1;", "server 10.9.9.9:80;", "", ("warning", "sometimes")),
        (
            "resolver 10.0.0.1;",
            "server 10.9.9.9:80;",
            "proxy_next_upstream off;",
            ("warning", "sometimes"),
        ),
        (
            "resolver 10.0.0.1;",
            "server 10.9.9.9:80;",
            "proxy_next_upstream_tries 1;",
            ("warning", "sometimes"),
        ),
        ("resolver 10.0.0.1;", "server 10.9.9.9:80 down;", "", ("error", "always")),
    ],
)
def test_a_server_that_says_resolve(
    lint: Lint, resolver: str, others: str, settings: str, expected: tuple[str, str] | None
) -> None:
    text = BLOCK.format(resolver=resolver, backup="", others=others, settings=settings)
    facts = spec('["10.0.0.2"]') + '[upstream.other]\nport = 80\nhosts = ["10.9.9.9"]\n'
    rows = [row for row in lint(text, facts, version=NEW) if row.rule == RULE]
    found = [] if expected is None else [mismatch(expected[1], line=3, severity=expected[0])]
    assert rows == found
    assert [row for row in lint(text, facts, version="1.27.2") if row.rule == RULE] == []


def test_a_server_that_says_resolve_in_stream(lint: Lint) -> None:
    text = "\nresolver 8.8.8.8; upstream b { zone b 64k; server orders:80 resolve; }\n"
    text += "server { listen 1; proxy_pass b; }"
    facts = f'{spec("[]")}protocol = "tcp"\n'
    assert lint(text, facts, wrap=stream, version=NEW) == [mismatch(status=502)]


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


@pytest.mark.parametrize(
    ("resolver", "known", "message"),
    [
        (
            "resolver 10.0.0.1 10.0.0.2;",
            '["10.0.0.2"]',
            "nginx looks orders up for each request and asks 10.0.0.1 and 10.0.0.2 in turn, but "
            "10.0.0.1 does not know it: if it answers, it says so, and nginx then asks nobody "
            "else; if it says nothing, nginx asks the next one after 5 seconds",
        ),
        (
            "resolver 10.0.0.1 10.0.0.2; resolver_timeout 5s;",
            '["10.0.0.2"]',
            "nginx looks orders up for each request and asks 10.0.0.1 and 10.0.0.2 in turn, but "
            "10.0.0.1 does not know it: if it answers, it says so, and nginx then asks nobody "
            "else; if it says nothing, nginx asks the next one after 5 seconds, and "
            "resolver_timeout may be over by then",
        ),
        (
            "resolver 10.0.0.1 10.0.0.3 10.0.0.2;",
            '["10.0.0.2"]',
            "nginx looks orders up for each request and asks 10.0.0.1, 10.0.0.3 and 10.0.0.2 in "
            "turn, but 10.0.0.1 and 10.0.0.3 do not know it: if one of them answers, it says so, "
            "and nginx then asks nobody else; if one says nothing, nginx asks the next one after "
            "5 seconds",
        ),
        (
            "resolver 8.8.8.8 1.1.1.1 10.0.0.2;",
            None,
            "nginx looks orders up for each request and asks 8.8.8.8, 1.1.1.1 and 10.0.0.2 in "
            "turn, but 8.8.8.8 and 1.1.1.1 do not know it, for they know public names only, and "
            "none without a dot: that is their answer, and nginx then asks nobody else",
        ),
        (
            "resolver 8.8.8.8 10.0.0.2;",
            None,
            "nginx looks orders up for each request and asks 8.8.8.8 and 10.0.0.2 in turn, but "
            "8.8.8.8 does not know it, for it knows public names only, and none without a dot: "
            "that is its answer, and nginx then asks nobody else",
        ),
    ],
)
def test_messages_of_servers_that_are_asked_in_turn(
    findings: Findings, resolver: str, known: str | None, message: str
) -> None:
    (finding,) = findings(body(resolver), spec(known))
    assert finding.message == message


@pytest.mark.parametrize(
    ("resolver", "known", "description", "text"),
    [
        (
            "resolver 127.0.0.11 valid=10s ipv6=off;",
            '["10.89.0.1"]',
            "resolver 10.89.0.1 valid=10s ipv6=off;",
            "10.89.0.1 valid=10s ipv6=off",
        ),
        (
            "resolver 10.0.0.1 10.0.0.2 valid=5s;",
            '["10.0.0.2"]',
            "resolver 10.0.0.2 valid=5s;",
            "10.0.0.2 valid=5s",
        ),
        ("resolver 8.8.8.8 [fd00::2];", None, "resolver [fd00::2];", "[fd00::2]"),
        ("resolver 10.0.0.1;", '["fd00::1"]', "resolver [fd00::1];", "[fd00::1]"),
        # nothing is written that is more than an address
        ("resolver coredns;", '["kube-dns; x"]', "resolver kube-dns; x;", None),
    ],
)
def test_fixes(
    findings: Findings, resolver: str, known: str | None, description: str, text: str | None
) -> None:
    (finding,) = findings(body(resolver), spec(known))
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (description, False)
    assert [edit.text for edit in finding.fix.edits] == ([] if text is None else [text])


LOCALHOST = Found(2, "warning", 502, "sometimes", RULE, None)


@pytest.mark.parametrize(
    ("resolver", "host", "expected"),
    [
        ("resolver 8.8.8.8;", "localhost", [LOCALHOST]),
        ("resolver 10.0.0.1 1.1.1.1;", "LocalHost", [LOCALHOST]),
        # nobody says that these do not know it
        ("resolver 127.0.0.11;", "localhost", []),
        ("resolver 10.0.0.1;", "localhost", []),
        ("resolver 8.8.8.8;", "127.0.0.1", []),
    ],
)
def test_localhost_at_a_public_server(
    lint: Lint, resolver: str, host: str, expected: list[Found]
) -> None:
    assert [row for row in lint(body(resolver, host)) if row.rule == RULE] == expected


def test_localhost_that_is_looked_up_once(lint: Lint) -> None:
    once = "\nserver { resolver 8.8.8.8; location / { proxy_pass http://localhost:80; } }"
    assert RULE not in {row.rule for row in lint(once)}


def test_localhost_in_a_block(lint: Lint) -> None:
    block = (
        "\nresolver 8.8.8.8; upstream b { zone b 64k; server localhost:80 resolve; }"
        "\nserver { location / { proxy_pass http://b; } }"
    )
    mine = [row for row in lint(block, version=NEW) if row.rule == RULE]
    assert mine == [LOCALHOST]
    assert RULE not in {row.rule for row in lint(block)}


def test_localhost_whose_servers_are_declared(lint: Lint) -> None:
    text = '[upstream.app]\nhosts = ["127.0.0.1"]\nport = 80\nresolvers = ["8.8.8.8"]\n'
    assert RULE not in {row.rule for row in lint(body("resolver 8.8.8.8;", "localhost"), text)}


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_localhost_that_is_not_known(tmp_path: Path, release: str) -> None:
    nginx = nginx_of(release)
    (tmp_path / "nginx.conf").write_text(http(body("resolver 8.8.8.8;", "localhost")))
    options = Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version)
    result = examine(options)
    (finding,) = (one for one in result.report.findings if one.rule == RULE)
    proof = prove(finding, result.sites, nginx)
    assert (proof.verdict, proof.why) == ("confirmed", "")
