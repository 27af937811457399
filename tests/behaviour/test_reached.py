"""Which passes no request gets to, compared with what a real nginx does."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.reached import unreached
from lint502.nginx.hops import find_hops
from lint502.nginx.version import NEWEST
from tests.support.pairs import UNSEEN
from tests.support.real_nginx import answer, running
from tests.support.sites import check, hop_of, hops_of, http, load, stream

SERVER = "server { listen unix:SOCKET; "
HERE = "proxy_pass http://unix:SOCKETb:;"
DEAD = "proxy_pass http://unix:SOCKETc:;"
REQUESTS = [
    (host, uri)
    for host in ("a.test", "b.test", "x.a.test", "nobody.test", "")
    for uri in ("/", "/a", "/a/b.php", "/sub/x")
]


@pytest.mark.parametrize(
    ("body", "reached"),
    [
        ("location / { proxy_pass http://a:1; }", True),
        ("location / { proxy_pass http://a:1; return 301 /x; }", False),
        ("return 301 /x; location / { proxy_pass http://a:1; }", False),
        ("location / { if ($x) { return 403; } proxy_pass http://a:1; }", True),
        # a break ends what would run, the return with it (seen on nginx)
        ("location / { break; return 403; proxy_pass http://a:1; }", True),
        ("location / { if ($x) { break; } return 403; proxy_pass http://a:1; }", True),
        ("location / { rewrite ^ /x break; return 403; proxy_pass http://a:1; }", True),
        ("if ($x) { break; } return 403; location / { proxy_pass http://a:1; }", True),
        ("location / { return 403; break; proxy_pass http://a:1; }", False),
        ("location / { if ($x) { proxy_pass http://a:1; } return 403; }", False),
        ("location / { if ($x) { return 404; proxy_pass http://a:1; } }", False),
        ("location / { if ($x) { break; proxy_pass http://a:1; } return 403; }", True),
        ("location /a { return 404; location /a/b { proxy_pass http://a:1; } }", True),
        # a rewrite of every URI leads to another location, or the client elsewhere (seen on nginx)
        ("location / { rewrite ^ /x last; proxy_pass http://a:1; }", False),
        ("location / { rewrite ^/(.*)$ /x/$1; proxy_pass http://a:1; }", False),
        ("location / { rewrite (.*) /x permanent; proxy_pass http://a:1; }", False),
        ("location / { rewrite ^ https://b.example$uri; proxy_pass http://a:1; }", False),
        ("location / { if ($x) { rewrite ^ /x last; proxy_pass http://a:1; } }", False),
        ("rewrite ^ https://b.example$uri permanent; location / { proxy_pass http://a:1; }", False),
        ("rewrite ^ /x last; location / { proxy_pass http://a:1; }", True),
        ("location / { rewrite ^ /x break; proxy_pass http://a:1; }", True),
        ("location / { rewrite ^ /x; break; proxy_pass http://a:1; }", True),
        ("location / { rewrite ^ /x; if ($x) { break; } proxy_pass http://a:1; }", True),
        ("location / { rewrite ^/a /x last; proxy_pass http://a:1; }", True),
        ("location / { rewrite ^/.+$ /x last; proxy_pass http://a:1; }", True),
        ("location /a { rewrite ^ /x last; location /a/b { proxy_pass http://a:1; } }", True),
        # the methods of limit_except do not meet what the location says (seen on nginx)
        ("location / { return 204; limit_except GET { proxy_pass http://a:1; } }", True),
        ("location / { rewrite ^ /x last; limit_except GET { proxy_pass http://a:1; } }", True),
        ("return 204; location / { limit_except GET { proxy_pass http://a:1; } }", False),
        ("location / { limit_except GET { deny all; proxy_pass http://a:1; } }", False),
        (
            "location / { limit_except GET { allow 10.0.0.1; deny all; proxy_pass http://a:1; } }",
            True,
        ),
        (
            "satisfy any; location / { limit_except GET { deny all; proxy_pass http://a:1; } }",
            True,
        ),
        ("location / { return 204; proxy_pass http://a:1; limit_except GET { } }", True),
        ("location / { return 204; proxy_pass http://a:1; limit_except GET { deny all; } }", False),
        (
            "location / { return 204; proxy_pass http://a:1; limit_except GET { empty_pass; } }",
            False,
        ),
        ("location / { limit_except GET { } if ($x) { return 1; proxy_pass http://a:1; } }", False),
    ],
)
def test_a_return_or_a_rewrite_before_it(tmp_path: Path, body: str, reached: bool) -> None:
    hop = hop_of(tmp_path, http(f"server {{ {body} }}"))
    assert (unreached(hop) is None) is reached


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "why"),
    [
        # the same names at the same addresses
        (
            f"{SERVER} server_name a.test; return 204; }}\n"
            f"{SERVER} server_name a.test; location / {{ {HERE} }} }}",
            "the server at nginx.conf:2 has the same name on the same address (a.test), so that "
            "nginx ignores this one",
        ),
        (
            f"{SERVER} server_name a.test b.test; return 204; }}\n"
            f"{SERVER} server_name B.test a.test; location / {{ {HERE} }} }}",
            "the server at nginx.conf:2 has the same name on the same address (a.test and b.test), "
            "so that nginx ignores this one",
        ),
        (
            f"{SERVER} return 204; }}\n{SERVER} location / {{ {HERE} }} }}",
            "the server at nginx.conf:2 has the same name on the same address (no name), so that "
            "nginx ignores this one",
        ),
        (
            f"{SERVER} server_name ~^a; return 204; }}\n"
            f"{SERVER} server_name ~^a; location / {{ {HERE} }} }}",
            "the server at nginx.conf:2 has the same name on the same address (~^a), so that nginx "
            "ignores this one",
        ),
        # one name of its own, or it is where the others go
        (
            f"{SERVER} server_name a.test; return 204; }}\n"
            f"{SERVER} server_name a.test b.test; location / {{ {HERE} }} }}",
            None,
        ),
        (
            f"{SERVER} server_name a.test; return 204; }}\n"
            f"server {{ listen unix:SOCKET default_server; server_name a.test; "
            f"location / {{ {HERE} }} }}",
            None,
        ),
        (
            f"{SERVER} server_name a.test; location / {{ {HERE} }} }}\n"
            f"{SERVER} server_name a.test; return 204; }}",
            None,
        ),
        (
            f"{SERVER} server_name *.a.test; return 204; }}\n"
            f"{SERVER} server_name x.a.test; location / {{ {HERE} }} }}",
            None,
        ),
        # named locations
        (f"{SERVER} location @old {{ {HERE} }} }}", "nothing leads to @old"),
        (
            f"{SERVER} error_page 404 @older; location @old {{ {HERE} }} "
            "location @older { return 204; } }",
            "nothing leads to @old",
        ),
        (f"{SERVER} error_page 404 = @app; location @app {{ {HERE} }} }}", None),
        (f"{SERVER} try_files /none @app; location @app {{ {HERE} }} }}", None),
        (
            f"error_page 502 = @app; {SERVER} location / {{ {DEAD} }} "
            f"location @app {{ {HERE} }} }}",
            None,
        ),
        (
            f"map $uri $to {{ default @app; }} {SERVER} error_page 404 = $to; "
            f"location @app {{ {HERE} }} }}",
            None,
        ),
        (
            f"{SERVER} location / {{ if ($uri) {{ error_page 404 = @app; }} }} "
            f"location @app {{ {HERE} }} }}",
            None,
        ),
        # a variable, which decides on a location from 1.31.5 on
        (
            f"{SERVER} location $uri {{ {HERE} }} location / {{ return 204; }} }}",
            "location $uri is the beginning of a URI before nginx 1.31.5, and no URI begins so",
        ),
        # a location that takes everything
        (
            f"{SERVER} location ~ ^/a {{ return 204; }} location ~ ^/a {{ {HERE} }} }}",
            "location ~ ^/a takes all requests before",
        ),
        (
            f"{SERVER} location ~ .* {{ return 204; }} location ~ ^/a {{ {HERE} }} }}",
            "location ~ .* takes all requests before",
        ),
        (
            f"{SERVER} location /a {{ {HERE} }} location ~* ^/ {{ return 204; }} }}",
            "location ~* ^/ takes all requests before",
        ),
        (f"{SERVER} location ^~ /a {{ {HERE} }} location ~ ^/ {{ return 204; }} }}", None),
        (f"{SERVER} location = /a {{ {HERE} }} location ~ ^/ {{ return 204; }} }}", None),
        (f"{SERVER} location ~ ^/a {{ {HERE} }} location ~ ^/ {{ return 204; }} }}", None),
        (f"{SERVER} location ~ \\.php$ {{ return 204; }} location ~ ^/a {{ {HERE} }} }}", None),
        # one that is a text comes before what starts with it, also before locations within
        (
            f"{SERVER} location /a {{ {HERE} }} location ~ ^/a {{ return 204; }} }}",
            "location ~ ^/a takes all requests before",
        ),
        (
            f"{SERVER} location /a/b {{ {HERE} }} location ~* /A(.*) {{ return 204; }} }}",
            "location ~* /A(.*) takes all requests before",
        ),
        (
            f"{SERVER} location /a {{ location ^~ /a/b {{ {HERE} }} }} "
            "location ~ ^/a/ { return 204; } }",
            "location ~ ^/a/ takes all requests before",
        ),
        (f"{SERVER} location /a {{ {HERE} }} location ~ ^/a/ {{ return 204; }} }}", None),
        (f"{SERVER} location /a/ {{ {HERE} }} location ~ ^/A/ {{ return 204; }} }}", None),
        (f"{SERVER} location /a {{ {HERE} }} location ~ ^/a\\. {{ return 204; }} }}", None),
        (f"{SERVER} location / {{ {HERE} }} location ~ a {{ return 204; }} }}", None),
        (
            f"{SERVER} location ^~ /a {{ location /a/b {{ {HERE} }} }} "
            "location ~ ^/a/ { return 204; } }",
            None,
        ),
        (
            f"{SERVER} location /a {{ location ~ b {{ {HERE} }} }} "
            "location ~ ^/a/ { return 204; } }",
            None,
        ),
        # a rewrite of all that the location takes, and of less
        (
            f"{SERVER} location /a {{ rewrite ^/a(.*)$ /x$1; {HERE} }} }}",
            "a return answers before requests get here",
        ),
        (
            f"{SERVER} location /a {{ if ($uri) {{ rewrite ^/a /x last; {HERE} }} }} }}",
            "a return answers before requests get here",
        ),
        (
            f"{SERVER} location /a {{ rewrite ^/a/b.php /x; rewrite ^/a /x; {HERE} }} }}",
            "a return answers before requests get here",
        ),
        (f"{SERVER} location /a {{ rewrite ^/a(.*)$ /x$1 break; {HERE} }} }}", None),
        (f"{SERVER} location /a {{ rewrite ^/a/(.*)$ /x/$1; {HERE} }} }}", None),
        (f"{SERVER} location / {{ rewrite ^/a /x; {HERE} }} }}", None),
        # what the server answers may go on at a named location, which its return does not meet
        (f"{SERVER} return 418; error_page 418 = @app; location @app {{ {HERE} }} }}", None),
        (f"error_page 503 @app; {SERVER} return 503; location @app {{ {HERE} }} }}", None),
        (f"{SERVER} return 301 /x; error_page 301 = @app; location @app {{ {HERE} }} }}", None),
        (
            f"{SERVER} return 418 text; error_page 418 = @app; location @app {{ {HERE} }} }}",
            "a return answers before requests get here",
        ),
        (
            f"{SERVER} return 404; error_page 502 = @app; location @app {{ {HERE} }} }}",
            "a return answers before requests get here",
        ),
        (
            f"{SERVER} return 404; error_page 404 /app; location /app {{ {HERE} }} }}",
            "a return answers before requests get here",
        ),
        # access rules
        (
            f"{SERVER} location / {{ deny all; {HERE} }} }}",
            "deny all (nginx.conf:2) turns everybody away",
        ),
        (
            f"deny 10.0.0.1; deny all;\n{SERVER} location / {{ {HERE} }} }}",
            "deny all (nginx.conf:2) turns everybody away",
        ),
        (
            f"{SERVER} location / {{ deny all; allow unix:; {HERE} }} }}",
            "deny all (nginx.conf:2) turns everybody away",
        ),
        (
            f"{SERVER} error_page 403 = @app; deny all; location @app {{ {HERE} }} }}",
            "deny all (nginx.conf:2) turns everybody away",
        ),
        (f"{SERVER} location / {{ allow unix:; deny all; {HERE} }} }}", None),
        (f"deny all; {SERVER} location / {{ allow unix:; {HERE} }} }}", None),
        (f"{SERVER} location / {{ deny 10.0.0.1; {HERE} }} }}", None),
        (
            f"{SERVER} location / {{ auth_request /sub/; error_page 404 =204 /; }} "
            f"location /sub {{ deny all; {HERE} }} }}",
            None,
        ),
        (
            f"{SERVER} location / {{ mirror /sub/x; error_page 404 =204 /; }} "
            f"location ~ ^/sub {{ deny all; {HERE} }} }}",
            None,
        ),
        (
            f"{SERVER} location / {{ auth_request /sub/; error_page 404 =204 /; }} "
            f"location /sub/ {{ {DEAD} error_page 502 = @else; }} "
            f"location @else {{ deny all; {HERE} }} }}",
            None,
        ),
    ],
)
def test_as_nginx_does(tmp_path: Path, body: str, why: str | None) -> None:
    hops = hops_of(tmp_path, http("\n" + body.replace("SOCKET", "/run/s")))[0]
    (hop,) = (hop for hop in hops if hop.value == "http://unix:/run/sb:")
    found = unreached(hop)
    assert (found and found.why) == why
    behind = "server { listen unix:SOCKETb; access_log reached.log; return 204; }"
    with running(f"{behind}\n{body}".encode()) as path:
        for name, uri in REQUESTS:
            answer(path, uri, name)
        log = path.with_name("reached.log").read_text()
    assert bool(log) is (why is None)


@pytest.mark.parametrize(
    "body",
    [
        # what was not seen may lead there, and code may
        f"server {{ location @x {{ {HERE} }} {UNSEEN} }}",
        f"{UNSEEN} server {{ location @x {{ {HERE} }} }}",
        f"server {{ location @x {{ {HERE} }} location / {{ content_by_lua_file x.lua; }} }}",
        f"server {{ location @x {{ {HERE} }} location / {{ js_content x.y; }} }}",
        f"server {{ location / {{ deny all; {HERE} }} ssi on; }}",
        f"server {{ listen 1; server_name a; }} server {{ listen 1; server_name a; {UNSEEN} "
        f"location / {{ {HERE} }} }}",
        f"server {{ location / {{ {UNSEEN} deny all; {HERE} }} }}",
        f"server {{ location / {{ satisfy any; deny all; {HERE} }} }}",
    ],
)
def test_where_it_is_not_certain(tmp_path: Path, body: str) -> None:
    (hop,) = find_hops(load(tmp_path, {"nginx.conf": http(f"\n{body}")}), NEWEST, {})[0]
    assert unreached(hop) is None


def test_fragments_are_of_one_configuration_or_of_several(tmp_path: Path) -> None:
    server = f"server {{ server_name a; location / {{ {HERE} }} }}\n"
    files = {"sites/a.conf": server, "sites/b.conf": server}
    report = check(tmp_path, files, "sites")
    assert [finding.rule for finding in report.findings if finding.rule == "unreached-hop"] == []


def test_the_same_name_in_stream(tmp_path: Path) -> None:
    body = """
server { listen 1 ssl; server_name a; proxy_pass x:1; }
server { listen 1; server_name a; proxy_pass x:2; }"""
    first, second = hops_of(tmp_path, stream(body))[0]
    assert unreached(first) is None
    why = unreached(second)
    assert why is not None and why.line is not None and why.line.line == 2


@pytest.mark.parametrize(
    ("version", "body", "why"),
    [
        (
            "1.31.4",
            f"location $x {{ {HERE} }}",
            "location $x is the beginning of a URI before nginx 1.31.5, and no URI begins so",
        ),
        ("1.31.5", f"location $x {{ {HERE} }}", None),
        ("1.31.5", f"set $x 1; location $x {{ location /a {{ {HERE} }} }}", None),
        (
            "1.31.5",
            f"set $x 0; location $x {{ location /a {{ {HERE} }} }}",
            "$x is always empty or 0, so that location $x takes no request",
        ),
    ],
)
def test_a_location_that_a_variable_decides_on(
    tmp_path: Path, version: str, body: str, why: str | None
) -> None:
    hop = hop_of(tmp_path, http(f"server {{ {body} }}"), version=version)
    found = unreached(hop)
    assert (None if found is None else found.why) == why
