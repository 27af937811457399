"""A ``rewrite`` that does what the URI of a pass does."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.uris import rewrite_for
from tests.support.real_nginx import get, running
from tests.support.sites import hop_of, http

SAME = {
    ("/api/", "/"): "rewrite ^/api/(.*)$ /$1 break;",
    ("/api/", "/v1/"): "rewrite ^/api/(.*)$ /v1/$1 break;",
    ("/api", "/v1"): "rewrite ^/api(.*)$ /v1$1 break;",
    ("^~ /a.b/", "/c.d"): r"rewrite ^/a\.b/(.*)$ /c.d$1 break;",
    ("= /one", "/other"): "rewrite ^ /other break;",
    ("/", "/"): "",
    ("/", ""): "",
    ("= /one", "/one"): "",
}
"""Of a location and a URI, the rewrite."""


REST = ("x/y.html?q", "x%20y/%2Fz", "a+b%3Fc?d=%3F", "/x/../up", "%E4%BD%A0")
"""What requests ask for below the location."""


def rewrite(folder: Path, location: str, uri: str) -> str | None:
    body = f"server {{ location {location} {{ proxy_pass http://10.0.0.1:3000{uri}; }} }}"
    return rewrite_for(hop_of(folder, http(body)))


@pytest.mark.parametrize(("location", "uri"), SAME)
def test_of_a_location(location: str, uri: str, tmp_path: Path) -> None:
    assert rewrite(tmp_path, location, uri) == SAME[location, uri]


@pytest.mark.parametrize(("location", "uri"), [("/", "/?of="), ("/a+b/", "/"), ("/", "/$host/")])
def test_none_does_the_same(location: str, uri: str, tmp_path: Path) -> None:
    assert rewrite(tmp_path, location, uri) is None


def test_a_pass_without_a_uri(tmp_path: Path) -> None:
    body = "server { location /a/ { fastcgi_pass unix:/run/a.sock; } }"
    assert rewrite_for(hop_of(tmp_path, http(body))) == ""


@pytest.mark.slow
@pytest.mark.parametrize(("location", "uri"), SAME)
def test_a_real_nginx_sends_the_same(location: str, uri: str) -> None:
    path = location.split()[-1]
    text = (
        "upstream up { server unix:SOCKET; }\n"
        "server { listen unix:SOCKET; server_name behind; return 200 $request_uri; }\n"
    )
    for name, lines in (
        ("literal", f"proxy_pass http://up{uri};"),
        ("variable", f"set $to up; {SAME[location, uri]} proxy_pass http://$to;"),
    ):
        text += (
            f"server {{ listen unix:SOCKET; server_name {name};\n"
            f"location {location} {{ proxy_set_header Host behind; {lines} }} }}\n"
        )
    with running(text.encode()) as socket:
        for rest in ("", "?a=b&c=%20d", *(() if path == uri else REST)):
            if location[0] == "=" and rest[:1] not in ("", "?"):
                continue
            sent = [get(socket, path + rest, name) for name in ("literal", "variable")]
            assert sent[0] == sent[1]
