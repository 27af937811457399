from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "unix-url-colon"
SPEC = '[upstream.app]\nsocket = "/run/app"\n'
"""A path that tells nothing by itself."""


def server(directive: str) -> str:
    return f"\nserver {{ location / {{\n{directive};\n}} }}"


ERROR = Found(3, "error", 502, "always", RULE, "app")
ALONE = Found(3, "error", 502, "always", RULE, None)
WARNING = Found(3, "warning", 502, "sometimes", RULE, None)


@pytest.mark.parametrize(
    "directive",
    [
        "proxy_pass http://unix:/run/app/api",
        "proxy_pass http://unix:/var/run/app/",
        "proxy_pass http://unix:/run/app/api:/uri",
        "set $there unix:/run/app/api; proxy_pass http://$there",
        "fastcgi_pass unix:/run/app:",
        "uwsgi_pass uwsgi://unix:/run/app:",
        "scgi_pass unix:/run/app:/uri",
        "grpc_pass grpc://unix:/run/app:",
        "memcached_pass unix:/run/app:",
    ],
)
def test_a_declared_socket(lint: Lint, directive: str) -> None:
    assert lint(server(directive), SPEC) == [ERROR]


@pytest.mark.parametrize(
    "directive",
    [
        "proxy_pass http://unix:/run/app",
        "proxy_pass http://unix:/run/app:",
        "proxy_pass http://unix:/run/app:/api",
        "fastcgi_pass unix:/run/app",
    ],
)
def test_as_it_should_be(lint: Lint, directive: str) -> None:
    assert lint(server(directive), SPEC) == []


@pytest.mark.parametrize(
    ("directive", "found"),
    [
        ("proxy_pass http://unix:/run/x.sock/api", WARNING),
        ("proxy_pass http://unix:/run/x.socket/", WARNING),
        ("fastcgi_pass unix:/run/x.sock:", ALONE),
        ("fastcgi_pass unix:/run/x:", ALONE),
        ("fastcgi_pass unix:/run/x.sock:/uri", ALONE),
    ],
)
def test_a_path_that_tells_by_itself(lint: Lint, directive: str, found: Found) -> None:
    assert lint(server(directive)) == [found]


@pytest.mark.parametrize(
    "directive",
    [
        "proxy_pass http://unix:/run/app.sock.d/web",
        "proxy_pass http://unix:/run/app/web.sock",
        "proxy_pass http://unix:/run/x.sockets/a",
        "fastcgi_pass unix:/run/app:1",
        "fastcgi_pass unix:/run/a:b/x.sock",
    ],
)
def test_a_path_that_may_be_meant(lint: Lint, directive: str) -> None:
    assert {row.rule for row in lint(server(directive))} == {"undeclared-upstream"}


def test_what_is_declared_is_right(lint: Lint) -> None:
    spec = '[upstream.app]\nsocket = "/run/x.sock/in"\n[upstream.b]\nsocket = "/run/b:"\n'
    body = server("proxy_pass http://unix:/run/x.sock/in") + (
        "server { listen 81; location / { fastcgi_pass unix:/run/b:; } }"
    )
    assert lint(body, spec) == []


def test_complete(lint: Lint) -> None:
    body = server("proxy_pass http://unix:/run/x.sock/api")
    assert lint(body, "complete = true\n") == [ALONE]


def test_a_server_of_a_block(lint: Lint) -> None:
    body = """
        upstream up {
            server unix:/run/app:;
            server unix:/run/other.sock;
        }
        server { location / { proxy_pass http://up/api; } }"""
    spec = SPEC + '[upstream.other]\nsocket = "/run/other.sock"\n'
    assert lint(body, spec) == [Found(3, "warning", 502, "sometimes", RULE, "app")]


def test_a_stream(lint: Lint) -> None:
    body = "\nserver {\nlisten 1; proxy_pass unix:/run/app:;\n}"
    assert lint(body, SPEC, wrap=stream) == [ERROR]


def test_many_locations_of_one_block(findings: Findings) -> None:
    locations = "".join(f"location /{i} {{ proxy_pass http://up; }}" for i in range(30))
    body = f"upstream up {{ server unix:/run/app:; }} server {{ {locations} }}"
    (finding,) = findings(body, SPEC)
    assert len(finding.hops) == 30


@pytest.mark.parametrize(
    ("written", "mended", "message"),
    [
        (
            "proxy_pass http://unix:/run/app/api",
            "proxy_pass http://unix:/run/app:/api",
            'without a ":" before it, "/api" is part of the path of the socket: nginx connects to '
            "unix:/run/app/api",
        ),
        (
            "fastcgi_pass unix:/run/app:",
            "fastcgi_pass unix:/run/app",
            'fastcgi_pass takes the ":" for a part of the file\'s name: nginx connects to '
            "unix:/run/app:",
        ),
        (
            "uwsgi_pass unix:/run/app/api",
            "uwsgi_pass unix:/run/app",
            'uwsgi_pass takes no URI, so that "/api" is part of the path of the socket: nginx '
            "connects to unix:/run/app/api",
        ),
    ],
)
def test_the_words(findings: Findings, written: str, mended: str, message: str) -> None:
    (finding,) = findings(server(written), SPEC)
    assert finding.message == message
    assert finding.fix is not None
    assert finding.fix.description == f"{mended};"
    assert [place.note for place in finding.related] == ["app listens on the socket /run/app"]
