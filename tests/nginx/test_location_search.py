from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.location_search import locations_for
from lint502.nginx.requested_uris import Uri
from tests.support.sites import contexts, http, load

BODY = r"""
server {
    location / { }
    location = /exact { }
    location ^~ /first/ { }
    location /dir/ { proxy_pass http://127.0.0.1:1; }
    location /plain/ { }
    location /in/ {
        location /in/side { }
        location ~ \.txt$ { }
    }
    location ~ \.php$ { }
    location ~ ^/api/ { }
}
"""


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (Uri("/exact"), {"= /exact"}),
        (Uri("/first/a.php"), {"^~ /first/"}),
        (Uri("/dir"), {None}),
        (Uri("/plain"), {"/"}),
        (Uri("/in/side"), {"/in/side"}),
        (Uri("/in/a.txt"), {r"~ \.txt$"}),
        (Uri("/in/a.php"), {r"~ \.php$"}),
        (Uri("/api/x"), {"~ ^/api/"}),
        (Uri("/api/x", open=True), {"~ ^/api/", r"~ \.php$"}),
        (Uri("/first/x", open=True), {"^~ /first/"}),
        (Uri("/ex", open=True), {"/", "= /exact", r"~ \.php$"}),
        (Uri("/in/", open=True), {"/in/", "/in/side", r"~ \.txt$", r"~ \.php$"}),
        (Uri("none"), {""}),
    ],
)
def test_the_locations_that_may_take_a_uri(
    tmp_path: Path, uri: Uri, expected: set[str | None]
) -> None:
    tree = load(tmp_path, {"nginx.conf": http(BODY)})
    (server,) = contexts(tree, "http", "server")
    found = locations_for(server, uri)
    assert {None if one is None else " ".join(one.args) for one in found} == expected
