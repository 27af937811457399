"""What of a request is sent more than once. ``tests/lab/test_request_headers.py`` tries it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.request_headers import allowed_header, first_buffers
from lint502.behaviour.request_size import Held, excess
from tests.support.pairs import UNSEEN, pair_of, site_of
from tests.support.sites import http

BOTH = ("QUERY_STRING", "REQUEST_URI")
URI = ("REQUEST_URI",)
QUERY_AND_URI = "uwsgi_param QUERY_STRING $query_string; uwsgi_param REQUEST_URI $request_uri;"
PATH_AND_URI = "uwsgi_param PATH_INFO $document_uri; uwsgi_param REQUEST_URI $request_uri;"


def held(folder: Path, settings: str, location: str = "/", server: str = "") -> Held:
    text = http(f"server {{ {server} location {location} {{ {settings} uwsgi_pass up:1; }} }}")
    spec = '[upstream.up]\nport = 1\nserver = "uwsgi"\n'
    pair = pair_of(folder, text, spec)
    allowed = allowed_header(pair.hop, {})
    assert pair.listener is not None
    assert allowed is not None
    found = excess(pair.hop, pair.listener, allowed)
    assert found is not None
    return found.held


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", ("query", (), 0, 0)),
        ("uwsgi_param A bc;", ("query", (), 0, 4 + 3)),
        ("uwsgi_param A $bc;", ("query", (), 0, 4 + 1)),
        ("uwsgi_param A $http_b if_not_empty;", ("query", (), 0, 0)),
        (QUERY_AND_URI, ("query", BOTH, 2, 8 + 12 + 11)),
        ("uwsgi_param Q ${args}; uwsgi_param R $request;", ("query", ("Q", "R"), 2, 10)),
        ("uwsgi_param U $uri$is_args$args;", ("query", ("U",), 1, 5)),
        ("uwsgi_param U $request_uri-$request_uri;", ("query", ("U",), 2, 6)),
        ("uwsgi_param U $arguments;", ("query", (), 0, 5)),
        (PATH_AND_URI, ("path", ("PATH_INFO", "REQUEST_URI"), 2, 8 + 9 + 11)),
    ],
)
def test_what_parameters_hold(
    settings: str, expected: tuple[str, tuple[str, ...], int, int], tmp_path: Path
) -> None:
    assert held(tmp_path, settings) == Held(*expected)


@pytest.mark.parametrize(
    ("location", "times"),
    [("/", 2), ("^~ /a/", 2), ("= /a", 1), ("~ ^/a", 1), ("@a", 1)],
)
def test_paths_of_any_length(location: str, times: int, tmp_path: Path) -> None:
    leads = "location /x { try_files /none @a; }" if location == "@a" else ""
    assert held(tmp_path, PATH_AND_URI, location, leads).times == times


@pytest.mark.parametrize(
    ("settings", "server", "names"),
    [
        ("", "", BOTH),
        ("", "if ($http_x) { return 403; }", BOTH),
        ("set $x 1;", "", BOTH),
        # what is passed on need not be what the client has sent; $request_uri is
        ("set $args x=1;", "", URI),
        ("rewrite ^/a /b? break;", "", URI),
        ("", "rewrite ^/a /b?;", URI),
        ("", "if ($http_x) { rewrite ^ /b?; }", URI),
    ],
)
def test_requests_that_are_changed(
    settings: str, server: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    assert held(tmp_path, QUERY_AND_URI + settings, server=server).names == names


def test_parameters_that_are_not_known(tmp_path: Path) -> None:
    site = site_of(
        tmp_path,
        http(
            f"large_client_header_buffers 1 4k; {QUERY_AND_URI} "
            f"server {{ location / {{ {UNSEEN} uwsgi_pass up:1; }} }}"
        ),
        '[upstream.up]\nport = 1\nserver = "uwsgi"\n',
    )
    (pair,) = site.each_pair()
    assert pair.listener is not None
    assert allowed_header(pair.hop, first_buffers(site.servers, site.version)) is None
