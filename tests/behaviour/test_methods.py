"""Which methods reach an upstream, and whether their bodies do."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from lint502.behaviour.methods import ALL, NOT_IDEMPOTENT, allowed_methods, sends_bodies
from tests.support.pairs import UNSEEN
from tests.support.real_nginx import running
from tests.support.sites import hop_of, hops_of, http, stream

UPSTREAM = "proxy_pass http://127.0.0.1:3000;"


def allowed(folder: Path, body: str) -> frozenset[str]:
    return allowed_methods(hop_of(folder, http(body)))


def without(*methods: str) -> frozenset[str]:
    return ALL - set(methods)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", ALL),
        ("limit_except GET { deny all; }", {"GET", "HEAD"}),
        ("limit_except HEAD { deny all; }", {"HEAD"}),
        ("limit_except post PUT { deny all; }", {"POST", "PUT"}),
        ("limit_except get post { deny all; }", {"GET", "HEAD", "POST"}),
        ("limit_except PROPFIND LOCK { deny all; }", {"PROPFIND", "LOCK"}),
        # some clients may use the others
        ("limit_except GET { deny 10.0.0.1; }", ALL),
        ("limit_except GET { allow 10.0.0.0/8; deny all; }", ALL),
        ("limit_except GET { auth_basic staff; }", ALL),
        # what answers without the upstream
        ("if ($request_method = POST) { return 405; }", without("POST")),
        ("if ($request_method != GET) { return 405; }", {"GET"}),
        ("if ($request_method ~ ^(POST|PUT)$) { return 405; }", without("POST", "PUT")),
        ("if ($request_method ~ post) { return 405; }", ALL),
        ("if ($request_method ~* ^post$) { return 405; }", without("POST")),
        ("if ($request_method !~ ^(GET|HEAD)$) { return 405; }", {"GET", "HEAD"}),
        ("if ($request_method !~* ^(get|head)$) { return 405; }", {"GET", "HEAD"}),
        ("if ($request_method ~ PATCH) { set $x 1; }", ALL),
        ("if ($request_uri = POST) { return 405; }", ALL),
        ("if ($request_method) { return 405; }", ALL),
        ("if ($request_method == POST) { return 405; }", ALL),  # nginx refuses it
        ("location /a { deny all; }", ALL),
        ("if ($request_method ~ 'POST\\K') { return 405; }", ALL),  # PCRE alone knows it
        (
            "if ($request_method = POST) { return 405; } if ($request_method = PUT) { return 405; }"
            "limit_except GET POST DELETE { deny all; }",
            {"GET", "HEAD", "DELETE"},
        ),
    ],
)
def test_the_methods_of_a_location(settings: str, expected: frozenset[str], tmp_path: Path) -> None:
    body = f"server {{ location / {{ {settings} {UPSTREAM} }} }}"
    assert allowed(tmp_path, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # the server's own conditions count for each of its locations
        (
            f"if ($request_method = PUT) {{ return 405; }} location / {{ {UPSTREAM} }}",
            without("PUT"),
        ),
        # unless an error page leads from its answer to the location
        (
            "error_page 405 = @app; if ($request_method = PUT) { return 405; } "
            f"location @app {{ {UPSTREAM} }}",
            ALL,
        ),
        (
            "error_page 404 = @app; if ($request_method = PUT) { return 405; } "
            f"location @app {{ {UPSTREAM} }}",
            without("PUT"),
        ),
        # a location takes over neither from the one around it
        (f"location / {{ limit_except GET {{ deny all; }} location /a {{ {UPSTREAM} }} }}", ALL),
        (
            "location / { if ($request_method = PUT) { return 405; } "
            f"location /a {{ {UPSTREAM} }} }}",
            ALL,
        ),
        (f"location /b {{ limit_except GET {{ deny all; }} }} location / {{ {UPSTREAM} }}", ALL),
        # what stands in limit_except is for the other methods
        (f"location / {{ limit_except GET {{ {UPSTREAM} }} }}", without("GET", "HEAD")),
        (f"location / {{ limit_except put LOCK {{ {UPSTREAM} }} }}", without("PUT", "LOCK")),
        # and what the location says does not run for them, what the server says does
        (
            f"location / {{ if ($request_method = POST) {{ return 405; }} limit_except GET {{ "
            f"{UPSTREAM} }} }}",
            without("GET", "HEAD"),
        ),
        (
            f"if ($request_method = POST) {{ return 405; }} location / {{ limit_except GET {{ "
            f"{UPSTREAM} }} }}",
            without("GET", "HEAD", "POST"),
        ),
        (
            "location / { if ($request_method = POST) { return 405; } "
            f"limit_except GET {{ deny 10.0.0.1; }} {UPSTREAM} }}",
            ALL,
        ),
        # its methods come to the pass of the location, unless they have one of their own
        (
            f"location / {{ return 204; limit_except GET {{ deny 10.0.0.1; }} {UPSTREAM} }}",
            without("GET", "HEAD"),
        ),
        # a pass in an if
        (
            f"location / {{ limit_except POST {{ deny all; }} if ($arg_a) {{ {UPSTREAM} }} }}",
            {"POST"},
        ),
    ],
)
def test_whose_limits_count(body: str, expected: frozenset[str], tmp_path: Path) -> None:
    hops, _ = hops_of(tmp_path, http(f"server {{ {body} }}"))
    (hop,) = (hop for hop in hops if hop.kind == "proxy")
    assert allowed_methods(hop) == expected


@pytest.mark.parametrize(
    "method",
    ["HEAD", "POST", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "OPTIONS", "PROPFIND", "PROPPATCH",
     "LOCK", "UNLOCK", "PATCH"],
)  # fmt: skip
def test_each_method_that_nginx_knows(method: str, tmp_path: Path) -> None:
    """Source: ``ngx_methods_names`` in ``src/http/ngx_http_core_module.c``."""
    body = f"server {{ location / {{ limit_except {method} {{ deny all; }} {UPSTREAM} }} }}"
    assert allowed(tmp_path, body) == {method}
    assert len(ALL) == 14


def test_stream_knows_no_methods(tmp_path: Path) -> None:
    assert allowed_methods(hop_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }"))) == ALL


def test_the_methods_that_are_not_sent_twice_are_methods() -> None:
    assert NOT_IDEMPOTENT < ALL


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("proxy_pass http://a:1;", True),
        ("proxy_pass_request_body off; proxy_pass http://a:1;", False),
        ('proxy_set_body "a"; proxy_pass http://a:1;', False),
        ("limit_except GET { deny all; } proxy_pass http://a:1;", False),
        ("limit_except HEAD { deny all; } proxy_pass http://a:1;", False),
        ("limit_except GET DELETE { deny all; } proxy_pass http://a:1;", True),
        ("fastcgi_pass a:1;", True),
        ("fastcgi_pass_request_body off; fastcgi_pass a:1;", False),
        # the settings of another family
        ("proxy_pass_request_body off; fastcgi_pass a:1;", True),
        ('proxy_set_body "a"; uwsgi_pass a:1;', True),
        ("uwsgi_pass_request_body off; uwsgi_pass a:1;", False),
        ("scgi_pass_request_body off; scgi_pass a:1;", False),
        ("grpc_pass a:1;", True),
        ("limit_except GET { deny all; } grpc_pass a:1;", True),
        ("memcached_pass a:1;", False),
    ],
)
def test_bodies(settings: str, expected: bool, tmp_path: Path) -> None:
    assert sends_bodies(hop_of(tmp_path, http(f"server {{ location / {{ {settings} }} }}"))) is (
        expected
    )


def test_bodies_elsewhere(tmp_path: Path) -> None:
    """A setting is taken over; one that was not seen may say that none is sent."""
    body = f'proxy_set_body "a"; server {{ location / {{ {UPSTREAM} }} }}'
    assert not sends_bodies(hop_of(tmp_path, http(body)))
    assert not sends_bodies(
        hop_of(tmp_path, http(f"server {{ location / {{ {UNSEEN} {UPSTREAM} }} }}"))
    )
    assert not sends_bodies(hop_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }")))


def test_what_asks_beside_a_request_has_a_method_of_its_own(tmp_path: Path) -> None:
    body = "server { location / { %s /ask; } location = /ask { internal; %s } }"
    asked = http(body % ("auth_request", UPSTREAM))
    assert allowed_methods(hop_of(tmp_path, asked)) == {"GET"}
    assert not sends_bodies(hop_of(tmp_path, asked))
    assert allowed(tmp_path, body % ("mirror", UPSTREAM)) == ALL


@pytest.mark.slow
def test_auth_request_asks_by_get(tmp_path: Path) -> None:
    log = "log_format method $request_method; "
    asked = "server { listen unix:SOCKETb; access_log asked.log method; return 204; }"
    front = (
        "server { listen unix:SOCKET; location / { auth_request /ask; empty_gif; }"
        "location = /ask { proxy_pass http://unix:SOCKETb:; } }"
    )
    with running(f"{log}{asked}{front}".encode()) as path:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")
            while client.recv(4096):
                pass
        log_file, deadline = path.with_name("asked.log"), time.monotonic() + 5
        while not log_file.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert log_file.read_text() == "GET\n"
