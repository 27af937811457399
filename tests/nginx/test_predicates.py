"""Locations that a variable decides on. What is expected was observed on an nginx that has them; no
release of Debian does."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.location_search import locations_for
from lint502.nginx.locations import find_location
from lint502.nginx.predicates import holds
from lint502.nginx.requested_uris import Uri
from lint502.nginx.tree import Context
from tests.support.sites import contexts, http, load

BODY = r"""
map $arg_foo $pred { bar 1; qux 1; zz 0; }
server {
    location $arg_a { }
    location = /exact { }
    location /plain { location $arg_n { } }
    location ^~ /static { location /static/in { } }
    location ^~ /mixed { location $arg_n { } }
    location ~ \.php$ { }
    location $pred { location /in { } location ~ \.r$ { } location $arg_b { } }
    location /dir/ { proxy_pass http://127.0.0.1:1; }
}
"""


def server_of(folder: Path, text: str) -> Context:
    (server,) = contexts(load(folder, {"nginx.conf": http(text)}), "http", "server")
    return server


def named(location: Context | None) -> str | None:
    return None if location is None else " ".join(location.args)


@pytest.mark.parametrize(
    ("uri", "certain", "candidates"),
    [
        ("/exact", "= /exact", {"= /exact"}),
        ("/x.php", r"~ \.php$", {r"~ \.php$"}),
        ("/static/x", "^~ /static", {"^~ /static"}),
        ("/static/in", "/static/in", {"/static/in"}),
        ("/plain/x.php", None, {"$arg_n", r"~ \.php$"}),
        ("/mixed/x.php", None, {"$arg_n", "^~ /mixed"}),
        ("/plain", None, {"$arg_n", "$arg_a", "$pred", "$arg_b", "/plain"}),
        ("/", None, {"$arg_a", "$pred", "$arg_b", ""}),
        ("/in", None, {"$arg_a", "/in", "$arg_b", ""}),
        ("/y.r", None, {"$arg_a", r"~ \.r$", ""}),
        ("/dir", None, {None}),
    ],
)
def test_by_request(
    tmp_path: Path, uri: str, certain: str | None, candidates: set[str | None]
) -> None:
    server = server_of(tmp_path, BODY)
    assert named(find_location(server, uri)) == certain
    assert set(map(named, locations_for(server, Uri(uri)))) == candidates


@pytest.mark.parametrize(
    ("before", "body", "expected"),
    [
        ("", "set $on 1;", True),
        ("", "set $on 00;", True),
        ("", "set $on 0;", False),
        ("", 'set $on "";', False),
        ("", "set $on a$arg_b;", True),
        ("", "set $on 0$arg_b;", None),
        ("", "set $on $uri;", True),
        ("", "set $on $arg_b;", None),
        ("", "if ($arg_b) { set $on 1; }", None),
        ("", "set $on 2; if ($arg_b) { set $on 1; }", True),
        ("", "set $on 1; location /other { set $on 0; rewrite ^ /a last; }", None),
        ("", "set $on 1; location /other { if ($arg_b) { set $on 0; } }", None),
        ("", "set $on 1; rewrite_by_lua_block { ngx.var.on = 0 }", None),
        ("", "set $on 1; include /elsewhere/*.conf;", None),
        ("map $host $on { default 1; a.test yes; }", "", True),
        ("map $host $on { a.test 1; }", "", None),
        ("map $host $on { default 0; a.test ''; }", "", False),
        ("geo $on { default 0; 10.0.0.0/8 1; }", "", None),
        ("json_set $on $request_body a.b;", "", None),
        ("", "", None),
    ],
)
def test_whether_all_requests_are_taken(
    tmp_path: Path, before: str, body: str, expected: bool | None
) -> None:
    text = f"{before} server {{ {body} location / {{ }} location $on {{ }} }}"
    server = server_of(tmp_path, text)
    location = next(one for one in server.locations() if one.args == ("$on",))
    assert holds(location) is expected
    taken = {True: "$on", False: "/", None: None}[expected]
    assert named(find_location(server, "/a")) == taken
    both = {"$on", "/"} if expected is None else {taken}
    assert set(map(named, locations_for(server, Uri("/a")))) == both


def test_the_first_that_holds_takes_the_request(tmp_path: Path) -> None:
    text = """server { set $a 0; set $b 1; set $c 1;
        location $c { location $a { } location /in { } } location $b { } location $arg_x { } }"""
    server = server_of(tmp_path, text)
    assert named(find_location(server, "/")) == "$c"
    assert named(find_location(server, "/in")) == "/in"
