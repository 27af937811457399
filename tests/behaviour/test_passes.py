"""The pass directive that speaks what a listener speaks, and that nginx takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.passes import fitting_pass
from tests.support.pairs import pair_of
from tests.support.real_nginx import HTTP, MAIN, check_all
from tests.support.sites import http

PHP = "include fastcgi_params; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; "
FITTING = {
    ("proxy_pass http://up:1", 'protocol = "grpc"'): "grpc_pass grpc://up:1;",
    ("proxy_pass http://up:1/a", 'protocol = "grpc"\ntls = true'): "grpc_pass grpcs://up:1;",
    ("fastcgi_pass up:1", 'protocol = "grpc"\ntls = true'): "grpc_pass grpcs://up:1;",
    ("grpc_pass up:1", 'protocol = "grpc"\ntls = true'): "grpc_pass grpcs://up:1;",
    ("grpc_pass grpcs://up:1", 'protocol = "http"\ntls = true'): "proxy_pass https://up:1;",
    ("proxy_pass https://up:1/a", "tls = false"): "proxy_pass http://up:1/a;",
    ("proxy_pass http://up:1/a", 'protocol = "fastcgi"'): f"{PHP}fastcgi_pass up:1;",
    ("uwsgi_pass up:1", 'protocol = "http"\ntls = false'): "proxy_pass http://up:1;",
    ("proxy_pass http://up:1", 'protocol = "uwsgi"\ntls = true'): (
        "include uwsgi_params; uwsgi_pass suwsgi://up:1;"
    ),
    ("proxy_pass http://up:1", 'protocol = "scgi"'): "include scgi_params; scgi_pass up:1;",
    ("proxy_pass http://up:1", 'protocol = "memcached"'): (
        "set $memcached_key $uri; memcached_pass up:1;"
    ),
}


@pytest.mark.parametrize(("line", "facts"), FITTING)
def test_of_a_listener(line: str, facts: str, tmp_path: Path) -> None:
    spec = f"[upstream.up]\nport = 1\n{facts}\n"
    pair = pair_of(tmp_path, http(f"server {{ location / {{ {line}; }} }}"), spec)
    assert pair.meant is not None
    assert fitting_pass(pair.hop, pair.meant) == FITTING[line, facts]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_none_does(protocol: str, tmp_path: Path) -> None:
    spec = f'[upstream.up]\nport = 1\nprotocol = "{protocol}"\n'
    pair = pair_of(tmp_path, http("server { location / { proxy_pass http://up:1; } }"), spec)
    assert pair.meant is not None and fitting_pass(pair.hop, pair.meant) is None


def test_a_socket(tmp_path: Path) -> None:
    spec = '[upstream.up]\nsocket = "/run/a.sock"\nprotocol = "scgi"\n'
    body = "server { location / { proxy_pass http://unix:/run/a.sock:/x; } }"
    pair = pair_of(tmp_path, http(body), spec)
    assert pair.meant is not None
    assert fitting_pass(pair.hop, pair.meant) == (
        "include scgi_params; scgi_pass unix:/run/a.sock;"
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("set $s http; set $p 1; proxy_pass $s://up:$p/a;", "grpc_pass grpc://up:$p;"),
        ("set $to http://up:1; proxy_pass $to;", "grpc_pass grpc://up:1;"),
        ("set $host up; proxy_pass http://$host:1/a;", "grpc_pass grpc://$host:1;"),
    ],
)
def test_of_variables(lines: str, expected: str, tmp_path: Path) -> None:
    spec = '[upstream.up]\nport = 1\nprotocol = "grpc"\n'
    pair = pair_of(tmp_path, http(f"server {{ location / {{ {lines} }} }}"), spec)
    assert pair.meant is not None and fitting_pass(pair.hop, pair.meant) == expected


@pytest.mark.slow
def test_nginx_takes_them() -> None:
    lines = [
        line.replace("up:1", "127.0.0.1:1").replace("include ", "# include ").replace("; ", ";\n")
        for line in FITTING.values()
    ]
    mains = [f"{MAIN}http {{{HTTP}server {{ location / {{\n{one}\n}} }} }}" for one in lines]
    assert [one for one in check_all([main.encode() for main in mains]) if not one.accepted] == []
