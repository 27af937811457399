"""The passes that a request may get to, by what leads it on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.depending import depends
from lint502.behaviour.rewriting import Asked, Request
from lint502.behaviour.ways import Passes, Ways, ways
from lint502.nginx.hops import find_hops
from lint502.nginx.requested_uris import Uri
from lint502.nginx.version import Version
from tests.support.sites import OLD, contexts, http, load

A, B, C = "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"


def found_ways(folder: Path, body: str, uri: str, asked: Asked, method: str = "GET") -> Ways:
    tree = load(folder, {"nginx.conf": http(body)})
    hops, _ = find_hops(tree, Version.parse(OLD), {})
    (server,) = contexts(tree, "http", "server")
    return ways(server, Request(Uri(uri), method), asked, Passes(hops))


def arrivals(
    folder: Path, body: str, uri: str = "/a/x", method: str = "GET", target: str | None = None
) -> tuple[set[tuple[str, str]], bool]:
    """The pass and the URI of each way, and whether there may be others."""
    found = found_ways(folder, f"server {{ {body} }}", uri, Asked("a", target), method)
    at = {(one.hop.value[-1], one.request.uri.text) for one in found.arrivals}
    return at, found.anywhere


PLAIN = f"location / {{ proxy_pass {A}; }}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PLAIN, {("1", "/a/x")}),
        (f"rewrite ^/a/(.*)$ /b/$1; {PLAIN}", {("1", "/b/x")}),
        (f"rewrite ^/z /b; {PLAIN}", {("1", "/a/x")}),
        (f"return 404; {PLAIN}", set()),
        (f"error_page 404 /page; location /page {{ proxy_pass {B}; }}", {("2", "/page")}),
        (f"{PLAIN} error_page 404 @b; location @b {{ proxy_pass {B}; }}", {("1", "/a/x")}),
        (
            f"{PLAIN} error_page 502 @b; location @b {{ proxy_pass {B}; }}",
            {("1", "/a/x"), ("2", "/a/x")},
        ),
        (
            f"proxy_intercept_errors on; error_page 404 @b; {PLAIN}"
            f" location @b {{ proxy_pass {B}; }}",
            {("1", "/a/x"), ("2", "/a/x")},
        ),
        (
            f"location / {{ try_files $uri @b; }} location @b {{ proxy_pass {B}; }}",
            {("2", "/a/x")},
        ),
        (
            f"location /a/ {{ try_files $uri /i.php?q=$uri; }}"
            f" location ~ \\.php$ {{ proxy_pass {B}; }}",
            {("2", "/i.php")},
        ),
        (
            f"location /a/ {{ rewrite ^ /b break; proxy_pass {A}; }}"
            f" location /b {{ proxy_pass {B}; }}",
            {("1", "/b")},
        ),
        (
            f"location /a/ {{ rewrite ^ /b; proxy_pass {A}; }} location /b {{ proxy_pass {B}; }}",
            {("2", "/b")},
        ),
        (f"location /a/ {{ internal; proxy_pass {A}; }}", set()),
        (
            f"location / {{ if ($request_method = POST) {{ proxy_pass {B}; }} proxy_pass {A}; }}",
            {("1", "/a/x")},
        ),
        (
            f"location / {{ if ($http_x) {{ proxy_pass {B}; }} proxy_pass {A}; }}",
            {("1", "/a/x"), ("2", "/a/x")},
        ),
        (
            f"location / {{ limit_except POST {{ proxy_pass {B}; }} proxy_pass {A}; }}",
            {("2", "/a/x")},
        ),
    ],
)
def test_where_a_request_may_arrive(
    tmp_path: Path, body: str, expected: set[tuple[str, str]]
) -> None:
    assert arrivals(tmp_path, body) == (expected, False)


def test_the_index_of_a_folder_is_looked_up_again(tmp_path: Path) -> None:
    body = f"index i.php; location ~ \\.php$ {{ proxy_pass {A}; }}"
    assert arrivals(tmp_path, body, "/a/") == ({("1", "/a/i.php")}, False)


def test_folders_in_try_files_do_not_go_on_for_ever(tmp_path: Path) -> None:
    body = (
        "location / { try_files $uri $uri/ /i.php; }" + f"location = /i.php {{ proxy_pass {A}; }}"
    )
    assert arrivals(tmp_path, body) == ({("1", "/i.php")}, False)


def test_the_arguments_of_the_client_decide_where_they_are_known(tmp_path: Path) -> None:
    body = f"if ($args = b) {{ return 404; }} {PLAIN}"
    assert arrivals(tmp_path, body, target="/a/x?b") == (set(), False)
    assert arrivals(tmp_path, body, target="/a/x?c") == ({("1", "/a/x")}, False)


def test_code_may_lead_anywhere(tmp_path: Path) -> None:
    body = f"location / {{ rewrite_by_lua_file a.lua; proxy_pass {A}; }}"
    assert arrivals(tmp_path, body) == ({("1", "/a/x")}, True)


def test_what_the_ways_depend_on(tmp_path: Path) -> None:
    body = "if ($host = a) { return 404; } location / { try_files $uri /i?$args; }"
    tree = load(tmp_path, {"nginx.conf": http(f"server {{ {body} }} server {{ }}")})
    assert [tuple(depends(one)) for one in contexts(tree, "http", "server")] == [
        (True, True),
        (False, False),
    ]


def test_how_a_request_came(tmp_path: Path) -> None:
    body = """
        server {
            rewrite ^/old/(.*)$ /new/$1;
            location /new/ { try_files $uri @app; }
            location @app { error_page 502 = /failed; proxy_pass http://a; }
            location /failed { return 503; }
        }"""
    found = found_ways(tmp_path, body, "/old/x", Asked("a", None))
    (arrival,) = found.arrivals
    trail = [
        (" ".join(level.args), request.uri.text, came.how, came.line and came.line.line)
        for (level, request), came in found.trail(found.at[arrival])
    ]
    assert trail == [
        ("", "/old/x", "entered", None),
        ("/new/", "/new/x", "rewrite", 3),
        ("@app", "/new/x", "try_files", None),
    ]
    ends = [(end.status, end.line and end.line.line, end.file) for end in found.ends]
    assert ends == [(None, None, True), (503, 6, False)]


@pytest.mark.parametrize(
    ("condition", "asked", "taken"),
    [
        ("$http_x_beta = yes", Asked("a", None, (("x_beta", "yes"),)), True),
        ("$http_x_beta = yes", Asked("a", None, ()), False),
        ("$http_x_beta = yes", Asked("a", None), None),
        ("$cookie_beta", Asked("a", None, (("cookie", "a=1; beta=on"),)), True),
        ("$cookie_beta", Asked("a", None, (("cookie", "a=beta"),)), False),
        ("$arg_beta", Asked("a", "/?a=1&BETA=2"), True),
        ("$arg_beta", Asked("a", "/?beta"), False),
        ("$scheme = https", Asked("a", None, (), "https"), True),
        ("$scheme = https", Asked("a", None, ()), None),
    ],
)
def test_what_is_known_of_a_request(
    tmp_path: Path, condition: str, asked: Asked, taken: bool | None
) -> None:
    body = f"""
        server {{
            if ({condition}) {{ rewrite ^ /beta last; }}
            location / {{ proxy_pass http://a; }}
            location /beta {{ proxy_pass http://b; }}
        }}"""
    found = found_ways(tmp_path, body, "/", asked)
    reached = sorted(one.hop.value for one in found.arrivals)
    both = ["http://a", "http://b"]
    assert reached == (both if taken is None else [both[taken]])
