from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "front-sni-rejected"

BODY = """
ssl_certificate a; ssl_certificate_key b;
server { listen 443 ssl default_server;
ssl_reject_handshake on; }
server { listen 443 ssl; server_name shop.example.com *.shop.example.com; }
"""


def front(sni: str, *servers: str) -> str:
    text = f'[front.edge]\nsni = "{sni}"\n'
    return text + (f"servers = {list(servers)}\n".replace("'", '"') if servers else "")


def rejected(line: int = 4) -> Found:
    return Found(line, "error", 502, "always", RULE, None)


@pytest.mark.parametrize(
    ("sni", "found"),
    [
        ("shop.example.com", []),
        ("SHOP.example.com", []),
        ("www.shop.example.com", []),
        ("example.com", [rejected()]),
        ("lb-123.elb.amazonaws.com", [rejected()]),
    ],
)
def test_the_name_that_is_asked_for(lint: Lint, sni: str, found: list[Found]) -> None:
    assert lint(BODY, front(sni)) == found
    assert lint(BODY, front(sni, "shop.example.com")) == found


def test_the_status_is_that_of_the_kind(lint: Lint) -> None:
    text = f'{front("x")}kind = "fastly"\n'
    assert lint(BODY, text) == [Found(4, "error", 503, "always", RULE, None)]


def test_the_message(findings: Findings) -> None:
    (finding,) = findings(BODY, front("origin"))
    assert finding.message == (
        "edge asks for origin in the TLS handshake, but no server on *:443 is called so and the "
        "default one rejects the handshake: shop.example.com answers 502"
    )
    assert finding.front == "edge"


def test_a_server_of_that_name_may_be_the_one_that_rejects(findings: Findings) -> None:
    body = BODY.replace(
        "listen 443 ssl default_server;", "listen 443 ssl; server_name old.example;"
    )
    (finding,) = findings(body, front("old.example", "shop.example.com"))
    assert finding.message == (
        "edge asks for old.example in the TLS handshake, but the server on *:443 that is called so "
        "rejects the handshake: shop.example.com answers 502"
    )
    assert finding.fix is not None
    assert finding.fix.description == (
        "take ssl_reject_handshake off there, or let edge ask for another name"
    )


@pytest.mark.parametrize(
    "body",
    [
        # the default server takes every name
        BODY.replace("ssl_reject_handshake on;", ""),
        BODY.replace("ssl_reject_handshake on;", "ssl_reject_handshake off;"),
        # it may send there
        BODY + "server { listen 8443 ssl; server_name shop.example.com; }",
        # no TLS
        "\nserver { listen 80; server_name shop.example.com; }",
        # it may be called so
        BODY.replace("*.shop.example.com", r"~^(?<x>.+)\.(?=internal)"),
    ],
)
def test_the_handshake_may_well_succeed(lint: Lint, body: str) -> None:
    assert lint(body, front("origin.internal")) == []


def test_it_is_not_in_effect_yet(lint: Lint) -> None:
    assert lint(BODY, front("origin"), version="1.18.0") == []
    assert lint(BODY, front("origin"), version="1.19.4") == [rejected()]


def test_an_include_that_is_not_there_may_hold_the_name(findings: Findings) -> None:
    body = f"{BODY}include /etc/elsewhere/*.conf;\n"
    found = findings(body, front("origin"), files={"x": ""})
    assert [item for item in found if item.rule == RULE] == []


def test_every_port_rejects(lint: Lint) -> None:
    more = "server { listen 8443 ssl default_server;\nssl_reject_handshake on; }\n"
    more += "server { listen 8443 ssl; server_name shop.example.com; }\n"
    assert lint(BODY + more, front("origin")) == [rejected(), rejected(7)]


def test_nothing_is_declared(lint: Lint) -> None:
    assert lint(BODY, "[front.edge]\n") == []
