"""Names of upstreams: when nginx looks them up, and what it remembers of their addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.names import found_once, passed_over, says_resolve
from tests.support.pairs import pair_of
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
