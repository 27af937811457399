from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "client-not-allowed"
SPEC = '[upstream.php]\nhosts = ["10.0.0.5"]\nport = 9000\nserver = "php-fpm"\n%s'
ALWAYS = [(4, "error", 502, "always")]
PERHAPS = [(4, "warning", 502, "sometimes")]


def body(address: str, settings: str = "") -> str:
    return f"\nserver {{ location / {{\n{settings}\nfastcgi_pass {address}:9000; }} }}"


def own(rows: list[Found]) -> list[tuple[int, str, int | None, str | None]]:
    return [(row.line, row.severity, row.status, row.frequency) for row in rows if row.rule == RULE]


@pytest.mark.parametrize(
    ("address", "allowed", "more", "found"),
    [
        # from its own loopback to its own loopback
        ("127.0.0.1", '"127.0.0.1"', "same_host = true", []),
        ("127.0.0.1", '"10.0.0.7"', "same_host = true", ALWAYS),
        ("[::1]", '"127.0.0.1"', "same_host = true", ALWAYS),
        ("localhost", '"::1"', "same_host = true", []),
        # from one of another network
        ("10.0.0.5", '"127.0.0.1", "::1"', "", ALWAYS),
        ("php", '"127.0.0.1"', "same_host = false", ALWAYS),
        ("php", '"127.0.0.1"', "", PERHAPS),
        ("php", '"127.0.0.1"', "same_host = true", []),
        ("php", '"127.0.0.1", "10.0.0.7"', "same_host = false", []),
    ],
)
def test_where_it_comes_from(
    lint: Lint, address: str, allowed: str, more: str, found: list[tuple[int, str, int, str]]
) -> None:
    facts = SPEC % f"allowed_clients = [{allowed}]\n{more}\n"
    assert own(lint(body(address), facts)) == found


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("fastcgi_bind 10.0.0.7;", []),
        ("fastcgi_bind 10.0.0.8;", [(3, "error", 502, "always")]),
        ("fastcgi_bind 10.0.0.8:4000;", [(3, "error", 502, "always")]),
        ("fastcgi_bind $remote_addr transparent;", []),
        ("fastcgi_bind off;", []),
        ("proxy_bind 10.0.0.8;", []),
    ],
)
def test_what_it_binds(lint: Lint, settings: str, found: list[tuple[int, str, int, str]]) -> None:
    facts = SPEC % 'allowed_clients = ["10.0.0.7"]\n'
    assert own(lint(body("10.0.0.5", settings), facts)) == found


def test_nothing_is_declared(lint: Lint) -> None:
    assert own(lint(body("10.0.0.5", "fastcgi_bind 10.0.0.8;"), SPEC % "")) == []


def test_its_words(findings: Findings) -> None:
    (finding,) = findings(body("php"), SPEC % 'allowed_clients = ["127.0.0.1"]\n')
    assert finding.message == (
        "nginx connects to php from an address of its network, and php accepts connections from "
        "127.0.0.1 only, and closes all others, unless that name leads to nginx's own loopback"
    )
