"""Whether the connections of a hop are kept. ``tests/lab/test_behaviour.py`` tries it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.keepalive import (
    closing_line,
    connection_end,
    kept_all_the_same,
    kept_by_default,
    line_of,
    meeting_kept_connections,
    nginx_may_close_first,
    reuse,
    users,
)
from lint502.nginx.hops import Hop
from lint502.nginx.version import Version
from tests.support.pairs import TOO_MANY, UNSEEN, pair_of, site_of
from tests.support.sites import NEW, OLD, hop_of, hops_of, http, stream

PASS = "proxy_pass http://a:1;"
EMPTY = 'proxy_set_header Connection "";'
V1_1, V1_0 = "proxy_http_version 1.1;", "proxy_http_version 1.0;"
KEPT = (True, "")
BY_HEADER = (False, 'nginx sends "Connection: close"')
BY_DEFAULT = (False, 'nginx sends "Connection: close" by default')
BY_VERSION = (False, "proxy_http_version is 1.0 by default")
UNKNOWN = (None, "")


def located(folder: Path, settings: str, passed: str = PASS, version: str = OLD) -> Hop:
    body = (
        'map $http_upgrade $upgrade { default upgrade; "" close; }\n'
        'map $http_upgrade $kept { default upgrade; "" ""; }\n'
        "map $uri $perhaps { default upgrade; /a $http_a; }\n"
        'map $http_upgrade $client { default upgrade; "" $http_connection; }\n'
        "map $uri $some { default x; /a $http_a; }\n"
        "map $uri $hardly { default close; /a $http_a; }\n"
        "map $uri $closing { default a; /a close; }\n"
        f"map $uri $keeping {{ default a; /a keep-alive; }}\n{TOO_MANY}\n"
        f"server {{ location / {{ {settings} {passed} }} }}"
    )
    return hop_of(folder, http(body), version=version)


def told(hop: Hop) -> tuple[bool | None, str]:
    found = reuse(hop, hop.scope.version)
    return found.kept, found.why


@pytest.mark.parametrize(
    ("settings", "version", "expected"),
    [
        # before 1.29.7 nginx says 1.0 and "close" by itself
        ("", OLD, BY_VERSION),
        ("", "1.29.6", BY_VERSION),
        ("", "1.29.7", KEPT),
        (V1_1, OLD, BY_DEFAULT),
        (V1_1, NEW, KEPT),
        (EMPTY, OLD, (False, "proxy_http_version is 1.0 by default")),
        (f"{V1_0} {EMPTY}", NEW, (False, "proxy_http_version is 1.0")),
        (V1_0, NEW, (False, "proxy_http_version is 1.0")),
        (f"{V1_1} {EMPTY}", OLD, KEPT),
        (f"{V1_1} proxy_set_header CONNECTION '';", OLD, KEPT),
        (f"{V1_1} proxy_set_header Host a;", OLD, BY_DEFAULT),
        (f"{V1_1} proxy_set_header Host a;", NEW, KEPT),
        (f"{V1_0} proxy_set_header Connection keep-alive;", OLD, KEPT),
        (f'{V1_0} proxy_set_header Connection "a, Keep-Alive";', OLD, KEPT),
        (f"{V1_1} proxy_set_header Connection close;", NEW, BY_HEADER),
        (f'{V1_1} proxy_set_header Connection "x, Close";', NEW, BY_HEADER),
        (f"{V1_1} proxy_set_header Connection closed;", NEW, KEPT),
        (f"{V1_1} proxy_set_header Connection upgrade;", OLD, KEPT),
        # two lines send both
        (f"{V1_1} {EMPTY} proxy_set_header Connection close;", NEW, BY_HEADER),
        # by a map: what is sent for a WebSocket does not count
        (f"{V1_1} proxy_set_header Connection $upgrade;", OLD, BY_HEADER),
        (f"{V1_1} proxy_set_header Connection $kept;", OLD, KEPT),
        # by what the client says, for browsers say keep-alive
        (f"{V1_1} proxy_set_header Connection $http_connection;", OLD, KEPT),
        (f"{V1_0} proxy_set_header Connection $http_connection;", OLD, KEPT),
        (f"{V1_1} proxy_set_header Connection ${{http_connection}};", OLD, KEPT),
        (f"{V1_1} proxy_set_header Connection $client;", OLD, KEPT),
        (f"{V1_1} proxy_set_header Connection '$http_connection, close';", OLD, BY_HEADER),
        (f"{V1_1} proxy_set_header Connection $http_x;", OLD, UNKNOWN),
        # where some requests are known to leave it open, and others are not known
        (f"{V1_1} proxy_set_header Connection $some;", OLD, KEPT),
        (f"{V1_0} proxy_set_header Connection $some;", OLD, UNKNOWN),
        (f"{V1_1} proxy_set_header Connection $hardly;", OLD, UNKNOWN),
        (f"{V1_1} proxy_set_header Connection $perhaps;", OLD, UNKNOWN),
        (f"{V1_1} proxy_set_header Connection $many_a$many_b;", OLD, UNKNOWN),
        # for some requests
        (f"{V1_1} proxy_set_header Connection $closing;", OLD, KEPT),
        (f"{V1_0} proxy_set_header Connection $keeping;", OLD, KEPT),
        (f"{V1_1} proxy_set_header Connection a; proxy_set_header Connection b;", OLD, KEPT),
        ("proxy_http_version 2;", NEW, KEPT),
        ("proxy_http_version 2; proxy_set_header Connection close;", NEW, KEPT),
        # what was not seen may say either
        (UNSEEN, OLD, UNKNOWN),
        (f"{V1_1} {UNSEEN}", OLD, UNKNOWN),
        (f"{V1_1} proxy_set_header Host a; {UNSEEN}", OLD, UNKNOWN),
        (f"{V1_1} {EMPTY} {UNSEEN}", OLD, KEPT),
        (f"{V1_0} {UNSEEN}", OLD, UNKNOWN),
        ("proxy_http_version $v;", OLD, UNKNOWN),
    ],
)
def test_by_version_and_header(
    settings: str, version: str, expected: tuple[bool | None, str], tmp_path: Path
) -> None:
    assert told(located(tmp_path, settings, version=version)) == expected


@pytest.mark.parametrize(
    ("settings", "passed", "expected"),
    [
        ("", "fastcgi_pass a:1;", (False, "fastcgi_keep_conn is off by default")),
        ("fastcgi_keep_conn off;", "fastcgi_pass a:1;", (False, "fastcgi_keep_conn is off")),
        ("fastcgi_keep_conn on;", "fastcgi_pass a:1;", KEPT),
        (UNSEEN, "fastcgi_pass a:1;", UNKNOWN),
        ("", "uwsgi_pass a:1;", (False, "uwsgi_pass opens a connection for each request")),
        (f"{V1_1} {EMPTY}", "scgi_pass a:1;",
         (False, "scgi_pass opens a connection for each request")),
        ("", "grpc_pass a:1;", KEPT),
        ("grpc_set_header Connection close;", "grpc_pass a:1;", KEPT),
        ("", "memcached_pass a:1;", KEPT),
    ],
)  # fmt: skip
def test_by_protocol(
    settings: str, passed: str, expected: tuple[bool | None, str], tmp_path: Path
) -> None:
    assert told(located(tmp_path, settings, passed)) == expected


def test_stream_keeps_nothing(tmp_path: Path) -> None:
    hop = hop_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }"))
    assert told(hop) == (False, "stream has no pool")
    assert closing_line(hop, hop.scope.version) is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (f"{V1_1} proxy_set_header Connection $upgrade;", '"" close'),
        (f"{V1_0} proxy_set_header Connection $upgrade;", '"" close'),  # also in HTTP/1.1
        (f"{V1_1} proxy_set_header Connection $kept;", None),
        (f"set $c close; {V1_1} proxy_set_header Connection $c;", "set $c close"),
        (f"{V1_1} proxy_set_header Connection close;", None),
        (V1_1, None),
    ],
)
def test_the_line_that_closes(settings: str, expected: str | None, tmp_path: Path) -> None:
    hop = located(tmp_path, settings)
    line = closing_line(hop, hop.scope.version)
    assert (None if line is None else line.place().text[line.column - 1 :].split(";")[0]) == (
        expected
    )
    assert closing_line(located(tmp_path, settings, "fastcgi_pass a:1;"), Version(1, 26, 3)) is None


BLOCKS = """
upstream plain { server a:1; }
upstream kept { server a:1; keepalive 8; }
upstream none { server a:1; keepalive 0; }
upstream local { server a:1; keepalive 8 local; }
upstream lost { server a:1; keepalive 8; least_conn; }
upstream unseen { server a:1; include unseen/*.conf; }
upstream nobody { server a:1; keepalive 8; }
"""
CLOSE = "proxy_set_header Connection close;"
LOCATIONS = [
    ("/plain", EMPTY, "plain"),
    ("/kept", EMPTY, "kept"),
    ("/closed", CLOSE, "kept"),
    ("/none", EMPTY, "none"),
    ("/local", EMPTY, "local"),
    ("/local-closed", CLOSE, "local"),
    ("/lost", EMPTY, "lost"),
    ("/unseen", EMPTY, "unseen"),
    ("/direct", EMPTY, "a:1"),
]
POOLS = (
    BLOCKS
    + "server {"
    + "\n".join(
        f"location {path} {{ {V1_1} {header} proxy_pass http://{block}; }}"
        for path, header, block in LOCATIONS
    )
    + "}"
)


def meeting(folder: Path, body: str, version: str) -> dict[tuple[str, str], bool]:
    """Blocks and locations, and whether the latter keep connections themselves."""
    site = site_of(folder, http(body), version=version)
    locations = {hop.id: hop.location for hop in site.hops}
    return {
        (block.name if block is not None else "", locations[hop]): own
        for (block, hop), own in meeting_kept_connections(site).items()
    }


def test_who_gets_a_kept_connection(tmp_path: Path) -> None:
    assert meeting(tmp_path, POOLS, OLD) == {
        ("kept", "/kept"): True,
        ("kept", "/closed"): False,
        ("local", "/local"): True,
    }
    assert meeting(tmp_path, POOLS, NEW) == {
        ("plain", "/plain"): True,
        ("kept", "/kept"): True,
        ("kept", "/closed"): False,
        ("local", "/local"): True,
        ("lost", "/lost"): True,
    }


def test_a_pool_by_default_is_that_of_one_location(tmp_path: Path) -> None:
    body = (
        "upstream u { server a:1; } server { location /kept { proxy_pass http://u; }\n"
        "location /closed { proxy_set_header Connection close; proxy_pass http://u; } }"
    )
    assert meeting(tmp_path, body, NEW) == {("u", "/kept"): True}
    body = body.replace("a:1;", "a:1; keepalive 4;")
    assert meeting(tmp_path, body, NEW) == {("u", "/kept"): True, ("u", "/closed"): False}
    body = body.replace("/kept {", "/kept { proxy_set_header Connection close;")
    assert meeting(tmp_path, body, NEW) == {}


def test_who_uses_a_block(tmp_path: Path) -> None:
    body = (
        "upstream a { server h:1; } upstream b { server h:2; } upstream c { server h:3; }\n"
        "map $uri $where { default a; /b b; }\nserver { location /1 { proxy_pass http://a; }\n"
        "location /2 { proxy_pass http://$where; } location /3 { proxy_pass http://h:4; } }"
    )
    found = users(site_of(tmp_path, http(body)))
    assert {block.name: [hop.location for hop in hops] for block, hops in found.items()} == {
        "a": ["/1", "/2"],
        "b": ["/2"],
    }


@pytest.mark.parametrize(
    ("block", "version", "said", "line"),
    [
        ("keepalive 8;", NEW, False, "keepalive"),
        ("keepalive 8;", OLD, False, "keepalive"),
        ("", NEW, True, "upstream"),
        (UNSEEN, NEW, False, "upstream"),
    ],
)
def test_what_makes_nginx_keep_connections(
    block: str, version: str, said: bool, line: str, tmp_path: Path
) -> None:
    body = (
        f"upstream u {{ server a:1; {block} }} server {{ location / {{ proxy_pass http://u; }} }}"
    )
    _, (found,) = hops_of(tmp_path, http(body), version=version)
    clause = (
        f"; nginx {version} keeps connections in every upstream block, as all do from 1.29.7 on"
    )
    assert kept_by_default(found, Version.parse(version)) == (clause if said else "")
    assert line_of(found, Version.parse(version)).name == line


@pytest.mark.parametrize(
    ("settings", "passed", "version", "expected"),
    [
        ("", PASS, "1.18.0", True),
        ("", "grpc_pass a:1;", OLD, True),
        ("", "uwsgi_pass a:1;", "1.19.0", False),
        ("", "uwsgi_pass a:1;", "1.19.1", True),
        ("", "scgi_pass a:1;", "1.19.0", False),
        ("", "scgi_pass a:1;", "1.19.1", True),
        ("", "fastcgi_pass a:1;", NEW, False),
        ("fastcgi_keep_conn on;", "fastcgi_pass a:1;", NEW, True),
        (UNSEEN, "fastcgi_pass a:1;", NEW, False),
    ],
)
def test_who_closes_first(
    settings: str, passed: str, version: str, expected: bool, tmp_path: Path
) -> None:
    hop = located(tmp_path, settings, passed, version)
    assert nginx_may_close_first(hop, Version.parse(version)) is expected


MANY, SILENT = "keepalive.max_requests = 100", "keepalive.announces_close = false"


@pytest.mark.parametrize(
    ("passed", "facts", "expected"),
    [
        # responses, the fact's line, whether it is only not known to be announced
        (PASS, "", None),
        (PASS, "keepalive = true", None),
        (PASS, "keepalive = false", (1, 3, True)),
        (PASS, MANY, None),  # it has to announce that
        (PASS, "keepalive.max_requests = 1", (1, 3, True)),
        (PASS, "keepalive.max_requests = 2", None),
        (PASS, f"{SILENT}\n{MANY}", (100, 4, False)),
        (PASS, "keepalive.announces_close = true\nkeepalive.max_requests = 1", None),
        ("grpc_pass a:1;", "keepalive = false", (1, 3, True)),
        ("grpc_pass a:1;", MANY, None),
        # what cannot announce it
        ("fastcgi_pass a:1;", MANY, (100, 3, False)),
        ("fastcgi_pass a:1;", "keepalive = false", (1, 3, False)),
        ("memcached_pass a:1;", MANY, (100, 3, False)),
        ("fastcgi_pass a:1;", f"{MANY}\nkeepalive.announces_close = true", None),
        # of a server that closes after each response, how many it would answer is all one
        (PASS, 'server = "gunicorn"', None),
        ("fastcgi_pass a:1;", "", None),
    ],
)
def test_the_end_of_a_connection(
    passed: str, facts: str, expected: tuple[int, int, bool] | None, tmp_path: Path
) -> None:
    text = http(f"server {{ location / {{ {passed} }} }}")
    pair = pair_of(tmp_path, text, f"[upstream.a]\nport = 1\n{facts}\n")
    assert pair.listener is not None
    end = connection_end(pair.listener, pair.hop)
    told = None if end is None else (end.responses, end.stated.place.line, end.if_silent)
    assert told == expected
    if end is not None:
        assert end.counted == ("each response" if end.responses == 1 else "100 responses")


@pytest.mark.parametrize(
    ("settings", "passed", "facts", "expected"),
    [
        (V1_1, PASS, "keepalive = false\n", False),  # perhaps it says so
        (V1_1, PASS, f"{SILENT}\nkeepalive.max_requests = 1", True),
        (V1_1, PASS, f"{SILENT}\n{MANY}", False),
        (V1_0, PASS, f"{SILENT}\nkeepalive.max_requests = 1", False),
        ("proxy_http_version 2;", PASS, f"{SILENT}\nkeepalive.max_requests = 1", False),
        (UNSEEN, PASS, f"{SILENT}\nkeepalive.max_requests = 1", False),
        (V1_1, PASS, f"{SILENT}\nkeepalive.max_requests = 2", False),
        (V1_1, "fastcgi_pass a:1;", "keepalive.max_requests = 1", False),
    ],
)
def test_what_is_kept_although_nginx_asks_for_its_end(
    settings: str, passed: str, facts: str, expected: bool, tmp_path: Path
) -> None:
    text = http(f"server {{ location / {{ {settings} {passed} }} }}")
    pair = pair_of(tmp_path, text, f"[upstream.a]\nport = 1\n{facts}\n")
    assert pair.listener is not None
    end = connection_end(pair.listener, pair.hop)
    assert end is not None
    assert kept_all_the_same(pair.hop, end) is expected
