"""How large and how late things may be on nginx's side."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.limits import (
    body_limit,
    read_timeout,
    too_big_header,
    tuned_size,
)
from lint502.nginx.hops import Hop
from tests.support.pairs import UNSEEN
from tests.support.sites import NEW, OLD, hop_of, http, stream

MEGABYTE = 1 << 20
PASS = "proxy_pass http://a:1;"


def located(folder: Path, settings: str, passed: str = PASS, version: str = OLD) -> Hop:
    return hop_of(
        folder, http(f"server {{ location / {{ {settings} {passed} }} }}"), version=version
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"location / {{ {PASS} }}", MEGABYTE),
        (f"location / {{ client_max_body_size 5m; {PASS} }}", 5 * MEGABYTE),
        (f"client_max_body_size 5m; location / {{ {PASS} }}", 5 * MEGABYTE),
        (f"location / {{ client_max_body_size 0; {PASS} }}", 0),
        (f"location / {{ {UNSEEN} {PASS} }}", None),
        # a named location has none of its own: requests are measured where they come from
        (f"location @a {{ client_max_body_size 5m; {PASS} }}", MEGABYTE),
        (f"client_max_body_size 7m; location @a {{ client_max_body_size 5m; {PASS} }}",
         7 * MEGABYTE),
        ("location / { client_max_body_size 2m; try_files $uri @a; }\n"
         f"location @a {{ client_max_body_size 5m; {PASS} }}", 2 * MEGABYTE),
        ("location / { client_max_body_size 2m; try_files $uri @a; }\n"
         "location /b { client_max_body_size 3m; error_page 404 = @a; }\n"
         f"location @a {{ {PASS} }}", 3 * MEGABYTE),
        # 0 is none, which is the largest
        ("location / { client_max_body_size 0; try_files $uri @a; }\n"
         "location /b { client_max_body_size 3m; error_page 404 = @a; }\n"
         f"location @a {{ {PASS} }}", 0),
        # one of them was not seen
        (f"location / {{ {UNSEEN} try_files $uri @a; }}\n"
         "location /b { client_max_body_size 3m; error_page 404 = @a; }\n"
         f"location @a {{ {PASS} }}", None),
        # those of other locations do not count
        ("location / { client_max_body_size 2m; try_files $uri @b; }\n"
         f"location @a {{ {PASS} }}", MEGABYTE),
    ],
)  # fmt: skip
def test_bodies(body: str, expected: int | None, tmp_path: Path) -> None:
    found = body_limit(hop_of(tmp_path, http(f"server {{ {body} }}")))
    assert (None if found is None else found.value) == expected


def test_bodies_of_sessions(tmp_path: Path) -> None:
    """They have none, and nothing breaks."""
    found = body_limit(hop_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }")))
    assert found is None


@pytest.mark.parametrize(
    ("settings", "passed", "expected"),
    [
        ("", PASS, 60_000),
        ("proxy_read_timeout 5s;", PASS, 5_000),
        ("proxy_read_timeout 5s; fastcgi_read_timeout 9s;", "fastcgi_pass a:1;", 9_000),
        ("proxy_read_timeout 5s;", "grpc_pass a:1;", 60_000),
        ("memcached_read_timeout 1m;", "memcached_pass a:1;", 60_000),
        (UNSEEN, PASS, None),
        ("proxy_read_timeout $t;", PASS, None),
    ],
)
def test_waiting(settings: str, passed: str, expected: int | None, tmp_path: Path) -> None:
    found = read_timeout(located(tmp_path, settings, passed))
    assert (None if found is None else found.value) == expected


def test_waiting_in_a_session(tmp_path: Path) -> None:
    def waits(settings: str) -> int | None:
        text = stream(f"server {{ listen 1; {settings} proxy_pass a:1; }}")
        found = read_timeout(hop_of(tmp_path, text))
        return None if found is None else found.value

    assert [waits(""), waits("proxy_timeout 9s;"), waits(UNSEEN)] == [600_000, 9_000, None]


@pytest.mark.parametrize(
    ("settings", "passed", "expected"),
    [
        ("", PASS, None),
        ("proxy_buffer_size 16k;", PASS, None),  # its own
        ("proxy_buffer_size 16k;", "fastcgi_pass a:1;", 16384),
        ("fastcgi_buffer_size 16k;", PASS, 16384),
        ("uwsgi_buffer_size 16k; scgi_buffer_size 32k;", PASS, 32768),
        ("uwsgi_buffer_size 16k;", PASS, 16384),
        ("grpc_buffer_size 16k; memcached_buffer_size 8k;", PASS, 16384),
        ("fastcgi_buffer_size 16k; memcached_buffer_size 64k;", "grpc_pass a:1;", 65536),
        ("proxy_buffers 8 16k;", "fastcgi_pass a:1;", None),
        (UNSEEN, PASS, None),
    ],
)
def test_a_buffer_of_another_family(
    settings: str, passed: str, expected: int | None, tmp_path: Path
) -> None:
    assert tuned_size(located(tmp_path, settings, passed)) == expected


OTHERS = "upstream sent too big header while reading response header from upstream"
COUNTED = "upstream sent too large http2 header… while reading response header from upstream"


@pytest.mark.parametrize(
    ("settings", "passed", "version", "expected"),
    [
        ("", PASS, NEW, OTHERS),
        ("proxy_http_version 2;", PASS, "1.31.2", OTHERS),
        ("proxy_http_version 2;", PASS, "1.31.3", COUNTED),
        ("", "grpc_pass a:1;", "1.31.2", OTHERS),
        ("", "grpc_pass a:1;", "1.31.3", COUNTED),
        ("", "fastcgi_pass a:1;", NEW, OTHERS),
        (UNSEEN, PASS, NEW, OTHERS),
    ],
)
def test_the_message_on_a_header(
    settings: str, passed: str, version: str, expected: str, tmp_path: Path
) -> None:
    assert too_big_header(located(tmp_path, settings, passed, version)) == expected
