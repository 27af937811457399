"""Targets whose host or name is declared, but with another address."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.mismatches import at_one_address, port_fix, port_left_out, where_declared
from tests.support.pairs import pair_of, pairs_of
from tests.support.sites import http, stream

UP = '[upstream.up]\nhosts = ["10.0.0.1"]\nport = 3000\n'


def located(passed: str, around: str = "") -> str:
    return http(f"{around} server {{ location / {{ {passed} }} }}")


def test_pairs_that_are_told_together(tmp_path: Path) -> None:
    """Those of one line, at one address, that mean the same."""
    text = http(
        "upstream a { server 10.0.0.1:1; server 10.0.0.1:2; }\n"
        "upstream b { server 10.0.0.1:1; }\n"
        "server { location /1 { proxy_pass http://a; } location /2 { proxy_pass http://a; }\n"
        "location /3 { proxy_pass http://b; } location /4 { proxy_pass http://10.0.0.1:1; } }"
    )
    pairs = pairs_of(tmp_path, text, UP)
    found = [
        [f"{pair.hop.location} {pair.target.address.port}" for pair in together]
        for together in at_one_address(pairs)
    ]
    assert found == [["/1 1", "/2 1"], ["/1 2", "/2 2"], ["/3 1"], ["/4 1"]]
    assert list(at_one_address([])) == []


def test_datagrams_are_told_apart(tmp_path: Path) -> None:
    text = stream(
        "upstream a { server 10.0.0.1:1; } server { listen 1; proxy_pass a; }\n"
        "server { listen 2 udp; proxy_pass a; }"
    )
    assert [len(one) for one in at_one_address(pairs_of(tmp_path, text, UP))] == [1, 1]


LOCAL = "[upstream.up]\nport = 3000\n"
SEVERAL = "\n".join(
    f'[[upstream.up]]\nhosts = ["10.0.0.1"]\nport = {port}\n' for port in (3000, 3001, 3002, 3003)
)
TWO = '[upstream.one]\nhosts = ["h"]\nport = 1\n[upstream.two]\nhosts = ["h"]\nport = 2\n'


@pytest.mark.parametrize(
    ("target", "spec", "expected"),
    [
        ("up:1", UP, "port 3000"),
        ("up:1", '[upstream.up]\nsocket = "/run/up.sock"\n', "the socket /run/up.sock"),
        ("up:3001", SEVERAL.replace("3001", "4000"), "port 3000, port 3002, port 3003 and 1 more"),
        ("10.0.0.1:1", UP, "port 3000"),
        # which upstream is meant is not clear
        ("127.0.0.1:1", LOCAL, "up on port 3000"),
        ("h:3", TWO, "two on port 2 and one on port 1"),
    ],
)
def test_where_the_nearest_are(target: str, spec: str, expected: str, tmp_path: Path) -> None:
    mismatch = pair_of(tmp_path, located(f"proxy_pass http://{target};"), spec).mismatch
    assert mismatch is not None
    assert where_declared(mismatch) == expected


@pytest.mark.parametrize(
    ("passed", "around", "spec", "expected"),
    [
        ("proxy_pass http://up:1;", "", UP, "proxy_pass http://up:3000;"),
        ("proxy_pass http://up:1/x;", "", UP, "proxy_pass http://up:3000/x;"),
        ("proxy_pass http://b;", "upstream b { server up:1 backup; server x:1; }", UP,
         "server up:3000 backup;"),
        # without a port
        ("proxy_pass http://b;", "upstream b { server up; }", UP, "server up:3000;"),
        ("proxy_pass http://up;", "", UP, None),  # it may have a path
        # several, or none
        ("proxy_pass http://up:1;", "", SEVERAL, None),
        ("proxy_pass http://up:1;", "", '[upstream.up]\nsocket = "/run/up.sock"\n', None),
        ("proxy_pass http://10.0.0.1:1;", "", UP, "proxy_pass http://10.0.0.1:3000;"),
        # something else may listen there, unless everything is declared
        ("proxy_pass http://127.0.0.1:1;", "", LOCAL, None),
        ("proxy_pass http://127.0.0.1:1;", "", f"complete = true\n{LOCAL}",
         "proxy_pass http://127.0.0.1:3000;"),
        # on another machine
        ("proxy_pass http://127.0.0.1:3000;", "",
         f"complete = true\n{UP}same_host = false\n", None),
    ],
)  # fmt: skip
def test_the_port_that_is_declared(
    passed: str, around: str, spec: str, expected: str | None, tmp_path: Path
) -> None:
    pair = pairs_of(tmp_path, located(passed, around), spec)[0]
    assert pair.mismatch is not None
    fix = port_fix(pair.target, pair.mismatch)
    assert (None if fix is None else fix.description) == expected
    assert fix is None or (fix.safe and len(fix.edits) == 1)


@pytest.mark.parametrize(
    ("server", "passed", "spec", "expected"),
    [
        ("server up;", "fastcgi_pass b;", "", True),
        ("server up;", "uwsgi_pass b;", "", True),
        ("server up;", "scgi_pass b;", "", True),
        ("server up;", "memcached_pass b;", "", True),
        ("server up;", "proxy_pass https://b;", "", True),
        ("server up;", "grpc_pass grpcs://b;", "", True),
        # it may be meant
        ("server up;", "proxy_pass http://b;", "", False),
        ("server up;", "grpc_pass b;", "", False),
        ("server up:80;", "fastcgi_pass b;", "", False),
        ("server up:9000;", "fastcgi_pass b;", "", False),
        ("server unix:/run/up.sock;", "fastcgi_pass b;", "", False),
        ("server up resolve;", "fastcgi_pass b;", "", True),
        # it is declared there, or without a port
        ("server up;", "fastcgi_pass b;", "[upstream.up]\nport = 80\n", False),
        ("server up;", "fastcgi_pass b;", '[upstream.up]\nprotocol = "fastcgi"\n', False),
        ("server up;", "fastcgi_pass b;", "[upstream.up]\nport = 9000\n", True),
    ],
)
def test_a_port_that_was_left_out(
    server: str, passed: str, spec: str, expected: bool, tmp_path: Path
) -> None:
    around = f"upstream b {{ zone b 64k; {server} }}"
    assert port_left_out(pair_of(tmp_path, located(passed, around), spec)) is expected


def test_a_pass_has_a_port_of_its_own(tmp_path: Path) -> None:
    assert not port_left_out(pair_of(tmp_path, located("proxy_pass https://up;")))
