"""What the client sees of two protocols, by a table that was made up for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour import protocol_table
from lint502.behaviour.protocol_outcomes import Consequence, consequence, measured
from lint502.behaviour.protocol_table import Ending, Known, Outcome, parse
from lint502.nginx.version import Version
from lint502.pairing import Pair
from tests.support.pairs import UNSEEN, pair_of
from tests.support.sites import NEW, http, stream

CLOSED = "upstream prematurely closed connection while reading response header from upstream"
WAITED = (
    "upstream timed out (110: Connection timed out) while reading response header from upstream"
)
SHAKEN = "upstream timed out (110: Connection timed out) while SSL handshaking to upstream"
NO_LINE = "upstream sent no valid HTTP/1.0 header while reading response header from upstream"
TABLE = f"""
[measured]
[like]
[logs]
closed = "{CLOSED}"
waited = "{WAITED}"
shaken = "{SHAKEN}"
no-line = "{NO_LINE}"
[outcomes.node.http]
fastcgi = "502 closed"
uwsgi = "400"
suwsgi = "502 closed"
grpc = "9 no-line"
grpcs = "504 shaken"
scgi = "504 waited"
memcached = "504 waited, after 70s 502 closed"
https = "504 shaken, after 20s 500"
[outcomes.node.https]
http = ["400", "502 closed"]
"http/2" = ["504 waited", "504 waited, after 5s 504 waited"]
[outcomes.node.h2]
https = "502 closed"
"https/2" = "500"
[outcomes.node.h2c]
http = ["502 closed", "502 closed"]
"http/2" = "501"
https = ["504 waited, after 5s 504 waited", "504 waited"]
[outcomes.node.fastcgi]
http = {{ "0.0.0" = "501", "1.26.0" = "500" }}
[outcomes.node.suwsgi]
uwsgi = "410"
[outcomes.node.uwsgi]
uwsgi = "411"
suwsgi = "412"
[outcomes.node.scgi]
scgi = "413"
[outcomes.node.memcached]
memcached = "414"
[outcomes.uvicorn.http]
fastcgi = "502 closed"
"""


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = parse(TABLE)
    monkeypatch.setattr(protocol_table, "load", lambda: made_up)


def pair(
    folder: Path, passed: str, facts: str, settings: str = "", *, server: str = "node"
) -> Pair:
    spec = f'[upstream.up]\nport = 1\nserver = "{server}"\n{facts}\n'
    body = f"server {{ location / {{ {settings} {passed} }} }}"
    return pair_of(folder, http(body), spec, version=NEW)


HTTP = 'protocol = "http"\ntls = false'
OWN = "the server's own 400"
GARBAGE = "bytes that are no HTTP (status 200, 009 in nginx's access log)"


@pytest.mark.parametrize(
    ("passed", "facts", "settings", "expected"),
    [
        # a 502 says it all
        ("fastcgi_pass up:1;", HTTP, "", Consequence(502, CLOSED)),
        ("uwsgi_pass up:1;", HTTP, "", Consequence(400, None, OWN)),
        ("grpc_pass up:1;", HTTP, "", Consequence(200, NO_LINE, GARBAGE)),
        # nginx's own timeouts
        (
            "scgi_pass up:1;",
            HTTP,
            "",
            Consequence(504, WAITED, "504 after scgi_read_timeout (60s)"),
        ),
        (
            "scgi_pass up:1;",
            HTTP,
            "scgi_read_timeout 5s;",
            Consequence(504, WAITED, "504 after scgi_read_timeout (5s)"),
        ),
        (
            "scgi_pass up:1;",
            HTTP,
            "scgi_read_timeout $t;",
            Consequence(504, WAITED, "504 after scgi_read_timeout (60s)"),
        ),
        (
            "grpc_pass grpcs://up:1;",
            HTTP,
            "grpc_connect_timeout 90s;",
            Consequence(504, SHAKEN, "504 after grpc_connect_timeout (90s)"),
        ),
        # or the server gives up first
        (
            "memcached_pass up:1;",
            HTTP,
            "",
            Consequence(504, WAITED, "504 after memcached_read_timeout (60s)"),
        ),
        (
            "memcached_pass up:1;",
            HTTP,
            "memcached_read_timeout 71s;",
            Consequence(502, CLOSED, "502 after 70s, when the server gives up"),
        ),
        (
            "memcached_pass up:1;",
            HTTP,
            "memcached_read_timeout 70s;",
            Consequence(
                504,
                WAITED,
                "504 after memcached_read_timeout (70s) or 502 after 70s, when the server gives up",
            ),
        ),
        (
            "proxy_pass https://up:1;",
            HTTP,
            "",
            Consequence(500, None, "the server's own 500 after 20s, when the server gives up"),
        ),
        # several ways, the likeliest first
        (
            "proxy_pass http://up:1;",
            "tls = true",
            "",
            Consequence(400, None, f"{OWN} or 502"),
        ),
        (
            "proxy_pass http://up:1;",
            "tls = true",
            "proxy_http_version 2;",
            Consequence(504, WAITED, "504 after proxy_read_timeout (60s)"),
        ),
        # those that look alike are one, in the fewest words
        (
            "proxy_pass https://up:1;",
            'protocol = "http"\ntls = false\nhttp_versions = ["2"]',
            "",
            Consequence(504, WAITED, "504 after proxy_read_timeout (60s)"),
        ),
        (
            "proxy_pass http://up:1;",
            'protocol = "http"\ntls = false\nhttp_versions = ["2"]',
            "",
            Consequence(502, CLOSED),
        ),
    ],
)
def test_the_consequence(
    passed: str, facts: str, settings: str, expected: Consequence, tmp_path: Path
) -> None:
    assert consequence(pair(tmp_path, passed, facts, settings)) == expected


def test_a_server_that_was_not_measured(tmp_path: Path) -> None:
    found = consequence(pair(tmp_path, "uwsgi_pass up:1;", HTTP, server="puma"))
    assert found == Consequence(400, None, f"{OWN}, with most servers")
    found = consequence(pair(tmp_path, "fastcgi_pass up:1;", HTTP, server="puma"))
    assert found == Consequence(502, CLOSED)
    found = consequence(pair(tmp_path, "fastcgi_pass up:1;", 'protocol = "memcached"'))
    assert found == Consequence(502, CLOSED)  # nobody has measured that


@pytest.mark.parametrize(
    ("passed", "facts", "settings", "expected"),
    [
        # what is awaited
        ("proxy_pass https://up:1;", 'tls = true\nhttp_versions = ["2"]', "", "502"),
        ("proxy_pass https://up:1;", 'tls = true\nprotocol = "grpc"', "", "502"),
        ("proxy_pass http://up:1;", 'tls = false\nprotocol = "grpc"', "", "502"),
        ("proxy_pass http://up:1;", 'protocol = "http"\ntls = true', "", "400"),
        ("proxy_pass http://up:1;", 'http_versions = ["1.1", "2"]\ntls = true', "", "400"),
        ("proxy_pass http://up:1;", 'protocol = "fastcgi"', "", "500"),
        ("proxy_pass http://up:1;", 'protocol = "fastcgi"\ntls = true', "", "500"),
        ("uwsgi_pass up:1;", 'protocol = "uwsgi"\ntls = true', "", "410"),
        # how it is passed on
        (
            "proxy_pass https://up:1;",
            'tls = true\nprotocol = "grpc"',
            "proxy_http_version 2;",
            "500",
        ),
        (
            "proxy_pass http://up:1;",
            'tls = false\nprotocol = "grpc"',
            "proxy_http_version 2;",
            "501",
        ),
        ("proxy_pass http://up:1;", 'tls = false\nprotocol = "grpc"', UNSEEN, "502"),
        ("uwsgi_pass suwsgi://up:1;", 'protocol = "uwsgi"\ntls = false', "", "412"),
        # what nobody says is as the pass expects it
        ("uwsgi_pass up:1;", 'server = "nginx"', "", "411"),
        ("scgi_pass up:1;", 'server = "nginx"', "", "413"),
        ("memcached_pass up:1;", 'server = "nginx"', "", "414"),
    ],
)
def test_which_row_it_is(
    passed: str, facts: str, settings: str, expected: str, tmp_path: Path
) -> None:
    spec = f"[upstream.up]\nport = 1\n{facts}\n".replace('server = "nginx"\n', "")
    body = f"server {{ location / {{ {settings} {passed} }} }}"
    found = measured(pair_of(tmp_path, http(body), spec, version=NEW), Version.parse(NEW))
    assert found is not None
    assert found.endings[0].outcome.status == int(expected)


def test_by_version(tmp_path: Path) -> None:
    there = pair(tmp_path, "proxy_pass http://up:1;", 'protocol = "fastcgi"')
    old, new = Known((Ending(Outcome(501, "")),), False), Known((Ending(Outcome(500, "")),), False)
    assert measured(there, Version.parse("1.18.0")) == old
    assert measured(there, Version.parse("1.30.0")) == new
    assert consequence(there).status == 500  # of the version that is checked


def test_sessions(tmp_path: Path) -> None:
    """A handshake is the same; of its timeout nginx says nothing, and the status is 502."""
    spec = '[upstream.up]\nport = 1\nserver = "node"\nprotocol = "http"\n'
    text = stream("server { listen 1; proxy_ssl on; proxy_connect_timeout 7s; proxy_pass up:1; }")
    found = consequence(pair_of(tmp_path, text, spec))
    assert found == Consequence(502, None, "502 after proxy_connect_timeout (7s)")
    text = text.replace("7s", "21s")
    found = consequence(pair_of(tmp_path, text, spec))
    assert found == Consequence(
        500, None, "the server's own 500 after 20s, when the server gives up"
    )
    # whatever the protocol, where it is not stated
    spec = "[upstream.up]\nport = 1\n"
    known = measured(pair_of(tmp_path, text, spec), Version.parse(NEW))
    assert known is not None and known.typical
