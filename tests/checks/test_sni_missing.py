from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "sni-missing"
REQUIRED = 'tls = { sni = "required" }'
NAMED = 'tls = { sni = "required", names = ["up.example", "*.up.example"] }'
ON = "proxy_ssl_server_name on;"


def spec(facts: str) -> str:
    return f'[upstream.up]\nhosts = ["10.0.0.1", "::1"]\nport = 1\n{facts}\n'


def located(*lines: str) -> str:
    return "\nserver { location / {\n" + "\n".join(lines) + "\n} }"


@pytest.mark.parametrize(
    ("lines", "facts", "expected"),
    [
        (("proxy_pass https://up:1;",), REQUIRED, (3, "error")),
        (("proxy_pass https://up:1;",), 'tls = { sni = "optional" }', None),
        (("proxy_pass https://up:1;",), "tls = true", None),
        ((ON, "proxy_pass https://up:1;"), REQUIRED, None),
        (("proxy_ssl_server_name off;", "proxy_pass https://up:1;"), REQUIRED, (3, "error")),
        # an address is never sent
        ((ON, "proxy_pass https://10.0.0.1:1;"), REQUIRED, (4, "error")),
        ((ON, "proxy_pass https://[::1]:1;"), REQUIRED, (4, "error")),
        ((ON, "proxy_ssl_name up.example;", "proxy_pass https://10.0.0.1:1;"), NAMED, None),
        ((ON, "proxy_ssl_name up.example:8443;", "proxy_pass https://10.0.0.1:1;"), NAMED, None),
        ((ON, "proxy_ssl_name 10.0.0.2;", "proxy_pass https://up:1;"), REQUIRED, (4, "error")),
        ((ON, 'proxy_ssl_name "";', "proxy_pass https://up:1;"), REQUIRED, (4, "error")),
        # a name that the server may not know
        ((ON, "proxy_pass https://up:1;"), NAMED, (4, "warning")),
        ((ON, "proxy_ssl_name a.up.example;", "proxy_pass https://up:1;"), NAMED, None),
        ((ON, "proxy_ssl_name a.b.up.example;", "proxy_pass https://up:1;"), NAMED, (4, "warning")),
        # the request decides
        ((ON, "proxy_ssl_name $host;", "proxy_pass https://up:1;"), NAMED, None),
        (
            (ON, "proxy_ssl_name $proxy_host;", "proxy_pass https://10.0.0.1:1;"),
            NAMED,
            (4, "error"),
        ),
        (("grpc_pass grpcs://up:1;",), f'{REQUIRED}\nprotocol = "grpc"', (3, "error")),
        (
            ("grpc_ssl_server_name on;", "grpc_pass grpcs://up:1;"),
            f'{REQUIRED}\nprotocol = "grpc"',
            None,
        ),
        (("uwsgi_pass suwsgi://up:1;",), f'{REQUIRED}\nprotocol = "uwsgi"', (3, "error")),
        ((ON, "uwsgi_pass suwsgi://up:1;"), f'{REQUIRED}\nprotocol = "uwsgi"', (4, "error")),
    ],
)
def test_one_target(
    lint: Lint, lines: tuple[str, ...], facts: str, expected: tuple[int, str] | None
) -> None:
    found = lint(located(*lines), spec(facts))
    if expected is None:
        assert found == []
    else:
        line, severity = expected
        frequency = "always" if severity == "error" else "sometimes"
        assert found == [Found(line, severity, 502, frequency, RULE, "up")]


def test_inherited_stream_and_plaintext(lint: Lint) -> None:
    body = f"\n{ON}\nserver {{ location / {{ proxy_pass https://up:1; }} }}"
    assert lint(body, spec(REQUIRED)) == []
    body = "\nserver { listen 1; proxy_ssl on;\nproxy_pass up:1; }"
    tcp = f'{REQUIRED}\nprotocol = "tcp"'
    assert lint(body, spec(tcp), wrap=stream) == [Found(3, "error", 502, "always", RULE, "up")]
    assert lint(body.replace("ssl on;", "ssl off;"), spec(tcp), wrap=stream) == []
    assert lint(body.replace("ssl on;", f"ssl on; {ON}"), spec(tcp), wrap=stream) == []
    plain = lint(located("proxy_pass http://up:1;"), spec(REQUIRED))
    assert [one.rule for one in plain] == ["tls-mismatch"]


def test_names_by_a_map(lint: Lint) -> None:
    body = (
        "\nmap $uri $name { default up.example; /a 10.0.0.9; }\n"
        f"server {{ location / {{ {ON}\nproxy_ssl_name $name;\nproxy_pass https://up:1; }} }}"
    )
    assert lint(body, spec(NAMED)) == [Found(4, "error", 502, "sometimes", RULE, "up")]
    # the pass and the name may go together
    both = body.replace("https://up:1", "https://$where").replace(
        "\nserver", " map $uri $where { default up:1; /a other:1; }\nserver"
    )
    both = both.replace("location / {", "resolver 10.0.0.2; location / {")
    other = "[upstream.other]\nport = 1\ntls = true\n"
    assert lint(both, spec(NAMED) + other) == []


def test_what_is_verified_is_for_another_rule(lint: Lint) -> None:
    lines = ("proxy_ssl_verify on;", ON, "proxy_pass https://up:1;")
    assert [one.rule for one in lint(located(*lines), spec(NAMED))] == ["tls-name-mismatch"]


@pytest.mark.parametrize(
    ("lines", "facts", "said", "fix"),
    [
        (
            ("proxy_pass https://up:1;",),
            REQUIRED,
            "sends none by default",
            "proxy_ssl_server_name on;",
        ),
        (
            ("proxy_pass https://10.0.0.1:1;",),
            NAMED,
            "sends none by default",
            "proxy_ssl_server_name on; proxy_ssl_name up.example;",
        ),
        (
            (ON, "proxy_pass https://10.0.0.1:1;"),
            REQUIRED,
            "cannot send an address, as 10.0.0.1 is, as one",
            "proxy_ssl_name NAME;",
        ),
        (
            (ON, "proxy_pass https://up:1;"),
            NAMED,
            'sends "up", where its certificate has up.example and *.up.example: a server that '
            "requires a name refuses those that it does not know",
            "proxy_ssl_name up.example;",
        ),
    ],
)
def test_messages(
    findings: Findings, lines: tuple[str, ...], facts: str, said: str, fix: str
) -> None:
    (found,) = findings(located(*lines), spec(facts))
    assert found.message == (
        f"up requires the server's name in the TLS handshake (SNI), and nginx {said}"
    )
    assert found.fix is not None
    assert found.fix.description == fix


@pytest.mark.parametrize(
    ("names", "fix"),
    [
        ('"*.up.example", "up.example"', "proxy_ssl_name up.example;"),
        ('"10.0.0.1", "*.up.example", "up.example"', "proxy_ssl_name up.example;"),
        # no server is called so
        ('"*.up.example"', "proxy_ssl_name NAME;"),
        ('"10.0.0.1", "a*.up.example"', "proxy_ssl_name NAME;"),
    ],
)
def test_no_wildcard_and_no_address_is_offered(findings: Findings, names: str, fix: str) -> None:
    facts = f'tls = {{ sni = "required", names = [{names}] }}'
    (found,) = findings(located(ON, "proxy_pass https://10.0.0.1:1;"), spec(facts))
    assert found.fix is not None
    assert found.fix.description == fix
    assert bool(found.fix.edits) is ("NAME" not in fix)
