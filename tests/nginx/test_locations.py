from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.locations import find_location
from tests.support.sites import contexts, http, load

SERVER = r"""
server {
    location / { location /nested/ { location ~ ^/nested/r { } } }
    location = / { }
    location /a { }
    location /api/ { location = /api/x { } }
    location ^~ /static/ { }
    location ~ \.php$ { }
    location ~* \.JPG$ { }
    location =/joined { }
    location ~ (?i:x)+y { }
    location @named { }
}
"""


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("/", "= /"),
        ("/b", None),  # an expression that cannot be told comes last
        ("/static/x.php", "^~ /static/"),
        ("/x.php", r"~ \.php$"),
        ("/x.PHP", None),
        ("/a/x.jpg", r"~* \.JPG$"),
        ("/api/x", "= /api/x"),
        ("/api", None),  # nginx may send the client to /api/
        ("/nested/r", "~ ^/nested/r"),
        ("/joined", "=/joined"),
        ("/../x.php", None),
        ("/x//y.php", None),
        ("/%61.php", None),
    ],
)
def test_the_location(tmp_path: Path, uri: str, found: str | None) -> None:
    tree = load(tmp_path, {"nginx.conf": http(SERVER)})
    (server,) = contexts(tree, "http", "server")
    location = find_location(server, uri)
    assert (None if location is None else " ".join(location.args)) == found


def test_without_a_location(tmp_path: Path) -> None:
    tree = load(tmp_path, {"nginx.conf": http("server { location /a { } }")})
    (server,) = contexts(tree, "http", "server")
    assert find_location(server, "/b") is server


def test_the_longest_prefix(tmp_path: Path) -> None:
    text = "server { location /ab { } location / { } location /a { } location /abc/ { } }"
    (server,) = contexts(load(tmp_path, {"nginx.conf": http(text)}), "http", "server")
    uris = ("/", "/a", "/abx", "/abc/d")
    found = [find_location(server, uri) for uri in uris]
    assert [None if one is None else one.args for one in found] == [
        ("/",), ("/a",), ("/ab",), ("/abc/",),
    ]  # fmt: skip
