"""Names of upstreams: who looks them up, when, and whom nginx asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.names import (
    PUBLIC,
    found_once,
    passed_over,
    resolver_line,
    resolvers,
    says_resolve,
    unaware,
)
from lint502.nginx.addresses import literal_ip
from tests.support.pairs import UNSEEN, pair_of
from tests.support.sites import http

RESOLVER = "resolver 10.0.0.2;"


def located(passed: str, around: str = "") -> str:
    return http(f"{RESOLVER} {around} server {{ location / {{ {passed} }} }}")


@pytest.mark.parametrize(
    ("passed", "servers", "once", "again"),
    [
        # when nginx starts
        ("proxy_pass http://api.example:1;", "", True, False),
        ("proxy_pass http://b;", "server api.example:1;", True, False),
        ("proxy_pass http://b;", "server api.example:1 max_fails=2;", True, False),
        # as long as it runs
        ("proxy_pass http://b;", "server api.example:1 resolve;", False, True),
        ("set $h api.example; proxy_pass http://$h:1;", "", False, False),
        # nobody looks these up
        ("proxy_pass http://10.0.0.1:1;", "", False, False),
        ("proxy_pass http://[fd00::1]:1;", "", False, False),
        ("proxy_pass http://localhost:1;", "", False, False),
        ("proxy_pass http://unix:/run/a.sock;", "", False, False),
    ],
)
def test_when_a_name_is_looked_up(
    passed: str, servers: str, once: bool, again: bool, tmp_path: Path
) -> None:
    around = f"upstream b {{ zone b 64k; {servers or 'server x:1;'} }}"
    target = pair_of(tmp_path, located(passed, around)).target
    assert (found_once(target), says_resolve(target)) == (once, again)


@pytest.mark.parametrize(
    ("passed", "server", "expected"),
    [
        ("proxy_pass http://api.example:1;", "", True),
        ("proxy_pass http://b;", "server api.example:1;", True),
        ("proxy_pass http://b;", "server api.example:1 max_fails=3;", True),
        ("proxy_pass http://b;", "server api.example:1 max_fails=0;", False),
        ("proxy_pass http://b;", "server api.example:1 fail_timeout=0;", False),
        ("proxy_pass http://b;", "server api.example:1 fail_timeout=x;", False),
    ],
)
def test_addresses_that_have_failed(
    passed: str, server: str, expected: bool, tmp_path: Path
) -> None:
    around = f"upstream b {{ {server or 'server x:1;'} }}"
    assert passed_over(pair_of(tmp_path, located(passed, around)).target) is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("resolver 10.0.0.2;", ("10.0.0.2",)),
        ("resolver 10.0.0.2:53 valid=5s;", ("10.0.0.2",)),
        ("resolver 10.0.0.2:5353 ipv6=off;", ("10.0.0.2:5353",)),
        ("resolver [fd00::1] [fd00::2]:54;", ("fd00::1", "fd00::2:54")),
        ("resolver DNS.example 10.0.0.2;", ("dns.example", "10.0.0.2")),
        ("resolver 10.0.0.2; resolver 10.0.0.3;", ("10.0.0.3",)),
        ("resolver 10.0.0.2:x;", ("10.0.0.2:x",)),
        ("resolver $dns;", ()),
        ("resolver 10.0.0.2 valid=$t;", ()),
        (UNSEEN, ()),
    ],
)
def test_whom_nginx_asks(line: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    hop = pair_of(tmp_path, located(f"{line} proxy_pass http://a:1;")).hop
    assert resolvers(hop) == expected
    found = resolver_line(hop)
    assert (found is not None) is bool(expected)


def test_nobody_is_asked_where_nobody_is_named(tmp_path: Path) -> None:
    hop = pair_of(tmp_path, http("server { location / { proxy_pass http://a:1; } }")).hop
    assert (resolvers(hop), resolver_line(hop)) == ((), None)


AT_RUN_TIME = "set $h {}; proxy_pass http://$h:1;"


@pytest.mark.parametrize(
    ("host", "line", "facts", "expected"),
    [
        # those that are declared to know it
        ("up", "resolver 10.0.0.2;", 'resolvers = ["10.0.0.2"]', ()),
        ("up", "resolver 10.0.0.2:53;", 'resolvers = ["10.0.0.2"]', ()),
        ("up", "resolver 10.0.0.2;", 'resolvers = ["10.0.0.2:53"]', ()),
        ("up", "resolver 10.0.0.2;", 'resolvers = ["10.0.0.3"]', ("10.0.0.2",)),
        ("up", "resolver 10.0.0.2 10.0.0.3;", 'resolvers = ["10.0.0.3"]', ("10.0.0.2",)),
        ("up", "resolver 10.0.0.2;", "resolvers = []", ("10.0.0.2",)),
        ("up", UNSEEN, "resolvers = []", ()),
        # where none is declared: a name without a dot, which no public server knows
        ("upx.", "resolver 8.8.8.8;", "", ("8.8.8.8",)),
        ("up3", "resolver 8.8.8.8 1.1.1.1;", "", ("8.8.8.8", "1.1.1.1")),
        ("up3", "resolver 8.8.8.8 10.0.0.2;", "", ()),
        ("up3", "resolver 10.0.0.2;", "", ()),
        ("up3", "resolver 8.8.8.8:5353;", "", ()),
        ("up3.example", "resolver 8.8.8.8;", "", ()),
        ("ai", "resolver 8.8.8.8;", "", ()),  # that of a country
        ("ai.", "resolver 8.8.8.8;", "", ()),
        ("abc", "resolver 8.8.8.8;", "", ("8.8.8.8",)),
        ("a.b", "resolver 8.8.8.8;", 'resolvers = ["10.0.0.2"]', ()),
    ],
)
def test_who_does_not_know_a_name(
    host: str, line: str, facts: str, expected: tuple[str, ...], tmp_path: Path
) -> None:
    text = located(f"{line} {AT_RUN_TIME.format(host)}")
    assert unaware(pair_of(tmp_path, text, f"[upstream.up]\nport = 1\n{facts}\n")) == expected


def test_what_is_looked_up_at_the_start_is_not_asked_there(tmp_path: Path) -> None:
    text = located("resolver 8.8.8.8; proxy_pass http://up:1;")
    assert unaware(pair_of(tmp_path, text, "[upstream.up]\nport = 1\nresolvers = []\n")) == ()


def test_public_servers_are_addresses() -> None:
    assert [server for server in PUBLIC if str(literal_ip(server)) != server] == []
