"""How requests get from one location to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.internal_redirects import error_pages, origins, subrequests
from lint502.nginx.tree import Context
from tests.support.sites import contexts, http, load

BODY = """
auth_request /http;
server {
    error_page 404 /missing;
    location / {
        try_files $uri $uri/ @app;
        error_page 502 504 = @standby;
        location /inner { error_page 500 =200 /sorry; mirror /inner-mirror; }
        if ($arg_a) { error_page 403 /never; }
    }
    location /a { try_files $uri @app; auth_request off; mirror /mirror; mirror off; }
    location /refused { error_page; try_files; auth_request; mirror; }
    location /b { auth_request /auth; error_page 502 /missing; }
}
server { error_page 502 /of-the-other; auth_request /other; location / { } }"""


@pytest.fixture
def server(tmp_path: Path) -> Context:
    return contexts(load(tmp_path, {"nginx.conf": http(BODY)}), "http", "server")[0]


def test_the_pages_of_a_server(server: Context) -> None:
    """Those of each level within it, an ``if`` too, but of no other server."""
    assert error_pages(server) == {"/missing", "@standby", "/sorry", "/never"}


def test_where_requests_come_from(server: Context) -> None:
    found = {
        name: [(" ".join(one.level.args), one.line.name, one.is_error_page) for one in levels]
        for name, levels in origins(server).items()
    }
    assert found == {
        "/missing": [("", "error_page", True), ("/b", "error_page", True)],
        "@app": [("/", "try_files", False), ("/a", "try_files", False)],
        "@standby": [("/", "error_page", True)],
        "/sorry": [("/inner", "error_page", True)],
        "/never": [("$arg_a", "error_page", True)],
    }


def test_what_is_asked_beside_a_request(server: Context) -> None:
    """Also what ``http {}`` says; ``off`` is no URI."""
    assert subrequests(server, "auth_request") == {"/http", "/auth"}
    assert subrequests(server, "mirror") == {"/mirror", "/inner-mirror"}


def test_a_server_without_any(tmp_path: Path) -> None:
    text = http("server { location / { proxy_pass http://a:1; } }")
    (server,) = contexts(load(tmp_path, {"nginx.conf": text}), "http", "server")
    assert (error_pages(server), origins(server)) == (frozenset(), {})
    assert subrequests(server, "auth_request") == frozenset()
