from __future__ import annotations

import pytest

from lint502.nginx.requested_uris import RequestLine, Uri, host_of, normal_path


@pytest.mark.parametrize(
    ("line", "uri"),
    [
        ("GET /a HTTP/1.1", "/a"),
        ("GET /a?b=/c HTTP/1.1", "/a"),
        ("GET /a#b HTTP/1.1", "/a"),
        ("GET //a///b/ HTTP/1.1", "/a/b/"),
        ("GET /a/./b/. HTTP/1.1", "/a/b/"),
        ("GET /a/../b/.. HTTP/1.1", "/"),
        ("GET /%61%2Fb/%2e%2e/c HTTP/1.1", "/a/c"),
        ("GET /a%3Fb%23c HTTP/1.1", "/a?b#c"),
        ("GET /%C3%A4 HTTP/1.1", "/ä"),
        ("GET /a b HTTP/1.1", "/a b"),
        ("GET /a", "/a"),
        ("GET http://x.example:80/a HTTP/1.1", "/a"),
        ("GET http://x.example?b HTTP/1.1", "/"),
        ("GET /.a/..b HTTP/1.1", "/.a/..b"),
        ("GET /.. HTTP/1.1", None),
        ("GET /%zz HTTP/1.1", None),
        ("GET /%00 HTTP/1.1", None),
    ],
)
def test_the_uri_of_a_line(line: str, uri: str | None) -> None:
    read = RequestLine.read(line)
    assert read is not None
    assert read.uri() == (None if uri is None else Uri(uri))


@pytest.mark.parametrize("line", ["", "GET", "OPTIONS * HTTP/1.1", "GET a HTTP/1.1"])
def test_what_nginx_answers_400_to_is_no_line(line: str) -> None:
    assert RequestLine.read(line) is None


@pytest.mark.parametrize(
    ("line", "uri"),
    [
        ("GET /a/b", Uri("/a/b", open=True)),
        ("GET /a/b HTT", Uri("/a/b", open=True)),
        ("GET /a/b%2", Uri("/a/b", open=True)),
        ("GET /a/..", Uri("/a/", open=True)),
        ("GET /a?b", Uri("/a")),
        ("GET /a HTTP/1.1", Uri("/a")),
    ],
)
def test_a_line_that_is_cut_is_open_at_its_end(line: str, uri: Uri) -> None:
    read = RequestLine.read(line, cut=True)
    assert read is not None
    assert read.uri() == uri


def test_slashes_stay_where_they_are_not_merged() -> None:
    assert normal_path("/a//b/../c", merge_slashes=False) == "/a//c"


def test_the_host_of_the_line_is_kept() -> None:
    read = RequestLine.read("GET http://u@X.example:8080/a HTTP/1.1")
    assert read is not None and read.host == "X.example:8080"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Shop.Example.", ("shop.example", None)),
        ("shop.example:8080", ("shop.example", 8080)),
        ("[::1]:80", ("[::1]", 80)),
        ("a:b", ("a", None)),
    ],
)
def test_a_host_without_its_port(text: str, expected: tuple[str, int | None]) -> None:
    assert host_of(text) == expected
