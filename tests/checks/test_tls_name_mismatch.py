from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "tls-name-mismatch"
NAMES = 'tls = { names = ["up.example", "*.up.example"] }'
VERIFY = "proxy_ssl_verify on;"


def spec(facts: str) -> str:
    return f'[upstream.up]\nhosts = ["10.0.0.1", "a.up.example"]\nport = 1\n{facts}\n'


def located(*lines: str) -> str:
    return "\nserver { location / {\n" + "\n".join(lines) + "\n} }"


@pytest.mark.parametrize(
    ("lines", "facts", "line"),
    [
        ((VERIFY, "proxy_pass https://up:1;"), NAMES, 4),
        ((VERIFY, "proxy_pass https://a.up.example:1;"), NAMES, None),
        (("proxy_pass https://up:1;",), NAMES, None),
        (("proxy_ssl_verify off;", "proxy_pass https://up:1;"), NAMES, None),
        ((VERIFY, "proxy_pass https://up:1;"), "tls = true", None),
        ((VERIFY, "proxy_pass https://10.0.0.1:1;"), NAMES, 4),
        ((VERIFY, "proxy_pass https://10.0.0.1:1;"), 'tls = { names = ["10.0.0.1"] }', 4),
        ((VERIFY, "proxy_ssl_name UP.example;", "proxy_pass https://10.0.0.1:1;"), NAMES, None),
        ((VERIFY, "proxy_ssl_name up.example:1;", "proxy_pass https://10.0.0.1:1;"), NAMES, None),
        ((VERIFY, "proxy_ssl_name other;", "proxy_pass https://a.up.example:1;"), NAMES, 4),
        ((VERIFY, 'proxy_ssl_name "";', "proxy_pass https://a.up.example:1;"), NAMES, 4),
        ((VERIFY, "proxy_ssl_name .up.example;", "proxy_pass https://up:1;"), NAMES, None),
        ((VERIFY, "proxy_ssl_name $host;", "proxy_pass https://up:1;"), NAMES, None),
        ((VERIFY, "proxy_ssl_name $proxy_host;", "proxy_pass https://up:1;"), NAMES, 4),
        (
            (VERIFY, "proxy_ssl_name ${proxy_host};", "proxy_pass https://a.up.example:1;"),
            NAMES,
            None,
        ),
        (
            ("set $n up.example;", VERIFY, "proxy_ssl_name $n;", "proxy_pass https://up:1;"),
            NAMES,
            None,
        ),
        (("set $n up;", VERIFY, "proxy_ssl_name $n.other;", "proxy_pass https://up:1;"), NAMES, 5),
        (("grpc_ssl_verify on;", "grpc_pass grpcs://up:1;"), f'{NAMES}\nprotocol = "grpc"', 4),
        (("uwsgi_ssl_verify on;", "uwsgi_pass suwsgi://up:1;"), f'{NAMES}\nprotocol = "uwsgi"', 4),
        ((VERIFY, "grpc_pass grpcs://up:1;"), f'{NAMES}\nprotocol = "grpc"', None),
    ],
)
def test_one_target(lint: Lint, lines: tuple[str, ...], facts: str, line: int | None) -> None:
    assert lint(located(*lines), spec(facts)) == (
        [] if line is None else [Found(line, "error", 502, "always", RULE, "up")]
    )


DEFAULT = "server { listen 80; server_name other; }"


@pytest.mark.parametrize(
    ("around", "name", "written", "frequency"),
    [
        # the default server takes requests by other names too
        ("", "shop.example", "$host", "sometimes"),
        (DEFAULT, "shop.example", "$host", "always"),
        (DEFAULT, "shop.example", "${host}", "always"),
        (DEFAULT, "shop.example", "$http_host", "always"),
        (DEFAULT, "shop.example", "www.$host", "always"),
        (DEFAULT, "shop.example a.up.example", "$host", "sometimes"),
        (DEFAULT, "a.up.example", "$host", None),
        (DEFAULT, "up.example", "a.$host", None),
        (DEFAULT, "*.shop.example", "$host", None),
        (DEFAULT, r"a\\1", "$host", "always"),
    ],
)
def test_the_name_that_the_client_asks_for(
    lint: Lint, around: str, name: str, written: str, frequency: str | None
) -> None:
    body = (
        f"\n{around} server {{ listen 80; server_name {name}; location / {{ {VERIFY}\n"
        f"proxy_ssl_name {written}; proxy_pass https://up:1; }} }}"
    )
    expected = [] if frequency is None else [Found(3, "error", 502, frequency, RULE, "up")]
    assert lint(body, spec(NAMES)) == expected


def test_the_name_of_a_block(lint: Lint) -> None:
    body = (
        f"\nupstream BLOCK {{ server a.up.example:1; }}\nserver {{ {VERIFY}\n"
        "location / { proxy_pass https://BLOCK; } }"
    )
    assert lint(body.replace("BLOCK", "backend"), spec(NAMES)) == [
        Found(4, "error", 502, "always", RULE, "up")
    ]
    assert lint(body.replace("BLOCK", "Up.Example"), spec(NAMES)) == []


def test_a_socket_asks_for_its_path(lint: Lint) -> None:
    body = located(VERIFY, "proxy_pass https://unix:/run/up.sock:/;")
    socket = f'[upstream.up]\nsocket = "/run/up.sock"\n{NAMES}\n'
    assert lint(body, socket) == [Found(4, "error", 502, "always", RULE, "up")]
    local = 'tls = { names = ["localhost"] }'
    body = located(VERIFY, "proxy_ssl_name $proxy_host;", "proxy_pass https://unix:/run/up.sock:/;")
    assert lint(body, socket.replace(NAMES, local)) == []


def test_stream(lint: Lint) -> None:
    body = f"\nserver {{ listen 1; proxy_ssl on; {VERIFY}\nproxy_pass up:1; }}"
    tcp = spec(f'{NAMES}\nprotocol = "tcp"')
    assert lint(body, tcp, wrap=stream) == [Found(3, "error", 502, "always", RULE, "up")]
    assert lint(body.replace("ssl on;", "ssl off;"), tcp, wrap=stream) == []


def test_values_of_a_map(lint: Lint) -> None:
    body = (
        "\nmap $uri $name { default up.example; /a wrong; }\n"
        f"server {{ location / {{ {VERIFY}\nproxy_ssl_name $name;\nproxy_pass https://up:1; }} }}"
    )
    assert lint(body, spec(NAMES)) == [Found(4, "error", 502, "sometimes", RULE, "up")]


def test_one_of_two_servers(lint: Lint) -> None:
    body = (
        "\nupstream other.example { server up:1; server other:1; }\n"
        f"server {{ {VERIFY} location / {{\nproxy_pass https://other.example; }} }}"
    )
    other = '[upstream.other]\nport = 1\ntls = { names = ["other.example"] }\n'
    assert lint(body, spec(NAMES) + other) == [Found(4, "warning", 502, "sometimes", RULE, "up")]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("proxy_pass https://10.0.0.1:1;", True),
        ("proxy_ssl_name a.up.example; proxy_pass https://10.0.0.1:1;", False),
        ("proxy_pass https://a.up.example:1;", False),
    ],
)
def test_an_address_where_nobody_says_the_names(lint: Lint, line: str, found: bool) -> None:
    assert lint(located(VERIFY, line), spec("tls = true")) == (
        [Found(4, "error", 502, "always", RULE, "up")] if found else []
    )


def test_a_pass_and_a_name_that_may_go_together(lint: Lint) -> None:
    body = (
        "\nmap $uri $where { default a.up.example; /x b.up.example; }\n"
        "map $uri $name { default a.up.example; /x other.example; }\n"
        f"server {{ resolver 10.0.0.2; location / {{ {VERIFY}\n"
        "proxy_ssl_name NAME;\nproxy_pass https://$where:1; } }"
    )
    facts = '[upstream.up]\nhosts = ["a.up.example"]\nport = 1\n' + NAMES
    facts += '\n[upstream.other]\nhosts = ["b.up.example"]\nport = 1\n'
    facts += 'tls = { names = ["other.example"] }\n'
    assert lint(body.replace("NAME", "$name"), facts) == []
    assert lint(body.replace("NAME", "wrong"), facts) == [
        Found(5, "error", 502, "always", RULE, name) for name in ("up", "other")
    ]


def test_messages(findings: Findings) -> None:
    (found,) = findings(located(VERIFY, "proxy_pass https://10.0.0.1:1;"), spec(NAMES))
    assert found.message == (
        'nginx verifies the certificate of up for "10.0.0.1", the host of proxy_pass, but it is '
        "for up.example and *.up.example: nginx compares names only, and no certificate does for "
        "an address"
    )
    assert found.fix is not None
    assert found.fix.description == "proxy_ssl_name up.example;"
    assert [place.note for place in found.related] == [
        "the certificate of up is for these",
        "verified here",
    ]
    assert found.log == (
        'upstream SSL certificate does not match "10.0.0.1" while SSL handshaking to upstream'
    )


@pytest.mark.parametrize(
    ("names", "fix"),
    [
        ('"*.up.example", "up.example"', "proxy_ssl_name up.example;"),
        ('"10.0.0.1", "up.example"', "proxy_ssl_name up.example;"),
        # no server is called so
        ('"*.up.example"', None),
        ('"10.0.0.1", "a*.up.example"', None),
    ],
)
def test_no_wildcard_and_no_address_is_offered(
    findings: Findings, names: str, fix: str | None
) -> None:
    facts = f"tls = {{ names = [{names}] }}"
    (found,) = findings(located(VERIFY, "proxy_pass https://10.0.0.1:1;"), spec(facts))
    assert (None if found.fix is None else found.fix.description) == fix
