from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, OLD, Found

SPEC = "[upstream.up]\nport = 3000\n"
PERSISTENT = 'proxy_http_version 1.1; proxy_set_header Connection "";'
ORDER = [Found(3, "warning", 502, "sometimes", "keepalive-order", None)]
INFO = [Found(3, "info", None, None, "keepalive-order", None)]


def body(block: str, location: str = f"{PERSISTENT} proxy_pass http://up;") -> str:
    """The block's own lines are on line 3."""
    return f"""
upstream up {{ server 127.0.0.1:3000;
{block} }}
server {{ location / {{ {location} }} }}"""


@pytest.mark.parametrize(
    "method", ["least_conn", "ip_hash", "random", "random two", "hash $uri", "hash $uri consistent"]
)
def test_each_balancing_method(lint: Lint, method: str) -> None:
    assert lint(body(f"keepalive 8; {method};"), SPEC, version=OLD) == ORDER
    assert lint(body(f"{method}; keepalive 8;"), SPEC, version=OLD) == []
    assert lint(body(f"keepalive 8; {method};"), SPEC, version=NEW) == []


@pytest.mark.parametrize(
    ("version", "found"), [("1.18.0", ORDER), ("1.29.6", ORDER), ("1.29.7", [])]
)
def test_the_versions(lint: Lint, version: str, found: list[Found]) -> None:
    assert lint(body("keepalive 8; least_conn;"), SPEC, version=version) == found


@pytest.mark.parametrize(
    "text",
    [
        body("least_conn;"),
        body("least_conn; zone up 64k; keepalive 8; keepalive_timeout 4s;"),
        body("keepalive 8; keepalive_timeout 4s; zone up 64k;"),
        # nothing passes to it: nothing is known of its use
        "\nupstream up { server 127.0.0.1:3000;\nkeepalive 8; least_conn; }",
    ],
)
def test_what_is_well(lint: Lint, text: str) -> None:
    assert [row for row in lint(text, SPEC) if row.rule != "unused-upstream"] == []


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("grpc_pass up;", ORDER),
        ("fastcgi_keep_conn on; fastcgi_pass up;", ORDER),
        # nginx waits for the server to close first, and no port of its own stays occupied
        ("fastcgi_pass up;", INFO),
    ],
)
def test_each_family(lint: Lint, location: str, found: list[Found]) -> None:
    assert lint(body("keepalive 8; least_conn;", location), SPEC) == found


def test_a_unix_socket_takes_no_port(lint: Lint) -> None:
    text = body("keepalive 8; least_conn;").replace("127.0.0.1:3000", "unix:/run/up.sock")
    assert lint(text, '[upstream.up]\nsocket = "/run/up.sock"\n') == INFO


@pytest.mark.parametrize(
    ("location", "end"),
    [
        (f"{PERSISTENT} proxy_pass http://up;", "the balancing method has to come first"),
        (
            "proxy_pass http://up;",
            "the balancing method has to come first, and even then the pool stays empty, for "
            "proxy_http_version is 1.0 by default",
        ),
    ],
)
def test_where_the_pool_is_useless_as_well_it_is_said_once(
    findings: Findings, location: str, end: str
) -> None:
    (finding,) = findings(body("keepalive 8; least_conn;", location), SPEC)
    assert finding.message == (
        'least_conn after keepalive drops the pool of "up": each request opens a connection, and '
        f"under load nginx runs out of local ports; {end}"
    )
    assert finding.fix is not None
    assert finding.fix.description == "least_conn above the keepalive line"


def test_a_dropped_pool_has_no_race(lint: Lint) -> None:
    spec = SPEC + '[upstream.up.keepalive]\nidle_timeout = "5s"\n'
    assert lint(body("keepalive 8; least_conn;"), spec) == ORDER
