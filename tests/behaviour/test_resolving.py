"""Names that nginx looks up while it runs: whom it asks, and who of them knows a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.resolving import (
    is_private,
    looked_up,
    named_servers,
    private_domains,
    public_servers,
    resolver_line,
    servers_of,
    unaware,
)
from lint502.nginx.addresses import literal_ip
from lint502.nginx.version import Version
from tests.support.pairs import UNSEEN, pair_of, site_of
from tests.support.sites import NEW, OLD, http, stream

RESOLVER = "resolver 10.0.0.2;"


def located(passed: str, around: str = "") -> str:
    return http(f"{RESOLVER} {around} server {{ location / {{ {passed} }} }}")


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
        # nginx does not take this
        ("resolver valid=5s;", ()),
        (UNSEEN, ()),
    ],
)
def test_whom_nginx_asks(line: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    found = resolver_line(pair_of(tmp_path, located(f"{line} proxy_pass http://a:1;")).hop)
    assert servers_of(found) == expected
    assert (found is not None) is bool(expected)


def test_nobody_is_asked_where_nobody_is_named(tmp_path: Path) -> None:
    hop = pair_of(tmp_path, http("server { location / { proxy_pass http://a:1; } }")).hop
    assert resolver_line(hop) is None


AT_RUN_TIME = "set $h {}; proxy_pass http://$h:1;"


@pytest.mark.parametrize(
    ("server", "around", "expected"),
    [
        ("server a.example:1 resolve;", "", ("10.0.0.2",)),
        ("server a.example:1 resolve; resolver 10.0.0.3;", "", ("10.0.0.3",)),
        (f"server a.example:1 resolve; {UNSEEN}", "", ()),
    ],
)
def test_whom_nginx_asks_for_the_servers_of_a_block(
    server: str, around: str, expected: tuple[str, ...], tmp_path: Path
) -> None:
    block = f"upstream b {{ zone b 64k; server 10.0.0.9:1; {server} }}"
    site = site_of(tmp_path, located("resolver 10.0.0.4; proxy_pass http://b;", block), version=NEW)
    pairs = [pair for pair in site.each_pair() if pair.target.address.ip is None]
    (hop,) = site.hops
    line = resolver_line(hop, pairs[0].target) if pairs else None
    assert servers_of(line) == expected


@pytest.mark.parametrize(
    ("server", "version", "expected"),
    [
        ("a.example:1 resolve", NEW, True),
        ("a.example:1 resolve", "1.27.3", True),
        ("a.example:1 resolve", "1.27.2", False),  # nginx does not start
        ("a.example:1", NEW, False),
        ("10.0.0.5:1 resolve", NEW, False),
        ("[fd00::1]:1 resolve", NEW, False),
        ("unix:/run/a.sock resolve", NEW, False),
    ],
)
def test_servers_of_a_block_that_are_looked_up_while_nginx_runs(
    server: str, version: str, expected: bool, tmp_path: Path
) -> None:
    text = located("proxy_pass http://b;", f"upstream b {{ zone b 64k; server {server}; }}")
    target = pair_of(tmp_path, text, version=version).target
    assert looked_up(target, Version.parse(version)) is expected


UP = "[upstream.up]\nport = 1\n"


@pytest.mark.parametrize(
    ("host", "line", "facts", "servers", "answering"),
    [
        # those that are declared to know it
        ("up", "resolver 10.0.0.2;", 'resolvers = ["10.0.0.2"]', (), ()),
        ("up", "resolver 10.0.0.2:53;", 'resolvers = ["10.0.0.2"]', (), ()),
        ("up", "resolver 10.0.0.2;", 'resolvers = ["10.0.0.2:53"]', (), ()),
        ("up", "resolver 10.0.0.2;", 'resolvers = ["10.0.0.3"]', ("10.0.0.2",), ()),
        ("up", "resolver 10.0.0.2 10.0.0.3;", 'resolvers = ["10.0.0.3"]', ("10.0.0.2",), ()),
        ("up", "resolver 10.0.0.2;", "resolvers = []", ("10.0.0.2",), ()),
        ("up", UNSEEN, "resolvers = []", (), ()),
        (
            "up",
            "resolver 8.8.8.8 10.0.0.3;",
            'resolvers = ["10.0.0.3"]',
            ("8.8.8.8",),
            ("8.8.8.8",),
        ),
        ("up.a", "resolver 1.1.1.1 10.0.0.3;", 'resolvers = ["10.0.0.3"]', (), ()),
        # where none is declared: a name that no public server knows
        ("upx.", "resolver 8.8.8.8;", "", ("8.8.8.8",), ("8.8.8.8",)),
        ("up3", "resolver 8.8.8.8 1.1.1.1;", "", ("8.8.8.8", "1.1.1.1"), ("8.8.8.8", "1.1.1.1")),
        ("up3", "resolver 10.0.0.2 8.8.8.8;", "", ("8.8.8.8",), ("8.8.8.8",)),
        ("up3.internal", "resolver 10.0.0.2 8.8.8.8;", "", ("8.8.8.8",), ("8.8.8.8",)),
        ("up3", "resolver 10.0.0.2;", "", (), ()),
        ("up3", "resolver 8.8.8.8:5353;", "", (), ()),
        ("up3.example", "resolver 8.8.8.8;", "", (), ()),
    ],
)
def test_who_does_not_know_a_name(
    host: str,
    line: str,
    facts: str,
    servers: tuple[str, ...],
    answering: tuple[str, ...],
    tmp_path: Path,
) -> None:
    text = located(f"{line} {AT_RUN_TIME.format(host)}")
    pair = pair_of(tmp_path, text, f"{UP}{facts}\n")
    found = unaware(pair, Version.parse(OLD), frozenset())
    assert (() if found is None else found.servers) == servers
    assert (() if found is None else found.answering) == answering


def test_a_server_that_knows_another_upstream_is_there(tmp_path: Path) -> None:
    text = located(f"resolver 10.0.0.2:53 10.0.0.3; {AT_RUN_TIME.format('up')}")
    spec = f'{UP}resolvers = ["10.0.0.3"]\n[upstream.db]\nport = 2\nresolvers = ["10.0.0.2"]\n'
    site = site_of(tmp_path, text, spec)
    (pair,) = site.each_pair()
    named = named_servers(site.spec)
    assert named == {"10.0.0.2", "10.0.0.3"}
    found = unaware(pair, site.version, named)
    assert found is not None
    assert (found.servers, found.answering) == (("10.0.0.2",), ("10.0.0.2",))
    assert (found.every, found.certain) == (False, True)


@pytest.mark.parametrize(
    ("servers", "milliseconds"),
    [
        ("10.0.0.9 10.0.0.1", 5_000),
        ("10.0.0.9 10.0.0.1 10.0.0.2", 10_000),
        ("10.0.0.1 10.0.0.9 10.0.0.2", 10_000),  # in turn: from the last to the first
        ("10.0.0.1 10.0.0.9 10.0.0.2 10.0.0.9", 5_000),
    ],
)
def test_how_long_nginx_waits_for_those_that_are_not_there(
    servers: str, milliseconds: int, tmp_path: Path
) -> None:
    text = located(f"resolver {servers}; {AT_RUN_TIME.format('up')}")
    pair = pair_of(tmp_path, text, f'{UP}resolvers = ["10.0.0.9"]\n')
    found = unaware(pair, Version.parse(OLD), frozenset())
    assert found is not None
    assert (found.longest_wait, found.certain) == (milliseconds, False)


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("orders", True),
        ("Orders.", True),
        ("abc", True),
        ("ai", False),  # that of a country
        ("ai.", False),
        ("localhost", False),
        ("api.internal", True),
        ("host.docker.internal.", True),
        ("orders.shop.svc.CLUSTER.local", True),
        ("nas.home.arpa", True),
        ("1.0.0.10.in-addr.arpa", False),
        ("internal.shop.example", False),
        ("myinternal", True),
        ("a.myinternal", False),
    ],
)
def test_names_that_no_public_server_knows(host: str, private: bool) -> None:
    assert is_private(host) is private


def test_what_is_looked_up_at_the_start_is_not_asked_there(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, located("resolver 8.8.8.8; proxy_pass http://up:1;"), UP)
    assert unaware(pair, Version.parse(NEW), frozenset()) is None


def test_in_stream(tmp_path: Path) -> None:
    text = stream(
        "resolver 8.8.8.8; upstream b { zone b 64k; server upx:1 resolve; } "
        "server { listen 2; proxy_pass b; }"
    )
    found = unaware(pair_of(tmp_path, text, UP, version=NEW), Version.parse(NEW), frozenset())
    assert found is not None
    assert found.servers == ("8.8.8.8",)


def test_public_servers_are_addresses_and_domains_are_names() -> None:
    assert [server for server in public_servers() if str(literal_ip(server)) != server] == []
    assert [name for name in private_domains() if name != name.lower().strip(".")] == []
    assert {"8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222"} <= public_servers()
