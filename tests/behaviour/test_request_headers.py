"""How large a header of a client may be. ``tests/lab/test_request_headers.py`` tries it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.request_headers import allowed_header, first_buffers
from tests.support.pairs import UNSEEN, site_of
from tests.support.sites import hop_of, http, stream

MEGABYTE = 1 << 20
PASS = "proxy_pass http://a:1;"
BUFFERS = "large_client_header_buffers"


@pytest.mark.parametrize(
    ("settings", "passed", "around", "expected"),
    [
        ("", PASS, "", (4, 8192)),
        ("", PASS, f"{BUFFERS} 8 32k;", (8, 32768)),
        ("", "fastcgi_pass a:1;", f"{BUFFERS} 2 1m;", (2, MEGABYTE)),
        ("", "grpc_pass a:1;", f"{BUFFERS} 8 32k;", (8, 32768)),
        ("", PASS, UNSEEN, None),
        # what nginx refuses
        ("", PASS, f"{BUFFERS} x 8k;", None),
        ("", PASS, f"{BUFFERS} 8 8g;", None),
        # the request line is passed on in any case
        ("proxy_pass_request_headers off;", PASS, "", (4, 8192)),
        ("proxy_pass_request_headers on;", PASS, "", (4, 8192)),
        ("fastcgi_pass_request_headers off;", "fastcgi_pass a:1;", "", (4, 8192)),
        ("fastcgi_pass_request_headers off;", PASS, "", (4, 8192)),
        (UNSEEN, PASS, f"{BUFFERS} 8 32k;", None),
        ("", "memcached_pass a:1;", "", None),
        (UNSEEN, "grpc_pass a:1;", "", None),
    ],
)
def test_headers_of_clients(
    settings: str, passed: str, around: str, expected: tuple[int, int] | None, tmp_path: Path
) -> None:
    body = f"server {{ {around} location / {{ {settings} {passed} }} }}"
    found = allowed_header(hop_of(tmp_path, http(body)), {})
    assert (None if found is None else (found.number, found.size)) == expected


@pytest.mark.parametrize(("passes", "fields"), [("on", True), ("off", False)])
def test_what_else_than_the_request_line_is_passed_on(
    passes: str, fields: bool, tmp_path: Path
) -> None:
    body = f"server {{ location / {{ uwsgi_pass_request_headers {passes}; uwsgi_pass a:1; }} }}"
    found = allowed_header(hop_of(tmp_path, http(body)), {})
    assert found is not None
    assert found.fields is fields


def test_sessions_have_no_headers(tmp_path: Path) -> None:
    hop = hop_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }"))
    assert allowed_header(hop, {}) is None


FIRST = "client_header_buffer_size"


@pytest.mark.parametrize(
    ("around", "default", "own", "expected"),
    [
        ("", "", "", None),
        (f"{FIRST} 1k;", "", "", None),
        (f"{FIRST} 64k;", "", "", 65536),
        (f"{FIRST} 64k;", "", f"{FIRST} 2k;", 65536),
        (f"{FIRST} 64k;", f"{FIRST} 2k;", "", 2048),
        ("", f"{FIRST} 16k;", "", 16384),
        ("", "", f"{FIRST} 16k;", None),
        ("", f"{FIRST} $x;", "", None),
        ("", UNSEEN, "", None),
        # the name in the handshake tells which server it is
        ("", f"listen 443 ssl; {FIRST} 4k;", f"listen 443; {FIRST} 16k;", 16384),
        ("", f"listen 443 ssl; {FIRST} 32k;", f"listen 443; {FIRST} 16k;", 32768),
    ],
)
def test_the_first_buffer_is_that_of_the_default_server(
    around: str, default: str, own: str, expected: int | None, tmp_path: Path
) -> None:
    text = http(
        f"{around} server {{ listen 80; server_name a; {default} }} "
        f"server {{ listen 80; server_name b; {own} location / {{ {PASS} }} }}"
    )
    site = site_of(tmp_path, text)
    (hop,) = site.hops
    found = allowed_header(hop, first_buffers(site.servers, site.version))
    assert found is not None
    assert (None if found.first is None else found.first.value) == expected
    assert found.total == 32768 + (expected or 0)
