"""What a variable can hold at a hop."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.hops import Hop
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.variables import MAX_VALUES
from tests.support.sites import hops_of, http, stream

U = UNKNOWN


def texts(hop: Hop) -> list[tuple[str, int | None]] | None:
    """What the pass can become, each with the line it comes from."""
    expanded = hop.variables.expand(hop.value, hop.context)
    if expanded is None:
        return None
    return [(text.text, text.directive.line if text.directive else None) for text in expanded]


def expanded(folder: Path, body: str) -> list[list[str] | None]:
    hops, _ = hops_of(folder, http(body))
    found = [texts(hop) for hop in hops]
    return [None if one is None else [text for text, _ in one] for one in found]


def test_a_set_line_beats_a_map_of_the_same_name(tmp_path: Path) -> None:
    body = (
        "map $uri $a { default mapped; } "
        "server { set $a one; location / { proxy_pass http://$a; } } "
        "server { if ($x) { set $a one; } location / { proxy_pass http://$a; } }"
    )
    assert expanded(tmp_path, body) == [["http://one"], ["http://mapped", "http://one"]]


def test_what_grows_without_end_is_not_known(tmp_path: Path) -> None:
    doubled = "".join(f'map $uri $v{n} {{ default "$v{n + 1}$v{n + 1}"; }} ' for n in range(15))
    ifs = "".join(f'if ($x{n}) {{ set $b "${{b}}{n}"; }} ' for n in range(16))
    body = (
        f"{doubled} map $uri $v15 {{ default ab; }} "
        f'server {{ set $b ""; {ifs} location /a {{ proxy_pass http://$v0; }} '
        "location /b { proxy_pass http://$b; } }"
    )
    assert expanded(tmp_path, body) == [["http://" + U], ["http://" + U]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # set
        ("set $a one; location / { proxy_pass http://$a; }", ["http://one"]),
        ("set $a one; location / { proxy_pass http://${a}x:8080/$a; }", ["http://onex:8080/one"]),
        ("set $a one; location / { set $a two; proxy_pass http://$a; }", ["http://two"]),
        ("location / { proxy_pass http://$a; set $a late; }", ["http://late"]),
        ("set $a one; set $b $a.x; location / { proxy_pass http://$b; }", ["http://one.x"]),
        ("set $a one; if ($x) { set $a two; } location / { proxy_pass http://$a; }",
         ["http://one", "http://two"]),
        ("if ($x) { set $a two; } location / { proxy_pass http://x$a; }",
         ["http://x", "http://xtwo"]),
        # each line with the values of its moment
        ("set $a one; set $b $a; set $a two; location / { proxy_pass http://$b; }", ["http://one"]),
        ("set $a one; set $a $a:81; location / { proxy_pass http://$a; }", ["http://one:81"]),
        ('set $a ""; if ($x) { set $a "${a}A"; } if ($y) { set $a "${a}B"; } '
         "location / { proxy_pass http://h$a; }",
         ["http://h", "http://hA", "http://hB", "http://hAB"]),
        ("if ($x) { set $a two; } set $a one; location / { proxy_pass http://$a; }", ["http://one"]),
        ("set $a one; location / { if ($x) { set $a two; proxy_pass http://$a; } }", ["http://two"]),
        ("set $a one; location / { set $a two; location /b { proxy_pass http://$a; } }",
         ["http://one"]),
        ("set $a ''; location / { proxy_pass http://$a; }", ["http://"]),
        ("set $a \"x y\"; location / { proxy_pass $a; }", ["x y"]),
        # another location's value survives a redirect
        ("location /b { set $a two; } location / { proxy_pass http://$a; }", ["http://two"]),
        ("set $a one; location /b { set $a two; try_files /x @up; } "
         "location @up { proxy_pass http://$a; }", ["http://one", "http://two"]),
        ("set $a one; location /b { set $a two; } "
         "location @up { set $a three; proxy_pass http://$a; }",
         ["http://three"]),
        ("set $a one; location /b { set $a two; rewrite ^ /c last; } "
         "location / { proxy_pass http://$a; }", ["http://one", "http://two"]),
        ("set $a one; location /b { set $a two; if ($x) { rewrite ^ /c; } } "
         "location / { proxy_pass http://$a; }", ["http://one", "http://two"]),
        ("set $a one; location /b { set $a two; rewrite ^ /c break; rewrite ^ /d permanent; } "
         "location / { proxy_pass http://$a; }", ["http://one"]),
        ("set $a one; location /b { set $a two; } location / { proxy_pass http://$a; }",
         ["http://one"]),
        # what comes from the request
        ("location / { proxy_pass http://$http_x; }", ["http://" + U]),
        ("location / { proxy_pass http://$host:8080$request_uri; }", [f"http://{U}:8080/{U}"]),
        ("location / { proxy_pass http://h$uri; }", [f"http://h/{U}"]),
        ("location / { proxy_pass http://h/$arg_x; }", [f"http://h/{U}"]),
        ("set $a $arg_x; location / { proxy_pass http://$a; }", ["http://" + U]),
        ("set $a $a; location / { proxy_pass http://$a; }", ["http://" + U]),
        # code that may write any variable
        ("set $a one; access_by_lua_block { ngx.var.a = 1 } location / { proxy_pass http://$a; }",
         ["http://" + U]),
        ("set $a one; location / { js_content m.f; proxy_pass http://$a; }", ["http://" + U]),
        ("set $a one; location / { auth_request_set $a $upstream_http_x; proxy_pass http://$a; }",
         ["http://" + U]),
        ("set $a one; location / { set_by_lua_block $a { return 1 } proxy_pass http://$a; }",
         ["http://" + U]),
        # captures of a fixed set of words
        ("location ~ ^/(?<n>a|b)/ { proxy_pass http://$n; }", ["http://a", "http://b"]),
        ("location ~ ^/(?P<n>a-1|b\\.c)/ { proxy_pass http://$n; }", ["http://a-1", "http://b.c"]),
        ("location ~ ^/(?<n>[a-z]+)/ { proxy_pass http://$n; }", ["http://" + U]),
        ("location ~ ^/(?<n>a|b)?/ { proxy_pass http://$n; }", ["http://" + U]),
        ("location ~ ^/(a|b)/ { proxy_pass http://$1; }", ["http://" + U]),
        ("server_name ~^(?<n>a|b)\\.x$; location / { proxy_pass http://$n; }",
         ["http://a", "http://b"]),
        # the server's own
        ("listen 80; location / { proxy_pass $scheme://h; }", ["http://h"]),
        ("listen 443 ssl; location / { proxy_pass $scheme://h; }", ["https://h"]),
        ("listen 80; listen 443 ssl; location / { proxy_pass $scheme://h; }",
         ["http://h", "https://h"]),
        ("location / { proxy_pass $scheme://h; }", ["http://h"]),
        ("server_name a.example b; location / { proxy_pass http://$server_name; }",
         ["http://a.example"]),
        ("server_name *.example; location / { proxy_pass http://$server_name; }", ["http://" + U]),
        ("location / { proxy_pass http://$server_name; }", ["http://" + U]),
    ],
)  # fmt: skip
def test_within_a_server(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert expanded(tmp_path, f"server {{ {body} }}") == [expected]


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ("map $host $a { default one; x two; y one; }", ["one", "two"]),
        ("map $host $a { x two; }", ["two", ""]),
        ("map $host $a { hostnames; volatile; default one; .x.y two; }", ["one", "two"]),
        ("map $host $a { default $b; } map $uri $b { default one; x two; }", ["one", "two"]),
        ("map $host $a { default $b; } map $uri $b { default $a; }", [U]),
        ("map $host $a { default $arg_x; x two; }", [U, "two"]),
        ("map $host $a { default one; include gone; }", [U]),
        ("map $host $a { default one; include fragment.map; }", ["one", "two"]),
        ("map $host $a {\n#default one;\nx two; }", ["two", ""]),
        ("geo $a { default one; 10.0.0.0/8 two; proxy 1.2.3.4; delete 10.1.0.0/16; }",
         ["one", "two"]),
        ("geo $arg_ip $a { ranges; 1.0.0.0-1.0.0.9 two; }", ["two", ""]),
        ("split_clients $host $a { 20% one; * two; }", ["one", "two"]),
        ("split_clients $host $a { 20% one; }", ["one", ""]),
        ("", [U]),
    ],
)  # fmt: skip
def test_map_and_its_like(tmp_path: Path, blocks: str, expected: list[str]) -> None:
    body = f"{blocks} server {{ location / {{ proxy_pass http://$a; }} }}"
    (tmp_path / "fragment.map").write_text("x two;")
    hops, _ = (
        hops_of(tmp_path, http(body)) if "gone" not in body else _with_problems(tmp_path, body)
    )
    assert [texts(hop) and [text for text, _ in texts(hop) or ()] for hop in hops] == [
        ["http://" + text for text in expected]
    ]


def _with_problems(folder: Path, body: str) -> tuple[list[Hop], object]:
    from lint502.nginx.hops import find_hops
    from lint502.nginx.version import Version
    from tests.support.sites import OLD, load

    tree = load(folder, {"nginx.conf": http(body)})
    return find_hops(tree, Version.parse(OLD), {})


def test_each_text_knows_its_line(tmp_path: Path) -> None:
    body = """
        map $host $a {
            default one;
            x two;
        }
        server {
            set $b $a:81;
            location / { proxy_pass http://$b; }
        }"""
    hops, _ = hops_of(tmp_path, http(body))
    assert texts(hops[0]) == [("http://one:81", 3), ("http://two:81", 4)]


def test_servers_do_not_share_what_they_set(tmp_path: Path) -> None:
    body = """
        server { listen 1; set $a one; location / { proxy_pass http://$a; } }
        server { listen 2; set $a two; location / { proxy_pass http://$a; } }
        server { listen 3; location / { proxy_pass http://$a; } }"""
    assert expanded(tmp_path, body) == [["http://one"], ["http://two"], ["http://" + U]]


def test_a_map_of_stream(tmp_path: Path) -> None:
    body = """
        map $ssl_preread_server_name $a { default one:1; x two:2; }
        server { listen 1; proxy_pass $a; }"""
    hops, _ = hops_of(tmp_path, stream(body))
    assert texts(hops[0]) == [("one:1", 2), ("two:2", 2)]


def test_too_many_values_count_as_unknown(tmp_path: Path) -> None:
    entries = "".join(f"k{number} v{number};" for number in range(MAX_VALUES + 1))
    body = (
        f"map $host $a {{ default x; {entries} }} "
        "map $host $b { default 1; a 2; } map $host $c { default $b$b$b$b$b$b$b$b$b$b$b$b; } "
        "server { location /a { proxy_pass http://$a; } location /c { proxy_pass http://$c; } "
        "location /d { proxy_pass http://$b$b$b$b$b$b$b$b$b$b$b$b; } }"
    )
    hops, _ = hops_of(tmp_path, http(body))
    assert [texts(hop) for hop in hops] == [[("http://" + U, None)], [("http://" + U, None)], None]
    assert [hop.unknown is not None for hop in hops] == [True, True, True]


def test_what_clients_say_of_their_connection(tmp_path: Path) -> None:
    body = (
        'map $http_upgrade $c { default upgrade; "" $http_connection; } '
        "server { location / { proxy_pass http://a$c; } } "
        "server { location / { proxy_pass http://a$http_b; } }"
    )
    assert expanded(tmp_path, body) == [
        ["http://aupgrade", "http://akeep-alive", "http://aclose", "http://a"],
        ["http://a" + U],
    ]
