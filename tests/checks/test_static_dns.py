from __future__ import annotations

import re

import pytest

from lint502.findings import Fix
from tests.support.linting import Findings, Lint
from tests.support.nginxes import nginx_of
from tests.support.real_nginx import HTTP, MAIN, check_all
from tests.support.sites import NEW, Found, http, stream

RULE = "static-dns"
API = '[upstream.api]\nhosts = ["api.internal"]\nport = 3000\ndynamic_address = true\n'
ERROR = [Found(2, "error", 502, "sometimes", RULE, "api")]


def server(address: str = "api.internal:3000", more: str = "") -> str:
    return f"\nserver {{ location / {{ proxy_pass http://{address}; }} }} {more}"


BLOCK = "\nupstream x { zone x 64k; server %s; } server { location / { proxy_pass http://x; } }"


def test_a_name_that_is_looked_up_once(lint: Lint) -> None:
    assert lint(server(), API) == ERROR
    assert lint(server("api:3000"), API) == ERROR
    assert lint(BLOCK % "api.internal:3000", API) == ERROR
    assert lint(server(more="resolver ::1;"), API) == ERROR


@pytest.mark.parametrize("declared", ["", "dynamic_address = false\n"])
def test_an_address_that_stays(lint: Lint, declared: str) -> None:
    assert lint(server(), API.replace("dynamic_address = true\n", declared)) == []


@pytest.mark.parametrize("address", ["10.0.0.5:3000", "[fd00::5]:3000", "127.0.0.1:3000"])
def test_an_address_is_no_name(lint: Lint, address: str) -> None:
    spec = API.replace('["api.internal"]', '["10.0.0.5", "fd00::5", "127.0.0.1"]')
    assert lint(server(address), spec) == []
    assert lint(BLOCK % address, spec) == []


def test_localhost_does_not_move(lint: Lint) -> None:
    assert lint(server("localhost:3000"), API.replace("api.internal", "localhost")) == []


LOOKED_UP = "\nresolver ::1 ipv6=off; server { location / " \
    "{ set $a api.internal; proxy_pass http://$a:3000; } }"  # fmt: skip


def test_a_variable_is_looked_up_again(lint: Lint) -> None:
    assert lint(LOOKED_UP, API) == []


def test_but_not_where_another_pass_names_the_same(lint: Lint, findings: Findings) -> None:
    other = " server { listen 81; location /x { proxy_pass http://api.internal:3000; } }"
    expected = [Found(2, "error", 502, "sometimes", RULE, "api")] * 2
    assert lint(LOOKED_UP + other, API) == expected
    literal, variable = sorted(findings(LOOKED_UP + other, API), key=lambda one: len(one.message))
    assert variable.message == (
        f"{literal.message}; the variable does not help, for another pass directive names "
        "api.internal without one"
    )
    two = API.replace("[upstream.api]", "[[upstream.api]]")
    two += '[[upstream.api]]\nhosts = ["api.internal"]\nport = 3001\n'
    assert lint(LOOKED_UP + other.replace("3000", "3001"), two) == []


def test_nor_where_its_value_is_a_block(lint: Lint) -> None:
    body = "\nresolver ::1; upstream x { server api.internal:3000; } " \
        "server { location / { set $a x; proxy_pass http://$a; } }"  # fmt: skip
    assert lint(body, API) == ERROR


@pytest.mark.parametrize("version", ["1.26.3", "1.27.2", "1.27.3", NEW])
def test_resolve(lint: Lint, version: str) -> None:
    """Before 1.27.3 it is a commercial nginx that has it."""
    body = f"\nresolver ::1 ipv6=off; {BLOCK % 'api.internal:3000 resolve'}"
    assert lint(body, API, version=version) == []


def test_a_block_that_may_be_defined_elsewhere(lint: Lint) -> None:
    body = "\ninclude gone/*.conf; server { location / { proxy_pass http://api.internal; } }"
    spec = API.replace("3000", "80")
    assert [row.rule for row in lint(body, spec, files={"x": ""})] == []


def test_one_of_two_servers(lint: Lint) -> None:
    body = BLOCK % "api.internal:3000; server 10.0.0.5:3000"
    spec = API + '[upstream.b]\nport = 3000\nhosts = ["10.0.0.5"]\n'
    assert lint(body, spec) == [Found(2, "warning", 502, "sometimes", RULE, "api")]
    off = body.replace("proxy_pass", "proxy_next_upstream off; proxy_pass")
    assert [row for row in lint(off, spec) if row.rule == RULE] == ERROR


def test_stream(lint: Lint) -> None:
    body = "\nserver { listen 1; proxy_pass api.internal:3000; }"
    assert lint(body, API, wrap=stream) == ERROR
    body = "\nserver { listen 1 udp; proxy_pass api.internal:3000; }"
    assert lint(body, API + 'protocol = "udp"\n', wrap=stream) == [
        Found(2, "error", 200, "sometimes", RULE, "api")
    ]


@pytest.mark.parametrize(
    ("body", "version", "fixed"),
    [
        (
            server(),
            "1.27.2",
            "resolver ADDRESS; set $api_internal api.internal; proxy_pass "
            "http://$api_internal:3000; instead",
        ),
        (
            server(more="resolver ::1;"),
            "1.27.2",
            "set $api_internal api.internal; proxy_pass http://$api_internal:3000; instead",
        ),
        (
            server(),
            "1.27.3",
            "upstream api.internal { zone api.internal 64k; resolver ADDRESS; server "
            "api.internal:3000 resolve; } and api.internal without a port in proxy_pass",
        ),
        (
            BLOCK % "api.internal:3000",
            "1.27.3",
            "resolver ADDRESS; server api.internal:3000 resolve; in the block",
        ),
        (
            (BLOCK % "api.internal:3000 weight=2").replace("zone x 64k; ", ""),
            "1.27.3",
            "zone x 64k; resolver ADDRESS; server api.internal:3000 weight=2 resolve; in the block",
        ),
        # a block has the resolver of http, not that of a server
        (
            server(more="resolver ::1;"),
            "1.27.3",
            "upstream api.internal { zone api.internal 64k; server api.internal:3000 resolve; } "
            "and api.internal without a port in proxy_pass",
        ),
        (
            server().replace("server {", "server { resolver ::1;"),
            "1.27.3",
            "upstream api.internal { zone api.internal 64k; resolver ADDRESS; server "
            "api.internal:3000 resolve; } and api.internal without a port in proxy_pass",
        ),
        # the URI stays what it is
        (
            server("api.internal:3000/v1/").replace("location /", "location /api/"),
            "1.27.2",
            "resolver ADDRESS; set $api_internal api.internal; rewrite ^/api/(.*)$ /v1/$1 break; "
            "proxy_pass http://$api_internal:3000; instead",
        ),
        (
            server("api.internal:3000/?of="),
            "1.27.2",
            "resolver ADDRESS; set $api_internal api.internal; a rewrite that does what /?of= does "
            "now; proxy_pass http://$api_internal:3000; instead",
        ),
        (
            "\nserver { location / { fastcgi_pass api.internal:3000; } }",
            "1.26.3",
            "resolver ADDRESS; set $api_internal api.internal; fastcgi_pass $api_internal:3000; "
            "instead",
        ),
    ],
)
def test_the_fix_goes_by_the_version(
    findings: Findings, body: str, version: str, fixed: str
) -> None:
    spec = API + ('protocol = "fastcgi"\n' if "fastcgi" in body else "")
    (finding,) = findings(body, spec, version=version)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe, finding.fix.edits) == (fixed, False, ())


RESOLVERS = API + 'resolvers = ["10.0.0.2", "10.0.0.3"]\n'


@pytest.mark.parametrize(
    ("body", "version", "fixed"),
    [
        (
            server(),
            "1.27.2",
            "resolver 10.0.0.2 10.0.0.3; set $api_internal api.internal; proxy_pass "
            "http://$api_internal:3000; instead",
        ),
        (
            server(more="resolver 10.0.0.3 ipv6=off;"),
            "1.27.2",
            "set $api_internal api.internal; proxy_pass http://$api_internal:3000; instead",
        ),
        (
            server().replace("location / {", "location / { resolver ::1;"),
            "1.27.2",
            "resolver 10.0.0.2 10.0.0.3; set $api_internal api.internal; proxy_pass "
            "http://$api_internal:3000; instead in the place of resolver (nginx.conf:2)",
        ),
        (
            BLOCK % "api.internal:3000",
            "1.27.3",
            "resolver 10.0.0.2 10.0.0.3; server api.internal:3000 resolve; in the block",
        ),
        (
            server(more="resolver ::1;"),
            "1.27.3",
            "upstream api.internal { zone api.internal 64k; resolver 10.0.0.2 10.0.0.3; server "
            "api.internal:3000 resolve; } and api.internal without a port in proxy_pass",
        ),
    ],
)
def test_the_fix_asks_who_knows_the_name(
    findings: Findings, body: str, version: str, fixed: str
) -> None:
    (finding,) = findings(body, RESOLVERS, version=version)
    assert finding.fix is not None and finding.fix.description == fixed


def test_a_name_that_no_dns_server_knows(findings: Findings) -> None:
    (finding,) = findings(server(), API + "resolvers = []\n")
    assert finding.fix == Fix(
        "reload nginx when the address changes, for no DNS server knows api.internal"
    )


def test_a_block_is_not_called_like_a_host_that_passes_name_with_other_ports(
    findings: Findings,
) -> None:
    body = server() + server("api.internal:3001")
    first, *_ = findings(body, API, version=NEW)
    assert first.fix is not None and first.fix.description == (
        "upstream api.internal-3000 { zone api.internal-3000 64k; resolver ADDRESS; server "
        "api.internal:3000 resolve; } and api.internal-3000 in the place of api.internal:3000 in "
        "proxy_pass"
    )


def test_the_fix_for_a_stream(findings: Findings) -> None:
    body = "\nserver { listen 1; proxy_pass api.internal:3000; }"
    (finding,) = findings(body, API, wrap=stream)
    assert finding.fix is not None
    assert finding.fix.description == (
        'resolver ADDRESS; map "" $api_internal { default api.internal; } and proxy_pass '
        "$api_internal:3000; instead"
    )


def test_many_hops_are_one_finding(findings: Findings) -> None:
    more = (
        f" server {{ listen {port}; location / {{ proxy_pass http://x; }} }}" for port in (1, 2, 3)
    )
    body = BLOCK % "api.internal:3000" + "".join(more)
    (finding,) = findings(body, API, wrap=http)
    assert len(finding.hops) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("release", "body"),
    [
        ("trixie", server("api.internal:3000/v1/").replace("location /", "location /api/")),
        ("trixie", "\nserver { location / { fastcgi_pass api.internal:3000; } }"),
        ("sid", server()),
        ("sid", server() + server("api.internal:3001")),
        ("sid", (BLOCK % "api.internal:3000 weight=2").replace("zone x 64k; ", "")),
        ("sid", BLOCK % "api.internal:3000"),
    ],
)
def test_nginx_takes_what_the_fix_says(findings: Findings, release: str, body: str) -> None:
    nginx = nginx_of(release)
    spec = RESOLVERS + ('protocol = "fastcgi"\n' if "fastcgi" in body else "")
    finding, *_ = findings(body, spec, version=str(nginx.version))
    assert finding.fix is not None
    words = finding.fix.description
    if words.endswith("in the block"):
        lines = words.removesuffix(" in the block")
        after = re.sub(r"server api\.internal[^;]*;", lines, body)
    elif words.startswith("upstream"):
        block, called = words.split(" and ")
        after = block + re.sub(r"api\.internal:3000", called.split()[0], body)
    else:
        after = re.sub(r"\w+_pass [^;]*;", words.removesuffix(" instead"), body)
    assert after != body
    (verdict,) = check_all([f"{MAIN}http {{{HTTP}{after}}}\n".encode()], nginx)
    # a name that is looked up at once and not there is none of the words' doing
    assert verdict.accepted or verdict.message.startswith("host not found"), after
