"""``upstream{}`` blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lint502.nginx.addresses import Address
from lint502.nginx.upstreams import Block, Pool, read_block
from lint502.nginx.version import Version
from tests.support.sites import NEW, OLD, contexts, hops_of, http, load, stream


def block_of(folder: Path, inside: str, name: str = "api", *, area: str = "http") -> Block:
    wrap = http if area == "http" else stream
    tree = load(folder, {"nginx.conf": wrap(f"\nupstream {name} {{ {inside} }}")})
    (context,) = contexts(tree, area, "upstream")
    block = read_block(context, stream=area == "stream")
    assert block is not None
    return block


def servers(block: Block) -> list[tuple[Any, ...]]:
    return [(s.address, s.down, s.backup) for s in block.servers]


def test_servers_with_their_parameters(tmp_path: Path) -> None:
    block = block_of(
        tmp_path,
        "server a.example:81 weight=5 max_fails=3; server 10.0.0.1 backup; server [::1]:82 down; "
        "server unix:/var/run/a.sock; server b resolve service=http;",
        "API",
    )
    assert (block.name, block.opener.line, block.known) == ("api", 2, True)
    assert servers(block) == [
        (Address("a.example", 81, port_written=True), False, False),
        (Address("10.0.0.1", 80), False, True),
        (Address("::1", 82, port_written=True), True, False),
        (Address(socket="/run/a.sock"), False, False),
        (None, False, False),
    ]


def test_stream_has_no_default_port(tmp_path: Path) -> None:
    block = block_of(tmp_path, "server a;", area="stream")
    assert servers(block) == [(Address("a"), False, False)]


@pytest.mark.parametrize("text", ["http://a", "a/x", "a:0", "$a", "a:b"])
def test_a_server_that_is_no_address(tmp_path: Path, text: str) -> None:
    assert servers(block_of(tmp_path, f"server {text};")) == [(None, False, False)]


@pytest.mark.parametrize(
    ("inside", "known"),
    [
        ("server a;", True),
        ("", False),
        ("include gone;", False),
        ("server a; include gone;", False),
        ("server 0.0.0.1; balancer_by_lua_block { ngx.say('}') }", False),
        ("server 0.0.0.1; balancer_by_lua_file a.lua;", False),
    ],
)
def test_whether_the_servers_are_known(tmp_path: Path, inside: str, known: bool) -> None:
    assert block_of(tmp_path, inside).known is known


@pytest.mark.parametrize(
    ("inside", "version", "expected"),
    [
        ("", OLD, (0, None)),
        ("", "1.29.6", (0, None)),
        ("", "1.29.7", (32, None)),
        ("", NEW, (32, None)),
        ("keepalive 8;", OLD, (8, "8")),
        ("keepalive 8 local;", NEW, (8, "8")),
        ("keepalive 0;", NEW, (0, "0")),
        # a balancing method that follows drops the pool, up to 1.29.6
        ("keepalive 8; least_conn;", "1.29.6", (0, "8")),
        ("keepalive 8; hash $a;", "1.29.6", (0, "8")),
        ("keepalive 8; least_conn;", "1.29.7", (8, "8")),
        ("least_conn; keepalive 8;", "1.29.6", (8, "8")),
        ("least_conn; keepalive 8; random;", "1.29.6", (0, "8")),
        ("keepalive 8; least_conn; keepalive 4;", "1.29.6", (4, "4")),
        ("least_conn;", "1.29.6", (0, None)),
        ("#keepalive 8;\n", OLD, (0, None)),
        ("keepalive $n;", OLD, None),
        ("include gone;", NEW, None),
        ("include gone; keepalive 8;", OLD, (8, "8")),
    ],
)
def test_the_pool(tmp_path: Path, inside: str, version: str, expected: object) -> None:
    pool = block_of(tmp_path, f"server a; {inside}").pool(Version.parse(version))
    if isinstance(pool, Pool):
        told = (pool.connections, pool.directive.args[0] if pool.directive else None)
        assert told == expected
    else:
        assert pool is expected


def test_stream_keeps_no_connections(tmp_path: Path) -> None:
    block = block_of(tmp_path, "server a:1;", area="stream")
    assert block.pool(Version.parse(NEW)) == Pool(0, None)


def test_blocks_are_found_wherever_they_stand(tmp_path: Path) -> None:
    _, blocks = hops_of(
        tmp_path,
        "events {} http { server { location / { proxy_pass http://late; } } include up.conf; } "
        "stream { upstream late { server c:1; } }",
        files={"up.conf": "upstream late { server a; } upstream two { server b; }"},
    )
    assert [(block.name, block.opener.source.name) for block in blocks] == [
        ("late", "up.conf"),
        ("two", "up.conf"),
        ("late", "nginx.conf"),
    ]
