from __future__ import annotations

from pathlib import Path

import pytest

from lint502.diagnosis.shapes import Shapes
from lint502.diagnosis.statements import Statement
from tests.diagnosis.test_routes import result_of
from tests.support.sites import http

PLAIN = """server { location ~ ^/a/[0-9]+$ {
    rewrite ^/(.*)$ /$1 break;
    proxy_pass http://127.0.0.1:1;
} }"""


def shaped(folder: Path, body: str, request: str, upstream: str) -> tuple[str | None, str | None]:
    shapes = Shapes(result_of(folder, http(body)).sites)
    found = shapes.of(Statement("", "", "a", request, None, upstream))
    return found.request, found.upstream


@pytest.mark.parametrize(
    ("request_line", "upstream", "expected"),
    [
        (
            "GET /a/17?b=2 HTTP/1.1",
            "http://127.0.0.1:81/a/17?b=2",
            ("GET /a/00? HTTP/1.1", "http://127.0.0.1:81/a/00"),
        ),
        (
            "GET /a/17 HTTP/1.1",
            "http://unix:/run/a1.sock:/a/17",
            ("GET /a/00 HTTP/1.1", "http://unix:/run/a1.sock:/a/00"),
        ),
        (
            "GET /a/17 HTTP/1.1",
            "fastcgi://unix:/run/php8.sock:",
            ("GET /a/00 HTTP/1.1", "fastcgi://unix:/run/php8.sock:"),
        ),
        (
            "GET /a/17 HTTP/1.1",
            "http://127.0.0.1:81/int/3",
            ("GET /a/17 HTTP/1.1", "http://127.0.0.1:81/int/3"),
        ),
        (
            "GET /%61/17 HTTP/1.1",
            "http://127.0.0.1:81/a/17",
            ("GET /%61/17 HTTP/1.1", "http://127.0.0.1:81/a/17"),
        ),
    ],
)
def test_digits_and_arguments_are_left_out(
    tmp_path: Path, request_line: str, upstream: str, expected: tuple[str, str]
) -> None:
    assert shaped(tmp_path, PLAIN, request_line, upstream) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("location /v1/ { proxy_pass http://127.0.0.1:1; }", "1"),
        ("location / { proxy_pass http://127.0.0.1:1/v1; }", "1"),
        ("rewrite ^/x /v1; location / { proxy_pass http://127.0.0.1:1; }", "1"),
        ("if ($uri = /v1) { return 404; } location / { proxy_pass http://127.0.0.1:1; }", "1"),
        ("location /v12/ { } location /v3 { }", "123"),
        ("location ~ ^/v[1-3]/ { }", "0123456789"),
        ("location /page-0-9/ { }", "09"),
        (r"location ~ ^/[\w.-]+/(\d+)/[^a-z0-9_-]{2,3}$ { }", ""),
        ("location ~ ^/[!-~]+$ { }", "0123456789"),
        (r"location ~ ^/(\d)\1 { }", "0123456789"),
        (r"location ~ ^/\x35 { }", "0123456789"),
    ],
)
def test_the_digits_that_a_line_has_matter(tmp_path: Path, line: str, expected: str) -> None:
    shapes = Shapes(result_of(tmp_path, http(f"server {{ {line} }}")).sites)
    assert shapes.matters.digits == expected


def test_of_the_other_digits_one_is_as_good_as_another(tmp_path: Path) -> None:
    body = "server { location /v0/1 { proxy_pass http://127.0.0.1:1; } }"
    request, upstream = "GET /v0/17259 HTTP/1.1", "http://10.0.0.7:1/v0/17259"
    assert shaped(tmp_path, body, request, upstream) == (
        "GET /v0/12222 HTTP/1.1",
        "http://10.0.0.7:1/v0/12222",
    )


def test_arguments_stay_where_a_line_looks_at_them(tmp_path: Path) -> None:
    body = "server { if ($arg_b) { return 404; } location / { proxy_pass http://127.0.0.1:1; } }"
    request = "GET /a?b HTTP/1.1"
    assert shaped(tmp_path, body, request, "")[0] == request
