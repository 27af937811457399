"""The servers of a block, and when nginx passes over them for having failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.ejection import (
    asked_again,
    failure_statuses,
    first_status,
    listed_status,
    named,
    out_for,
    usable,
)
from lint502.behaviour.methods import ALL
from lint502.nginx.upstreams import Block
from tests.support.pairs import UNSEEN
from tests.support.sites import hop_of, hops_of, http, stream


def block(folder: Path, servers: str) -> Block:
    body = f"upstream b {{ {servers} }} server {{ location / {{ proxy_pass http://b; }} }}"
    _, (found,) = hops_of(folder, http(body))
    return found


def test_usable_servers(tmp_path: Path) -> None:
    found = block(
        tmp_path, "server a:1; server b:1 down; server c:1 backup; server d:1 backup down;"
    )
    assert [str(server.address) for server in usable(found)] == ["a:1", "c:1"]


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ("server a:1;", 10_000),
        ("server a:1 max_fails=3 fail_timeout=1m;", 60_000),
        ("server a:1 fail_timeout=30s; server b:1 fail_timeout=5s;", 5_000),
        ("server a:1 fail_timeout=30s; server b:1 fail_timeout=40s;", 30_000),
        ("server a:1 fail_timeout=0; server b:1;", 0),
        # one of them is never passed over
        ("server a:1 max_fails=0;", None),
        ("server a:1; server b:1 max_fails=0;", None),
        # nginx refuses these
        ("server a:1; server b:1 fail_timeout=x;", None),
        ("server a:1; server b:1 max_fails=x;", None),
    ],
)
def test_how_long_nobody_is_left(servers: str, expected: int | None, tmp_path: Path) -> None:
    assert out_for(block(tmp_path, servers).servers) == expected


def test_nobody_is_out_where_there_is_nobody() -> None:
    assert out_for(()) is None


def test_names(tmp_path: Path) -> None:
    body = "upstream Aa { server a:1; } upstream b { server a:1; } upstream c { server a:1; }"
    _, blocks = hops_of(tmp_path, http(body))
    assert [named(blocks[:count]) for count in (1, 2, 3)] == [
        'upstream "Aa"',
        'upstream "Aa" and "b"',
        'upstream "Aa", "b" and "c"',
    ]


@pytest.mark.parametrize(
    ("settings", "passed", "counting", "first", "listed"),
    [
        # the words that count, the first status of these, and that of any after which it goes on
        ("", "proxy", None, None, None),
        ("proxy_next_upstream http_502;", "proxy", {"http_502"}, 502, 502),
        ("proxy_next_upstream error http_503 http_500;", "proxy",
         {"error", "http_503", "http_500"}, 500, 500),
        ("proxy_next_upstream http_504 http_429;", "proxy", {"http_504", "http_429"}, 504, 429),
        ("proxy_next_upstream http_429;", "proxy", {"http_429"}, 429, 429),
        # after 403 and 404 it asks another, and counts nothing
        ("proxy_next_upstream http_404;", "proxy", None, None, 404),
        ("proxy_next_upstream http_403 http_404;", "proxy", None, None, 403),
        ("proxy_next_upstream http_404 http_503;", "proxy", {"http_404", "http_503"}, 503, 404),
        ("proxy_next_upstream error timeout invalid_header;", "proxy", None, None, None),
        ("proxy_next_upstream off http_500;", "proxy", None, None, 500),
        (UNSEEN, "proxy", None, None, None),
        ("fastcgi_next_upstream http_500;", "fastcgi", {"http_500"}, 500, 500),
        ("proxy_next_upstream http_500;", "fastcgi", None, None, None),
        ("uwsgi_next_upstream http_503;", "uwsgi", {"http_503"}, 503, 503),
        ("scgi_next_upstream http_503;", "scgi", {"http_503"}, 503, 503),
        # what is wrong with a call stands in its trailer; a cache knows one status
        ("grpc_next_upstream http_502;", "grpc", None, None, 502),
        ("memcached_next_upstream error not_found;", "memcached", None, None, None),
    ],
)  # fmt: skip
def test_statuses(
    settings: str,
    passed: str,
    counting: set[str] | None,
    first: int | None,
    listed: int | None,
    tmp_path: Path,
) -> None:
    target = "http://a:1" if passed == "proxy" else "a:1"
    body = f"server {{ location / {{ {settings} {passed}_pass {target}; }} }}"
    hop = hop_of(tmp_path, http(body))
    found = failure_statuses(hop)
    assert (None if found is None else found.value) == counting
    assert (first_status(hop), listed_status(hop)) == (first, listed)


def test_sessions_have_no_status(tmp_path: Path) -> None:
    hop = hop_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }"))
    assert (failure_statuses(hop), first_status(hop), listed_status(hop)) == (None, None, None)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", ALL - {"POST", "LOCK", "PATCH"}),
        ("proxy_next_upstream http_500 non_idempotent;", ALL),
        ("limit_except GET POST { deny all; }", {"GET", "HEAD"}),
        ("limit_except GET POST { deny all; } proxy_next_upstream error non_idempotent;",
         {"GET", "HEAD", "POST"}),
        ("limit_except POST { deny all; }", set()),
        (UNSEEN, ALL - {"POST", "LOCK", "PATCH"}),
    ],
)  # fmt: skip
def test_the_methods_that_are_asked_again(
    settings: str, expected: set[str], tmp_path: Path
) -> None:
    body = f"server {{ location / {{ {settings} proxy_pass http://a:1; }} }}"
    assert asked_again(hop_of(tmp_path, http(body))) == expected
