from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "localhost-family"
API = '[upstream.api]\nhosts = ["localhost"]\nport = 3000\nbind = [%s]\n'
V4 = API % '"127.0.0.1"'
WARNING = [Found(2, "warning", 502, "sometimes", RULE, "api")]
ERROR = [Found(2, "error", 502, "sometimes", RULE, "api")]


def server(settings: str = "", host: str = "localhost") -> str:
    return f"\nserver {{ location / {{ proxy_pass http://{host}:3000; {settings} }} }}"


@pytest.mark.parametrize("bind", ['"127.0.0.1"', '"0.0.0.0"', '"::1"', '"127.0.0.1", "10.0.0.5"'])
def test_bound_to_one_family(lint: Lint, bind: str) -> None:
    assert lint(server(), API % bind) == WARNING
    assert lint(server("proxy_next_upstream off;"), API % bind) == ERROR


@pytest.mark.parametrize(
    "bind",
    ['"*"', '"::"', '"localhost"', '"0.0.0.0", "::"', '"127.0.0.1", "::1"', '"127.0.0.1", "eth0"'],
)
def test_bound_to_both_or_not_known(lint: Lint, bind: str) -> None:
    assert lint(server("proxy_next_upstream off;"), API % bind) == []


def test_without_bind_nothing_is_known(lint: Lint) -> None:
    assert lint(server(), "[upstream.api]\nport = 3000\n") == []


def test_an_address_has_one_family(lint: Lint) -> None:
    assert lint(server(host="127.0.0.1"), V4) == []
    assert [row.rule for row in lint(server(host="[::1]"), V4)] == ["bind-mismatch"]
    assert [row.rule for row in lint(server(), API % '"10.0.0.5"')] == ["bind-mismatch"]


def test_another_name_is_no_localhost(lint: Lint) -> None:
    spec = V4.replace('["localhost"]', '["api.internal"]') + "same_host = true\n"
    assert lint(server(host="api.internal"), spec) == []


def test_in_another_container_it_is_the_wrong_loopback(lint: Lint) -> None:
    spec = V4.replace('hosts = ["localhost"]\n', "") + "same_host = false\n"
    assert [row.rule for row in lint(server(), spec)] == ["loopback-in-container"]


def test_looked_up_at_run_time_it_is_for_the_name_server_to_say(lint: Lint) -> None:
    body = "\nresolver ::1 ipv6=off; server { location / " \
        "{ set $h localhost; proxy_pass http://$h:3000; } }"  # fmt: skip
    assert lint(body, V4) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("proxy_next_upstream_tries 1;", ERROR),
        ("proxy_next_upstream timeout;", ERROR),
        ("proxy_next_upstream_tries 2;", WARNING),
        # connections that are refused are tried again whatever the method
        ("limit_except POST { deny all; }", WARNING),
    ],
)
def test_how_many_tries_there_are(lint: Lint, settings: str, expected: list[Found]) -> None:
    assert lint(server(settings), V4) == expected


BLOCK = "\nupstream api { server localhost:3000 %s; } " \
    "server { location / { proxy_pass http://api; %s } }"  # fmt: skip


def test_a_block(lint: Lint) -> None:
    off = "proxy_next_upstream off;"
    assert lint(BLOCK % ("", ""), V4) == WARNING
    assert lint(BLOCK % ("", off), V4) == ERROR
    # it is never taken out of use, so the other address is always asked
    assert lint(BLOCK % ("max_fails=0", ""), V4) == []
    assert lint(BLOCK % ("fail_timeout=0", ""), V4) == []
    assert lint(BLOCK % ("max_fails=3 fail_timeout=1m", ""), V4) == WARNING
    assert lint(BLOCK % ("max_fails=0", off), V4) == ERROR
    assert lint(BLOCK % ("down", off), V4) == [
        Found(2, "error", 502, "always", "no-live-peer", None)
    ]


def test_a_backup(lint: Lint) -> None:
    body = BLOCK.replace("server l", "server 127.0.0.1:3000; server l") % (
        "backup",
        "proxy_next_upstream off;",
    )
    assert lint(body, V4) == WARNING


def test_stream(lint: Lint) -> None:
    body = "\nserver { listen 1; proxy_pass localhost:3000; %s }"
    assert lint(body % "", V4, wrap=stream) == WARNING
    assert lint(body % "proxy_next_upstream off;", V4, wrap=stream) == ERROR
    body = "\nserver { listen 1 udp; proxy_pass localhost:3000; }"
    assert lint(body, V4 + 'protocol = "udp"\n', wrap=stream) == [
        Found(2, "error", 200, "sometimes", RULE, "api")
    ]


@pytest.mark.parametrize(
    ("bind", "fixed"),
    [
        ('"127.0.0.1"', "proxy_pass http://127.0.0.1:3000;"),
        ('"0.0.0.0"', "proxy_pass http://127.0.0.1:3000;"),
        ('"::1"', "proxy_pass http://[::1]:3000;"),
    ],
)
def test_the_fix_is_the_address_that_is_bound(findings: Findings, bind: str, fixed: str) -> None:
    (finding,) = findings(server(), API % bind)
    assert finding.fix is not None
    assert (finding.fix.description, finding.fix.safe) == (fixed, False)
    (finding,) = findings(BLOCK % ("", ""), API % bind)
    assert finding.fix is not None and finding.fix.safe


def test_the_message(findings: Findings) -> None:
    (finding,) = findings(server("proxy_next_upstream off;"), V4)
    assert finding.message == (
        "localhost is ::1 as well where nginx's /etc/hosts says so, but api is bound to 127.0.0.1 "
        "only; nginx does not try the other address"
    )
    assert finding.log == (
        "connect() failed (111: Connection refused) while connecting to upstream"
    )


def test_hops_with_one_text_are_one_finding(findings: Findings) -> None:
    body = BLOCK % ("", "") + " server { listen 81; location / { proxy_pass http://api; } }"
    (finding,) = findings(body, V4)
    assert len(finding.hops) == 2
