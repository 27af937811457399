"""The hosts that clients ask for, as the names of a server tell them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pairs import UNSEEN
from tests.support.sites import hops_of, http

FIRST = "server { listen 80; server_name first; }"


@pytest.mark.parametrize(
    ("around", "server", "expected", "whole"),
    [
        # the default server of a socket takes any other name too
        ("", "listen 80; server_name a.example;", ["a.example"], False),
        (FIRST, "listen 80; server_name a.example;", ["a.example"], True),
        (FIRST, "listen 80; server_name A.Example b;", ["a.example", "b"], True),
        (FIRST, "listen 80; server_name a; server_name b;", ["a", "b"], True),
        (FIRST, "listen 80 default_server; server_name a;", ["a"], False),
        (FIRST, "listen 80; listen 81; server_name a;", ["a"], False),
        (FIRST, "listen 81; server_name a;", ["a"], False),
        # and some names stand for many
        (FIRST, "listen 80; server_name a *.b;", ["a"], False),
        (FIRST, "listen 80; server_name a .b;", ["a"], False),
        (FIRST, "listen 80; server_name a ~^b;", ["a"], False),
        (FIRST, 'listen 80; server_name "" a;', ["a"], False),
        (FIRST, "listen 80; server_name _;", [], False),
        (FIRST, "listen 80;", [], False),
        (FIRST, f"listen 80; server_name a; {UNSEEN}", ["a"], False),
        (f"{FIRST} {UNSEEN}", "listen 80; server_name a;", ["a"], False),
    ],
)
def test_hosts(around: str, server: str, expected: list[str], whole: bool, tmp_path: Path) -> None:
    text = http(f"{around} server {{ {server} location / {{ proxy_pass http://u:1; }} }}")
    (hop,), _ = hops_of(tmp_path, text)
    texts, found = hop.variables.hosts(hop.context)
    assert ([text.text for text in texts], found) == (expected, whole)


def test_a_pass_by_the_host(tmp_path: Path) -> None:
    passed = "location / { proxy_pass http://$host:3000; }"
    text = http(
        f"server {{ listen 80; server_name a.example; {passed} }} "
        f"server {{ listen 80; server_name b.example; {passed} }}"
    )
    (default, other), _ = hops_of(tmp_path, text)
    assert ([str(one.address) for one in default.targets], default.unknown_host) == ([], True)
    assert [str(one.address) for one in other.targets] == ["b.example:3000"]
    assert other.unknown is None
