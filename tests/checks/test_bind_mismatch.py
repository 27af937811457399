from __future__ import annotations

import pytest

from lint502.findings import Fix
from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "bind-mismatch"


def rows(lint: Lint, address: str, bind: str, more: str = "") -> list[Found]:
    spec = f"[upstream.api]\nport = 3000\nbind = [{bind}]\n{more}"
    return lint(f"\nserver {{ location / {{ proxy_pass http://{address}:3000; }} }}", spec)


@pytest.mark.parametrize(
    ("address", "bind"),
    [
        ("127.0.0.1", '"127.0.0.1"'),
        ("127.0.0.1", '"0.0.0.0"'),
        ("127.0.0.1", '"::"'),
        ("127.0.0.1", '"*"'),
        ("127.0.0.1", '"localhost"'),
        ("127.0.0.1", '"10.0.0.5", "127.0.0.1"'),
        ("[::1]", '"::1"'),
        ("[::1]", '"::"'),
        ("localhost", '"127.0.0.1", "::1"'),
        ("localhost", '"::"'),
        ("0.0.0.0", '"127.0.0.1"'),
        ("0.0.0.0", '"0.0.0.0"'),
        ("10.0.0.5", '"10.0.0.5"'),
        ("api", '"0.0.0.0"'),
        ("api", '"10.0.0.5"'),
        ("127.0.0.1", '"eth0.internal"'),
    ],
)
def test_something_is_bound_there(lint: Lint, address: str, bind: str) -> None:
    assert rows(lint, address, bind) == []


@pytest.mark.parametrize(
    ("address", "bind"),
    [
        ("127.0.0.1", '"10.0.0.5"'),
        ("127.0.0.2", '"127.0.0.1"'),
        ("127.0.0.1", '"::1"'),
        ("[::1]", '"127.0.0.1"'),
        ("[::1]", '"0.0.0.0"'),
        ("localhost", '"10.0.0.5"'),
        ("0.0.0.0", '"::1"'),
    ],
)
def test_nothing_is_bound_there(lint: Lint, address: str, bind: str) -> None:
    assert rows(lint, address, bind) == [Found(2, "error", 502, "always", RULE, "api")]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", [Found(2, "warning", 502, "sometimes", RULE, "api")]),
        ("same_host = false\n", [Found(2, "error", 502, "always", RULE, "api")]),
        # then its name may well be a loopback address
        ("same_host = true\n", []),
    ],
)
@pytest.mark.parametrize("bind", ['"127.0.0.1"', '"::1", "localhost"'])
def test_a_name_for_what_is_bound_to_the_loopback(
    lint: Lint, bind: str, more: str, expected: list[Found]
) -> None:
    assert rows(lint, "api", bind, more) == expected


def test_an_address_where_only_the_loopback_is_bound(lint: Lint) -> None:
    more = 'hosts = ["10.0.0.5"]\n'
    assert rows(lint, "10.0.0.5", '"127.0.0.1"', more) == [
        Found(2, "error", 502, "always", RULE, "api")
    ]


def test_one_of_two_servers(lint: Lint) -> None:
    body = """
        upstream api {
            server 127.0.0.1:3000;
            server [::1]:3000;
        }
        server { location / { proxy_pass http://api; } }"""
    spec = '[upstream.api]\nhosts = ["10.0.0.5"]\nport = 3000\nbind = ["127.0.0.1"]\n'
    assert lint(body, spec) == [Found(4, "warning", 502, "sometimes", RULE, "api")]


def test_without_bind_nothing_is_known(lint: Lint) -> None:
    body = "\nserver { location / { proxy_pass http://[::1]:3000; } }"
    assert lint(body, "[upstream.api]\nport = 3000\n") == []


def test_the_fix_is_no_loopback_address_of_another_machine(findings: Findings) -> None:
    body = "server { location / { proxy_pass http://10.0.0.5:3000; } }"
    spec = '[upstream.api]\nhosts = ["10.0.0.5"]\nport = 3000\nbind = ["127.0.0.1"]\nsame_host = '
    (finding,) = findings(body, f"{spec}true\n")
    assert (
        finding.fix is not None and finding.fix.description == "proxy_pass http://127.0.0.1:3000;"
    )
    (finding,) = findings(body, f"{spec}false\n")
    assert finding.fix == Fix("bind api to 10.0.0.5, or to 0.0.0.0")


@pytest.mark.parametrize(
    ("target", "bind", "what"),
    [
        ("api.internal", '"127.0.0.1"', "0.0.0.0, or to the address that api.internal has there"),
        ("10.0.0.5", '"127.0.0.1", "10.0.0.6"', "10.0.0.5, or to 0.0.0.0"),
        ("[fd00::5]", '"127.0.0.1", "::1"', "fd00::5, or to ::"),
        ("[::1]", '"0.0.0.0"', "::1, or to ::"),
        ("localhost", '"10.0.0.5", "10.0.0.6"', "127.0.0.1 and ::1, which localhost is"),
    ],
)
def test_what_to_bind(findings: Findings, target: str, bind: str, what: str) -> None:
    body = f"server {{ location / {{ proxy_pass http://{target}:3000; }} }}"
    hosts = '"api.internal", "10.0.0.5", "fd00::5", "127.0.0.1"'
    same = "" if target in ("[::1]", "localhost") else "same_host = false\n"
    spec = f"[upstream.api]\nhosts = [{hosts}]\nport = 3000\nbind = [{bind}]\n{same}"
    (finding,) = (one for one in findings(body, spec) if one.rule == RULE)
    assert finding.fix == Fix(f"bind api to {what}")
