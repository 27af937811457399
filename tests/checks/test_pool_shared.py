from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import NEW, OLD, Found

RULE = "pool-shared"
PERSISTENT = 'proxy_http_version 1.1; proxy_set_header Connection "";'
PLAIN = f"{PERSISTENT} proxy_pass http://up;"
TLS = f"{PERSISTENT} proxy_pass https://up;"
GRPC = "grpc_pass up;"
HTTP2 = "proxy_http_version 2; proxy_pass http://up;"
FASTCGI = "fastcgi_keep_conn on; fastcgi_pass up;"
CLOSED = "proxy_http_version 1.0; proxy_pass http://up;"
PORT = "[upstream.up]\nport = 3000\n"
BOTH = PORT + 'protocol = "http"\nhttp_versions = ["1.1", "2"]\n'


def body(*locations: str, pool: str = "keepalive 8;") -> str:
    """The pool is on line 2."""
    inside = " ".join(f"location /{n} {{ {text} }}" for n, text in enumerate(locations))
    return f"upstream up {{ server 127.0.0.1:3000;\n{pool} }} server {{ {inside} }}"


def shared(severity: str, upstream: str | None = "up") -> list[Found]:
    return [Found(2, severity, 502, "sometimes", RULE, upstream)]


@pytest.mark.parametrize(
    ("locations", "spec", "severity"),
    [
        ((PLAIN, GRPC), BOTH, "error"),
        ((PLAIN, HTTP2), BOTH, "error"),
        ((GRPC, HTTP2), BOTH, "error"),
        ((GRPC, HTTP2), PORT + 'protocol = "grpc"\n', "error"),
        ((PLAIN, GRPC), PORT, "warning"),
        ((PLAIN, HTTP2), PORT + 'protocol = "http"\n', "warning"),
        ((PLAIN, TLS), PORT, "warning"),
        ((PLAIN, FASTCGI), PORT, "warning"),
        # one that takes connections and leaves none
        ((GRPC, CLOSED), BOTH, "error"),
        # none that leaves any
        ((CLOSED, "fastcgi_pass up;"), PORT, None),
        ((CLOSED, "uwsgi_pass up;"), PORT, None),
        # one of both fails by itself, and other rules say so
        ((PLAIN, GRPC), PORT + 'protocol = "grpc"\n', None),
        ((PLAIN, GRPC), PORT + 'protocol = "http"\nhttp_versions = ["1.1"]\n', None),
        ((PLAIN, HTTP2), PORT + 'protocol = "http"\nhttp_versions = ["2"]\n', None),
        ((PLAIN, TLS), PORT + "tls = true\n", None),
        ((PLAIN, TLS), PORT + "tls = false\n", None),
        ((PLAIN, FASTCGI), PORT + 'server = "php-fpm"\n', None),
        # one kind
        ((PLAIN, PLAIN), BOTH, None),
        ((GRPC, GRPC), BOTH, None),
        ((TLS, TLS), PORT, None),
        ((PLAIN, CLOSED), BOTH, None),
        # not known which
        ((PLAIN, "include gone; proxy_pass http://up;"), BOTH, None),
    ],
)
def test_two_kinds(lint: Lint, locations: tuple[str, ...], spec: str, severity: str | None) -> None:
    found = lint(
        body(*locations), spec, version=NEW, select=(RULE,), files={}, allow_missing=("gone",)
    )
    assert found == ([] if severity is None else shared(severity))


@pytest.mark.parametrize(
    ("pool", "version", "found"),
    [
        ("keepalive 8;", OLD, True),
        ("keepalive 8;", NEW, True),
        ("keepalive 8 local;", NEW, False),
        ("keepalive 0;", NEW, False),
        ("", NEW, False),
        ("", OLD, False),
        ("keepalive 8; least_conn;", OLD, False),
        ("keepalive 8; least_conn;", NEW, True),
    ],
)
def test_the_pool_in_effect(lint: Lint, pool: str, version: str, found: bool) -> None:
    rows = lint(body(PLAIN, GRPC, pool=pool), BOTH, version=version, select=(RULE,))
    assert rows == (shared("error") if found else [])


def test_an_upstream_that_is_not_declared(lint: Lint) -> None:
    assert lint(body(PLAIN, GRPC), select=(RULE,)) == shared("warning", None)


def test_two_blocks_with_the_same_server_have_two_pools(lint: Lint) -> None:
    text = "upstream other { server 127.0.0.1:3000; keepalive 8; }" + body(
        PLAIN, GRPC.replace("up", "other")
    )
    assert lint(text, BOTH, select=(RULE,)) == []


def test_other_servers_of_the_block_are_other_addresses(lint: Lint) -> None:
    text = body(PLAIN, GRPC, pool="server 127.0.0.1:4000; keepalive 8;")
    assert lint(text, BOTH, select=(RULE,)) == shared("error")


def test_what_is_sent_again_is_no_502(lint: Lint) -> None:
    """A connection of HTTP/1.1 has no streams whose number would be wrong on the next one."""
    again = "grpc_next_upstream error non_idempotent; " + GRPC
    plain = f"{PERSISTENT} proxy_pass http://up;"
    assert lint(body(plain, GRPC), BOTH, select=(RULE,)) == shared("error")
    closed = CLOSED.replace("1.0", "1.1")
    assert lint(body(plain, again), BOTH, select=(RULE,)) == shared("error")  # HTTP/1.1 gets h2
    assert lint(body(closed, again), BOTH, select=(RULE,)) == shared("error")


@pytest.mark.parametrize(
    ("locations", "version", "message", "fix"),
    [
        (
            (PLAIN, GRPC),
            OLD,
            'the pool of "up" takes connections of gRPC and of HTTP/1, and nginx tells them apart '
            "by the server's address only: a request that gets one of the other kind answers 502 "
            "(every call, for a gRPC call is a POST, which nginx does not send again)",
            "an upstream block of its own for grpc_pass up",
        ),
        (
            (HTTP2, PLAIN),
            NEW,
            'the pool of "up" takes connections of HTTP/2 and of HTTP/1, and nginx tells them '
            "apart by the server's address only: a request that gets one of the other kind answers "
            "502 (POST, PATCH and LOCK, which nginx does not send again)",
            "keepalive 8 local;",
        ),
        (
            (CLOSED, GRPC),
            OLD,
            'the pool of "up" takes connections of HTTP/1 and of gRPC, and nginx tells them apart '
            "by the server's address only: a request that gets one of the other kind answers 502, "
            "or the client gets bytes that are no HTTP",
            "an upstream block of its own for proxy_pass http://up",
        ),
    ],
)
def test_the_message(
    findings: Findings, locations: tuple[str, ...], version: str, message: str, fix: str
) -> None:
    (finding,) = findings(body(*locations), BOTH, version=version, select=(RULE,))
    assert (finding.message, finding.fix and finding.fix.description) == (message, fix)


def test_it_names_every_hop_that_gets_another_kind(findings: Findings) -> None:
    (finding,) = findings(body(PLAIN, GRPC, PLAIN), BOTH, select=(RULE,))
    assert (len(finding.hops), len(finding.related)) == (3, 2)
