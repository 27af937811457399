"""Alike paths lead to one hop: what is said once for all of them is what is found for each."""

from __future__ import annotations

import re
import tempfile
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lint502.diagnosis.alike_paths import AlikePaths, AnyPath
from lint502.diagnosis.reader import Reader
from lint502.diagnosis.routes import Routes
from lint502.diagnosis.statements import Matters, Place, Statement
from tests.diagnosis.test_routes import result_of
from tests.support.sites import http

SERVER = b"server: a, request: "
SEGMENTS = ("a", "ab", "b.js", "aab")
PATHS = [
    f"/{'/'.join(names)}{end}"
    for count in (1, 2, 3)
    for names in product(SEGMENTS, repeat=count)
    for end in ("", "/")
]
SENT = [(given, cut) for given in ("", "/v", "/v/", "/a", "/a/a") for cut in (0, 1, 2, 3)]
ADDRESSES = ("http://127.0.0.1:1", "http://127.0.0.1:2", "fastcgi://127.0.0.1:1")

TEXTS = st.sampled_from(
    ("/", "/a", "/a/", "/ab", "/ab/", "/a/ab", "/a/ab/", "/a/index.html", "/b.js", "/a/a/a")
)
REGEXES = st.sampled_from((r"\.js$", "^/a/", "a.a", "/$", r"^/a/(?!a)", "ab?/", r"html$", "(x)?+"))
NAMES = st.one_of(
    st.builds(
        lambda modifier, text: f"{modifier}{text}", st.sampled_from(("", "= ", "^~ ")), TEXTS
    ),
    st.builds(
        lambda modifier, text: f'{modifier}"{text}"', st.sampled_from(("~ ", "~* ")), REGEXES
    ),
    st.sampled_from((r"~\.js$", "~*A/A", "=/a/ab", "^~/aab/")),
)
LINES = st.sampled_from(
    (
        "proxy_pass http://127.0.0.1:1;",
        "proxy_pass http://127.0.0.1:2;",
        "proxy_pass http://127.0.0.1:1/;",
        "proxy_pass http://127.0.0.1:2/v;",
        "proxy_pass http://127.0.0.1:2/a/;",
        "fastcgi_pass 127.0.0.1:1;",
        "return 404;",
        "try_files $uri @named;",
        "try_files $uri $uri/ /a/index.html;",
        "internal; proxy_pass http://127.0.0.1:1;",
        "error_page 404 /a/index.html;",
        "index b.js; root /srv;",
    )
)
LOCATIONS = st.lists(st.tuples(NAMES, LINES), min_size=1, max_size=6, unique_by=lambda one: one[0])


def written(locations: list[tuple[str, str]]) -> str:
    return " ".join(f"location {name} {{ {taken(name, line)} }}" for name, line in locations)


def taken(name: str, line: str) -> str:
    """nginx takes no URI behind a pass in a location of a regular expression."""
    return re.sub(r"(http://[0-9.:]+)[^;]*", r"\1", line) if "~" in name else line


@settings(max_examples=12)
@given(LOCATIONS)
@example([("/", "proxy_pass http://127.0.0.1:1;"), ("/a/ab", "proxy_pass http://127.0.0.1:2;")])
@example([("/", "proxy_pass http://127.0.0.1:1;"), ("~ a$", "proxy_pass http://127.0.0.1:2;")])
@example([("/", "proxy_pass http://127.0.0.1:1;"), ("~a$", "proxy_pass http://127.0.0.1:2;")])
@example([("/", "try_files $uri $uri/ =404;"), ("~ a/index", "fastcgi_pass 127.0.0.1:1;")])
@example([("/", "index b.js; root /srv;"), ("~ a/b.js", "fastcgi_pass 127.0.0.1:1;")])
def test_what_is_alike_is_of_one_hop(locations: list[tuple[str, str]]) -> None:
    named = "location @named { proxy_pass http://127.0.0.1:2; }"
    body = http(f"server {{ listen 80; server_name a; {written(locations)} {named} }}")
    with tempfile.TemporaryDirectory() as folder:
        routes = Routes(result_of(Path(folder), body))
    paths = routes.matters.paths
    assert isinstance(paths, AlikePaths)
    found: dict[object, dict[Place, tuple[str, str]]] = {}
    held: set[object] = set()
    for path, (begins, cut), address in product(PATHS, SENT, ADDRESSES):
        upstream = f"{address}{begins}{path[cut:]}" if "http" in address else address
        key = paths.key(SERVER, path.encode(), upstream.encode())
        if key is not None:
            request = f"GET {path} HTTP/1.1"
            place = routes.place(Statement("error", "", "a", request, None, upstream, "a"))
            found.setdefault(key, {}).setdefault(place, (path, upstream))
            held.update({key} if paths.hold else ())
    assert [found[key] for key in held if len(found[key]) > 1] == []


@pytest.mark.parametrize(
    "line",
    [
        "rewrite ^/b /a;",
        "if ($uri = /b) { return 404; }",
        "try_files $uri.html =404;",
        "try_files /x$uri =404;",
        "error_page 404 /x$uri;",
        "index $host.html;",
        "access_by_lua_file a.lua;",
        "post_action /x;",
        "include conf.d/*.conf;",
        "location /x { proxy_pass http://127.0.0.1:1$uri; }",
        "location /x { proxy_pass http://$arg_to; }",
    ],
)
def test_a_server_that_looks_at_more_tells_no_paths_apart(tmp_path: Path, line: str) -> None:
    text = http(
        f"server {{ server_name a; location / {{ proxy_pass http://127.0.0.1:1; }} {line} }}"
    )
    paths = Routes(result_of(tmp_path, text)).matters.paths
    assert paths is not None
    assert paths.key(SERVER, b"/b/c", b"http://127.0.0.1:1/b/c") is None


@pytest.mark.parametrize(
    "path", ["/a//b", "/a/../b", "/a/./b", "/%61", "/a?b", "a", "/.a", "/é", ""]
)
def test_a_path_that_nginx_reads_otherwise_is_like_no_other(tmp_path: Path, path: str) -> None:
    text = http("server { server_name a; location / { proxy_pass http://127.0.0.1:1; } }")
    paths = Routes(result_of(tmp_path, text)).matters.paths
    assert paths is not None
    given = path.encode()
    assert paths.key(SERVER, given, b"http://127.0.0.1:1" + given) is None
    assert paths.key(SERVER, b"/a/b", b"http://127.0.0.1:1/a/c") is None
    assert paths.key(b"server: b, request: ", b"/a/b", b"http://127.0.0.1:1/a/b") is None
    assert paths.key(SERVER, b"/a/b", b"http://127.0.0.1:1/a/b") is not None


LINE = (
    "2026/07/20 08:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while "
    'connecting to upstream, client: 10.0.0.9, server: a, request: "GET {0} HTTP/1.1", '
    'upstream: "http://127.0.0.1:1{0}", host: "a"\n'
)


def test_alike_paths_are_asked_about_once(tmp_path: Path) -> None:
    text = http(
        "server { server_name a; location / { proxy_pass http://127.0.0.1:1; } "
        "location /b/ { proxy_pass http://127.0.0.1:1; } location ~ x$ { } }"
    )
    log = "".join(
        LINE.format(f"/{a}/{b}") for a in ("b", "c") for b in ("one", "two", "xyz", "six")
    )
    routes = Routes(result_of(tmp_path, text))
    for matters, times in (
        (routes.matters, 4),
        (Matters(queries=False, digits="", paths=AnyPath()), 1),
        (Matters(), 8),
    ):
        asked: list[str | None] = []

        def classify(statement: Statement, asked: list[str | None] = asked) -> str:
            asked.append(statement.request)
            return routes.place(statement).hop or ""

        reader: Reader[str] = Reader(classify, matters=matters)
        reader.block(log.encode())
        reader.end()
        found = reader.result().tallies
        assert (len(asked), sum(one.count for one in found.values())) == (times, 8), asked
        assert sum(len(one.paths) for one in found.values()) == 8
