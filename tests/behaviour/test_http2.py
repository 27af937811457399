"""Headers of a connection in HTTP/2, and who refuses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.http2 import (
    connection_header,
    header_refusal,
    refusal_is_known,
    sent_header,
    speaks_http2,
)
from tests.support.pairs import TOO_MANY, UNSEEN, pair_of
from tests.support.sites import NEW, hop_of, http, stream

TWO, GRPC = "proxy_http_version 2; proxy_pass http://up:1;", "grpc_pass up:1;"


def text(settings: str, passed: str = GRPC) -> str:
    maps = (
        f"{TOO_MANY}\n"
        'map $http_upgrade $upgrade { default upgrade; "" close; }\n'
        'map $http_upgrade $maybe { default upgrade; "" ""; }\n'
        "map $http_te $te { default trailers; x gzip; }\n"
    )
    return http(f"{maps} server {{ location / {{ {settings} {passed} }} }}")


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (TWO, True),
        (GRPC, True),
        ("proxy_pass http://up:1;", False),
        ("proxy_http_version 1.0; proxy_pass http://up:1;", False),
        ("fastcgi_pass up:1;", False),
        (f"{UNSEEN} proxy_pass http://up:1;", None),
        (f"{UNSEEN} fastcgi_pass up:1;", False),
    ],
)
def test_who_speaks_it(passed: str, expected: bool | None, tmp_path: Path) -> None:
    assert speaks_http2(hop_of(tmp_path, text("", passed), version=NEW)) is expected


def test_stream_does_not_speak_it_itself(tmp_path: Path) -> None:
    hop = hop_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }"))
    assert speaks_http2(hop) is False


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("Connection close", ("Connection: close", True)),
        ("CONNECTION close", ("CONNECTION: close", True)),
        ("Upgrade h2c", ("Upgrade: h2c", True)),
        ("Keep-Alive 5", ("Keep-Alive: 5", True)),
        ("Proxy-Connection a", ("Proxy-Connection: a", True)),
        ("Connection trailers", ("Connection: trailers", True)),
        ("Transfer-Encoding chunked", ("Transfer-Encoding: chunked", True)),
        ("TE gzip", ("TE: gzip", True)),
        # none of a connection, or nothing
        ("TE trailers", None),
        ("te Trailers", None),
        ("Host a", None),
        ("Trailer a", None),
        ('Connection ""', None),
        # by a variable
        ("Connection $upgrade", ("Connection: $upgrade", True)),
        ("Connection $maybe", ("Connection: $maybe", False)),
        ("Connection $http_connection", ("Connection: $http_connection", False)),
        ("TE $te", ("TE: $te", False)),
        ("TE $http_te", ("TE: $http_te", False)),
        ("Connection $many_a$many_b", ("Connection: $many_a$many_b", False)),
    ],
)
def test_a_line(args: str, expected: tuple[str, bool] | None, tmp_path: Path) -> None:
    hop = hop_of(tmp_path, text(f"grpc_set_header {args};"))
    setting = hop.scope.setting("grpc_set_header")
    assert setting is not None
    found = sent_header(hop, setting.directives[0])
    assert (None if found is None else (found.text, found.always)) == expected


@pytest.mark.parametrize(
    ("settings", "passed", "expected"),
    [
        ("grpc_set_header Connection close;", GRPC, "Connection: close"),
        ("proxy_set_header Connection close;", TWO, "Connection: close"),
        # the settings of another family, or another version
        ("proxy_set_header Connection close;", GRPC, None),
        ("grpc_set_header Connection close;", TWO, None),
        ("proxy_set_header Connection close;", "proxy_pass http://up:1;", None),
        ("proxy_set_header Connection close;", f"{UNSEEN} proxy_pass http://up:1;", None),
        ("", GRPC, None),
        ("", TWO, None),
        (UNSEEN, GRPC, None),
        # what always comes goes first
        (
            "grpc_set_header Connection $maybe; grpc_set_header Upgrade a;",
            GRPC,
            "Upgrade: a",
        ),
        (
            "grpc_set_header Connection $maybe; grpc_set_header Upgrade $maybe;",
            GRPC,
            "Connection: $maybe",
        ),
        ("grpc_set_header Host a; grpc_set_header Upgrade a;", GRPC, "Upgrade: a"),
    ],
)
def test_the_header_of_a_hop(
    settings: str, passed: str, expected: str | None, tmp_path: Path
) -> None:
    found = connection_header(hop_of(tmp_path, text(settings, passed), version=NEW))
    assert (None if found is None else found.text) == expected


SENDS = "grpc_set_header Connection close;"


@pytest.mark.parametrize(
    ("settings", "facts", "expected"),
    [
        (SENDS, 'server = "node"', "reset"),
        (SENDS, 'server = "caddy"', "answer"),
        (SENDS, 'server = "hypercorn"', "close"),
        (SENDS, 'server = "nginx"\nhttp_versions = ["2"]', None),  # it takes it
        (SENDS, 'server = "grpc-go"', "reset"),  # nobody knows: as the RFC has it
        (SENDS, 'protocol = "grpc"', "reset"),
        (SENDS, 'protocol = "http"', "reset"),
        (SENDS, 'protocol = "http"\nhttp_versions = ["1.1", "2"]', "reset"),
        (SENDS, "", "reset"),
        # another protocol, of which other rules tell
        (SENDS, 'protocol = "http"\nhttp_versions = ["1.1"]', None),
        (SENDS, 'protocol = "fastcgi"', None),
        ("", 'server = "node"', None),
    ],
)
def test_who_refuses_it(settings: str, facts: str, expected: str | None, tmp_path: Path) -> None:
    facts = facts.replace('"node"', '"node"\nhttp_versions = ["2"]')
    facts = facts.replace('"hypercorn"', '"hypercorn"\nhttp_versions = ["2"]')
    facts = facts.replace('"caddy"', '"caddy"\nhttp_versions = ["2"]')
    pair = pair_of(tmp_path, text(settings), f"[upstream.up]\nport = 1\n{facts}\n", version=NEW)
    assert header_refusal(pair) == expected
    other = text(settings, "grpc_pass other:1;")
    assert header_refusal(pair_of(tmp_path, other, "[upstream.up]\nport = 1\n")) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [('server = "nginx"', True), ('server = "node/20"', True), ('server = "puma"', False),
     ("", False)],
)  # fmt: skip
def test_what_was_measured(facts: str, expected: bool, tmp_path: Path) -> None:
    pair = pair_of(tmp_path, text(SENDS), f"[upstream.up]\nport = 1\n{facts}\n", version=NEW)
    assert pair.listener is not None
    assert refusal_is_known(pair.listener) is expected
