"""Which requests nginx sends again. What ``tests/lab/test_behaviour.py`` tries on a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.methods import ALL
from lint502.behaviour.next_upstream import WITHOUT_EFFECT, not_sent_again, retries, tries
from lint502.disagreements import Phase
from lint502.lab.bench import Bench
from lint502.lab.binary import Running
from lint502.lab.client import Request, send
from lint502.lab.standins import Answer, Behaviour, DeclaredServer
from lint502.nginx.hops import Hop
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pairs import UNSEEN
from tests.support.sites import NEW, hop_of, http, stream

PHASES: tuple[Phase, ...] = (
    "address", "connect", "plaintext", "handshake", "send", "wait", "head", "later", "reuse",
)  # fmt: skip
BEFORE = {"address", "connect", "handshake"}
"""Nothing was sent."""

GET = frozenset(("GET",))
PASSES = {
    "proxy": "proxy_pass http://a:1;",
    "fastcgi": "fastcgi_pass a:1;",
    "uwsgi": "uwsgi_pass a:1;",
    "scgi": "scgi_pass a:1;",
    "grpc": "grpc_pass a:1;",
    "memcached": "memcached_pass a:1;",
}


def located(folder: Path, settings: str, passed: str = PASSES["proxy"], version: str = NEW) -> Hop:
    return hop_of(
        folder, http(f"server {{ location / {{ {settings} {passed} }} }}"), version=version
    )


def sent_again(hop: Hop, methods: frozenset[str] | None) -> set[str]:
    """The phases in which such a request goes on to the next server."""
    return {phase for phase in PHASES if retries(hop, phase, methods)}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", {*BEFORE, "plaintext", "send", "wait"}),  # error timeout
        ("proxy_next_upstream error;", {*BEFORE, "plaintext", "send"}),
        ("proxy_next_upstream timeout;", {"wait"}),
        ("proxy_next_upstream invalid_header;", {"head"}),
        (
            "proxy_next_upstream error timeout invalid_header http_502;",
            {*BEFORE, "plaintext", "send", "wait", "head"},
        ),
        # the lines add up
        ("proxy_next_upstream timeout; proxy_next_upstream invalid_header;", {"wait", "head"}),
        ("proxy_next_upstream http_500 http_502 non_idempotent;", set()),
        ("proxy_next_upstream off;", set()),
        ("proxy_next_upstream error timeout off;", set()),
        ("proxy_next_upstream_tries 1;", set()),
        ("proxy_next_upstream_tries 2;", {*BEFORE, "plaintext", "send", "wait"}),
        ("proxy_next_upstream_tries 0;", {*BEFORE, "plaintext", "send", "wait"}),
        # the settings of another family
        ("grpc_next_upstream off;", {*BEFORE, "plaintext", "send", "wait"}),
        ("grpc_next_upstream_tries 1;", {*BEFORE, "plaintext", "send", "wait"}),
        # what was not seen is as by default
        (UNSEEN, {*BEFORE, "plaintext", "send", "wait"}),
    ],
)
def test_the_phases(settings: str, expected: set[str], tmp_path: Path) -> None:
    assert sent_again(located(tmp_path, settings), GET) == expected


@pytest.mark.parametrize("method", sorted(ALL))
def test_a_method_once_it_is_sent(method: str, tmp_path: Path) -> None:
    """POST, LOCK and PATCH are not sent again, unless that is asked for; all are where nothing
    was sent."""
    methods = frozenset((method,))
    once = method in ("POST", "LOCK", "PATCH")
    assert sent_again(located(tmp_path, ""), methods) == (
        BEFORE if once else {*BEFORE, "plaintext", "send", "wait"}
    )
    hop = located(tmp_path, "proxy_next_upstream error non_idempotent;")
    assert sent_again(hop, methods) == {*BEFORE, "plaintext", "send"}


@pytest.mark.parametrize(
    ("settings", "methods", "expected"),
    [
        # without methods: all that get there
        ("", None, False),
        ("proxy_next_upstream error non_idempotent;", None, True),
        ("limit_except GET { deny all; }", None, True),
        ("limit_except GET PUT DELETE { deny all; }", None, True),
        ("limit_except GET LOCK { deny all; }", None, False),
        # of those that are asked about, only those that get there
        ("limit_except GET PUT { deny all; }", frozenset(("PUT", "POST")), True),
        ("limit_except GET POST { deny all; }", frozenset(("PUT", "POST")), False),
        # a body that is still being sent
        ("proxy_request_buffering off;", frozenset(("PUT",)), False),
        ("proxy_request_buffering off;", GET, True),
        ("proxy_request_buffering off;", frozenset(("DELETE",)), True),
        ("proxy_request_buffering off; proxy_next_upstream error non_idempotent;", None, False),
        (
            "proxy_request_buffering off; proxy_next_upstream error non_idempotent;",
            frozenset(("LOCK",)),
            True,
        ),
        (
            "proxy_request_buffering off; proxy_next_upstream error non_idempotent;",
            frozenset(("PATCH",)),
            False,
        ),
        (
            "proxy_request_buffering off; proxy_next_upstream error non_idempotent;",
            frozenset(("POST",)),
            False,
        ),
        ("fastcgi_request_buffering off;", frozenset(("PUT",)), True),
        (UNSEEN, frozenset(("PUT",)), True),
    ],
)
def test_once_it_is_sent(
    settings: str, methods: frozenset[str] | None, expected: bool, tmp_path: Path
) -> None:
    hop = located(tmp_path, settings)
    assert retries(hop, "send", methods) is expected
    assert retries(hop, "connect", methods)


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi"])
def test_each_family_has_its_own_settings(kind: str, tmp_path: Path) -> None:
    def once(settings: str, methods: frozenset[str]) -> bool:
        return not retries(located(tmp_path, settings, PASSES[kind]), "send", methods)

    put = frozenset(("PUT",))
    assert not once("", put)
    assert once("", frozenset(("POST",)))
    assert once(f"{kind}_request_buffering off;", put)
    assert once(f"{kind}_next_upstream off;", put)
    assert once(f"{kind}_next_upstream_tries 1;", put)
    assert not once("proxy_next_upstream off; proxy_request_buffering off;", put)


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        # a call is a POST
        ("grpc", "", BEFORE),
        ("grpc", "limit_except GET { deny all; }", BEFORE),
        # and its body is sent on as it comes, which nginx does not keep
        ("grpc", "grpc_next_upstream error non_idempotent;", BEFORE),
        # nginx asks a cache with GET only, and answers 405 to the rest
        ("memcached", "", {*BEFORE, "plaintext", "send", "wait"}),
        ("memcached", "memcached_next_upstream invalid_response;", {"head"}),
        ("memcached", "memcached_next_upstream off;", set()),
    ],
)
def test_what_is_no_http(kind: str, settings: str, expected: set[str], tmp_path: Path) -> None:
    assert sent_again(located(tmp_path, settings, PASSES[kind]), None) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", BEFORE),
        ("proxy_next_upstream on;", BEFORE),
        ("proxy_next_upstream off;", set()),
        ("proxy_next_upstream_tries 1;", set()),
        ("proxy_next_upstream_tries 2;", BEFORE),
        (UNSEEN, BEFORE),
    ],
)
def test_a_session_stays_where_it_has_begun(
    settings: str, expected: set[str], tmp_path: Path
) -> None:
    hop = hop_of(tmp_path, stream(f"server {{ listen 1; {settings} proxy_pass a:1; }}"))
    assert sent_again(hop, None) == expected
    hop = hop_of(tmp_path, stream(f"server {{ listen 1 udp; {settings} proxy_pass a:1; }}"))
    assert sent_again(hop, None) == set()


@pytest.mark.parametrize(
    ("settings", "passed", "expected"),
    [
        ("", "proxy", 0),
        ("proxy_next_upstream_tries 3;", "proxy", 3),
        ("proxy_next_upstream_tries 3;", "fastcgi", 0),
        ("fastcgi_next_upstream_tries 2;", "fastcgi", 2),
        ("memcached_next_upstream_tries 2;", "memcached", 2),
        (UNSEEN, "proxy", 0),
    ],
)
def test_tries(settings: str, passed: str, expected: int, tmp_path: Path) -> None:
    assert tries(located(tmp_path, settings, PASSES[passed])) == expected


def test_tries_of_a_session(tmp_path: Path) -> None:
    text = stream("server { listen 1; proxy_next_upstream_tries 4; proxy_pass a:1; }")
    assert tries(hop_of(tmp_path, text)) == 4


ALWAYS = "POST, PATCH and LOCK, which nginx does not send again"
UPLOADS = "uploads that are still being sent, for they are not buffered"
NOTHING = "every method, for nothing is sent again here"
CALLS = "every call, for a gRPC call is a POST, which nginx does not send again"
TWO = "every method, for nginx fails to send HTTP/2 requests again"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", ALWAYS),
        ("limit_except GET { deny all; }", None),
        ("limit_except LOCK POST { deny all; }", "POST and LOCK, which nginx does not send again"),
        ("limit_except PATCH { deny all; }", "PATCH, which nginx does not send again"),
        ("proxy_next_upstream error non_idempotent;", None),
        ("proxy_next_upstream timeout non_idempotent;", NOTHING),
        ("proxy_next_upstream timeout;", NOTHING),
        ("proxy_next_upstream off;", NOTHING),
        ("proxy_next_upstream error non_idempotent off;", NOTHING),
        ("proxy_request_buffering off;", f"{ALWAYS}, and {UPLOADS}"),
        ("proxy_request_buffering off; limit_except GET DELETE { deny all; }", None),
        ("proxy_request_buffering off; limit_except PUT { deny all; }", UPLOADS),
        ("proxy_request_buffering off; proxy_next_upstream error non_idempotent;", UPLOADS),
        (UNSEEN, ALWAYS),
    ],
)
def test_who_answers_502(settings: str, expected: str | None, tmp_path: Path) -> None:
    assert not_sent_again(located(tmp_path, f"proxy_http_version 1.1; {settings}")) == expected


@pytest.mark.parametrize(
    ("settings", "kind", "streams", "expected"),
    [
        ("", "grpc", True, CALLS),
        ("", "grpc", False, CALLS),
        ("grpc_next_upstream error non_idempotent;", "grpc", True, CALLS),
        ("grpc_next_upstream error non_idempotent;", "grpc", False, CALLS),
        ("grpc_next_upstream timeout non_idempotent;", "grpc", False, CALLS),
        (UNSEEN, "grpc", False, CALLS),
        ("proxy_http_version 2;", "proxy", True, TWO),
        ("proxy_http_version 2;", "proxy", False, ALWAYS),
        ("proxy_http_version 2; proxy_next_upstream error non_idempotent;", "proxy", True, TWO),
        ("proxy_http_version 2; proxy_next_upstream off;", "proxy", True, NOTHING),
        ("", "memcached", True, None),
        ("memcached_next_upstream off;", "memcached", True, NOTHING),
        ("", "fastcgi", True, ALWAYS),
        ("fastcgi_next_upstream error non_idempotent;", "fastcgi", True, None),
    ],
)
def test_who_answers_502_by_protocol(
    settings: str, kind: str, streams: bool, expected: str | None, tmp_path: Path
) -> None:
    hop = located(tmp_path, settings, PASSES[kind])
    assert not_sent_again(hop, streams=streams) == expected


@pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]])
@pytest.mark.parametrize("word", [*sorted(WITHOUT_EFFECT), "error"])
def test_nothing_sends_a_call_again(release: str, word: str) -> None:
    """Its body comes after its header, as in HTTP/2; one that comes with it is kept."""
    words = {"error", "http_502", "non_idempotent", word}
    behaviour = Behaviour(protocol="grpc", http_versions=("2",))
    with Bench() as bench, DeclaredServer(behaviour, 0) as one, DeclaredServer(behaviour, 0) as two:
        one.answer = Answer(ends=True)
        port = bench.port()
        servers = " ".join(f"server 127.0.0.1:{each.address} max_fails=0;" for each in (one, two))
        text = (
            f"upstream b {{ {servers} }} server {{ listen 127.0.0.1:{port}; location / {{ "
            f"grpc_next_upstream {' '.join(sorted(words))}; grpc_pass b; }} }}\n"
        )
        Running(bench, nginx_of(release), text)
        request = Request("POST", body=5, late_body=True)
        assert [send(port, request).status for _ in range(2)] == [502, 200]
