"""The ways from what stands before nginx to the servers that it sends to."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.fronts import (
    Trouble,
    Way,
    by_socket,
    called,
    early_closings,
    header_differences,
    none_fits,
    rejecting,
    rejections,
    timeout_line,
    timeouts,
    ways,
)
from lint502.nginx.version import Version
from lint502.site import Site
from tests.support.pairs import UNSEEN, site_of
from tests.support.sites import NEW, OLD, http, stream

EDGE = "[front.edge]\n"


def each(site: Site) -> list[str]:
    """``front name socket``, with a star where more may be unseen."""
    return [
        f"{way.front.name} {way.name or '-'} {way.socket.listens[0]}{'' if way.known else '*'}"
        for way in ways(site)
    ]


@pytest.mark.parametrize(
    ("body", "front", "expected"),
    [
        # no front
        ("server { listen 80; server_name a; }", "", []),
        # each server at each socket
        (
            "server { listen 80; listen 81; server_name a b; } server { listen 80; }",
            EDGE,
            ["edge a *:80", "edge *:80 *:80", "edge a *:81"],
        ),
        ("server { server_name a; }", EDGE, ["edge a *:80"]),
        # those that only this machine reaches count where there are no others
        (
            "server { listen 127.0.0.1:8080; listen 80; server_name a; }",
            EDGE,
            ["edge a *:80"],
        ),
        ("server { listen 127.0.0.1:8080; server_name a; }", EDGE, ["edge a 127.0.0.1:8080"]),
        ("server { listen unix:/run/a; server_name a; }", EDGE, ["edge a unix:/run/a"]),
        # a socket that another server opens to all
        (
            "server { listen 443 quic; listen 443 ssl; server_name a; }",
            EDGE,
            ["edge a *:443"],
        ),
        # the servers that are named, else the default ones
        (
            "server { listen 80; server_name a; } server { listen 80; server_name b; }",
            f'{EDGE}servers = ["b"]',
            ["edge b *:80"],
        ),
        (
            "server { listen 80; server_name a; } server { listen 80; server_name b; }",
            f'{EDGE}servers = ["c"]',
            ["edge c *:80"],
        ),
        (
            "server { listen 80; server_name a; } server { listen 81; server_name b; }",
            f'{EDGE}servers = ["a", "b"]',
            ["edge a *:80", "edge b *:81"],
        ),
        (
            "server { listen 80; server_name *.example.com; }",
            f'{EDGE}servers = ["x.example.com"]',
            ["edge x.example.com *:80"],
        ),
        # what was not seen may have more
        (f"{UNSEEN} server {{ listen 80; server_name a; }}", EDGE, ["edge a *:80*"]),
        (f"{UNSEEN} server {{ listen 80; server_name a; }}", f'{EDGE}servers = ["b"]', []),
        (
            f"{UNSEEN} server {{ listen 80; server_name a; }}",
            f'{EDGE}servers = ["a"]',
            ["edge a *:80*"],
        ),
        # nobody gets to a server that rejects every handshake
        (
            "server { listen 443 ssl default_server; ssl_reject_handshake on; }\n"
            "server { listen 443 ssl; server_name a; }",
            EDGE,
            ["edge a *:443"],
        ),
        (
            "server { listen 80; ssl_reject_handshake on; server_name a; }",
            EDGE,
            ["edge a *:80"],
        ),
        (
            "server { listen 80; server_name a; }",
            f"{EDGE}[front.other]\n",
            ["edge a *:80", "other a *:80"],
        ),
    ],
)
def test_each_way(body: str, front: str, expected: list[str], tmp_path: Path) -> None:
    assert each(site_of(tmp_path, http(body), front)) == expected


def test_stream_only_where_there_is_no_http(tmp_path: Path) -> None:
    tcp = stream("server { listen 1; proxy_pass a:1; }")
    site = site_of(tmp_path, tcp, EDGE)
    assert each(site) == ["edge *:1 *:1"]
    assert [way.stream for way in ways(site)] == [True]
    both = tcp.replace("events {}", "events {} http { server { listen 80; server_name a; } }")
    site = site_of(tmp_path, both, EDGE)
    assert each(site) == ["edge a *:80"]
    assert [way.stream for way in ways(site)] == [False]
    none = tcp.replace("events {}", "events {} http { }")
    assert each(site_of(tmp_path, none, EDGE)) == ["edge *:1 *:1"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [("", 502), ('kind = "envoy"', 503), ('kind = "cloudflare"', 520), ('kind = "haproxy"', 502)],
)
def test_what_a_closed_connection_answers(facts: str, expected: int, tmp_path: Path) -> None:
    site = site_of(tmp_path, http("server { listen 80; }"), f"{EDGE}{facts}\n")
    assert [way.closed_status for way in ways(site)] == [expected]


@pytest.mark.parametrize(
    ("settings", "version", "expected"),
    [
        ("ssl_reject_handshake on;", "1.19.4", True),
        ("ssl_reject_handshake on;", "1.19.3", False),
        ("ssl_reject_handshake off;", NEW, False),
        ("", NEW, False),
        (UNSEEN, NEW, False),
    ],
)
def test_who_rejects(settings: str, version: str, expected: bool, tmp_path: Path) -> None:
    (area,) = site_of(tmp_path, http(f"server {{ listen 443 ssl; {settings} }}")).servers
    found = rejecting(area.servers[0].context, Version.parse(version))
    assert (found is not None) is expected


def test_what_is_taken_over_rejects_too(tmp_path: Path) -> None:
    body = "ssl_reject_handshake on; server { listen 443 ssl; server_name a; }"
    assert each(site_of(tmp_path, http(body), EDGE)) == []


MANY = """
server { listen 80; listen 81; server_name a; }
server { listen 81; server_name b; }
server { listen 80; listen 82; }
server { listen 83; server_name _; }
server { listen 84; server_name a; }"""


@pytest.fixture
def many(tmp_path: Path) -> list[Way]:
    return list(ways(site_of(tmp_path, http(MANY), f"{EDGE}[front.other]\n")))


def test_ways_of_one_socket(many: list[Way]) -> None:
    found = [
        (there[0].front.name, str(there[0].socket.listens[0]), [way.name for way in there])
        for there in by_socket(many)
    ]
    own = [
        ("*:80", ["a", "*:80"]), ("*:81", ["a", "b"]), ("*:82", ["*:80"]), ("*:83", ["*:83"]),
        ("*:84", ["a"]),
    ]  # fmt: skip
    assert found == [(front, *one) for front in ("edge", "other") for one in own]


def test_another_port_that_fits(many: list[Way]) -> None:
    """Servers of one name are one, whichever block they are in; those without are each its own."""

    def left(*ports: int) -> list[str]:
        wrong = [way for way in many if way.front.name == "edge" and way.socket.ports[0] in ports]
        return [f"{way.name} {way.socket.ports[0]}" for way in none_fits(many, wrong)]

    assert left(80) == []
    assert left(80, 81) == ["b 81"]
    assert left(80, 81, 84) == ["a 80", "a 81", "b 81", "a 84"]
    assert left(80, 82) == ["*:80 80", "*:80 82"]
    assert left(83) == ["*:83 83"]


def test_servers_in_a_message(tmp_path: Path) -> None:
    body = "server { listen 80; server_name a; } server { listen 80; server_name b; }"
    site = site_of(tmp_path, http(body), EDGE)
    assert called(ways(site)) == "a and b"
    site = site_of(tmp_path, http(body), f'{EDGE}servers = ["_", "a"]')
    assert called(ways(site)) == "a server without a name and a"


def lines(found: list[Trouble]) -> list[tuple[str, list[str]]]:
    return [
        (" ".join((trouble.line.name, *trouble.line.args)), [way.name for way in trouble.ways])
        for trouble in found
    ]


IDLE = f'{EDGE}idle_timeout = "60s"\n'


@pytest.mark.parametrize(
    ("body", "margin", "expected"),
    [
        ("server { listen 80; server_name a; }", 1_000, []),  # 75 s
        ("server { listen 80; server_name a; }", 15_000, []),
        ("server { listen 80; server_name a; }", 15_001, []),  # at most a quarter of the 60 s
        (
            "server { listen 80; server_name a; keepalive_timeout 74s; }",
            15_000,
            [("keepalive_timeout 74s", ["a"])],
        ),
        (
            "server { listen 80; server_name a; keepalive_timeout 60s; }",
            1_000,
            [("keepalive_timeout 60s", ["a"])],
        ),
        ("server { listen 80; server_name a; keepalive_timeout 61s; }", 1_000, []),
        # nginx says so
        ("server { listen 80; server_name a; keepalive_timeout 0; }", 1_000, []),
        ("server { listen 80; server_name a; keepalive_timeout 5s; keepalive_requests 1; }",
         1_000, []),
        ("server { listen 80; server_name a; keepalive_timeout 5s; keepalive_requests 2; }",
         1_000, [("keepalive_timeout 5s", ["a"])]),
        # one line for several servers
        (
            "keepalive_timeout 5s; server { listen 80; server_name a; }\n"
            "server { listen 80; server_name b; }",
            1_000,
            [("keepalive_timeout 5s", ["a", "b"])],
        ),
        # a place of a server in which a request may end
        (
            "server { listen 80; server_name a; location /x { keepalive_timeout 5s; } }",
            1_000,
            [("keepalive_timeout 5s", ["a"])],
        ),
        (
            "server { listen 80; server_name a; keepalive_timeout 5s;\n"
            "location / { keepalive_timeout 70s; } }",
            1_000,
            [],
        ),
        (
            "server { listen 80; server_name a; keepalive_timeout 5s;\n"
            "location /x { keepalive_timeout 70s; } }",
            1_000,
            [("keepalive_timeout 5s", ["a"])],
        ),
        (f"server {{ listen 80; server_name a; {UNSEEN} }}", 99_000, []),
        (f"{UNSEEN} server {{ listen 80; server_name a; }}", 99_000, []),
    ],
)  # fmt: skip
def test_who_closes_first(
    body: str, margin: int, expected: list[tuple[str, list[str]]], tmp_path: Path
) -> None:
    assert lines(list(early_closings(site_of(tmp_path, http(body), IDLE), margin))) == expected
    assert list(early_closings(site_of(tmp_path, http(body), EDGE), margin)) == []


def test_the_times_of_the_places_of_a_server(tmp_path: Path) -> None:
    body = (
        "keepalive_timeout 70s; server { listen 80; keepalive_timeout 71s;\n"
        "location /a { keepalive_timeout 72s; location /a/b { keepalive_timeout 73s; } }\n"
        "location /c { keepalive_requests 1; } location /d { keepalive_timeout $t; } LOCATION }"
    )

    def found(location: str) -> list[int]:
        site = site_of(tmp_path, http(body.replace("LOCATION", location)), EDGE)
        (way,) = ways(site)
        return [one.value // 1000 for one in timeouts(way, site.version)]

    assert found("") == [72, 73, 71]
    assert found("location / { }") == [72, 73, 71]
    assert found("location / { keepalive_timeout 74s; }") == [72, 73, 74]
    assert found("location = / { keepalive_timeout 74s; }") == [72, 73, 74, 71]
    assert found(f"location /e {{ keepalive_timeout 75s; }} {UNSEEN}") == [72, 73, 75, 71]
    assert found("location /a/ { location / { keepalive_timeout 74s; } }") == [72, 73, 71, 74]


def test_stream_keeps_nothing(tmp_path: Path) -> None:
    site = site_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }"), IDLE)
    (way,) = ways(site)
    assert list(timeouts(way, site.version)) == []
    assert list(early_closings(site, 99_000)) == []


def test_a_fragment_may_be_told_elsewhere(tmp_path: Path) -> None:
    site = site_of(tmp_path, "server { listen 80; server_name a; }\n", IDLE)
    (way,) = ways(site)
    (timeout,) = timeouts(way, site.version)
    assert timeout_line(timeout, way) is None
    assert list(early_closings(site, 99_000)) == []


SENDS, SENDS_NONE = f"{EDGE}proxy_protocol = true\n", f"{EDGE}proxy_protocol = false\n"


@pytest.mark.parametrize(
    ("body", "front", "expected"),
    [
        ("server { listen 80; server_name a; }", SENDS, [("listen 80", ["a"])]),
        ("server { listen 80; server_name a; }", SENDS_NONE, []),
        ("server { listen 80; server_name a; }", EDGE, []),
        ("server { listen 80 proxy_protocol; server_name a; }", SENDS, []),
        (
            "server { listen 80 proxy_protocol; server_name a; }",
            SENDS_NONE,
            [("listen 80 proxy_protocol", ["a"])],
        ),
        # the line that speaks of it, of any server there
        (
            "server { listen 80; server_name a; }\n"
            "server { listen 80 proxy_protocol; server_name b; }",
            SENDS_NONE,
            [("listen 80 proxy_protocol", ["a", "b"])],
        ),
        ("server { server_name a; }", SENDS, [("server", ["a"])]),
        # another port does
        ("server { listen 80; listen 81 proxy_protocol; server_name a; }", SENDS, []),
        (f"{UNSEEN} server {{ listen 80; server_name a; }}", SENDS, []),
    ],
)
def test_the_header(
    body: str, front: str, expected: list[tuple[str, list[str]]], tmp_path: Path
) -> None:
    assert lines(list(header_differences(site_of(tmp_path, http(body), front)))) == expected


def test_the_header_in_stream(tmp_path: Path) -> None:
    """What is not expected is passed on, perhaps to whom it is meant for."""
    text = stream("server { listen 1; proxy_pass a:1; }")
    assert list(header_differences(site_of(tmp_path, text, SENDS))) == []
    text = text.replace("listen 1", "listen 1 proxy_protocol")
    found = list(header_differences(site_of(tmp_path, text, SENDS_NONE)))
    assert lines(found) == [("listen 1 proxy_protocol", ["*:1"])]


ASKS = f'{EDGE}sni = "a.example"\n'
REJECTS = "server { listen 443 ssl default_server; ssl_reject_handshake on; }"


@pytest.mark.parametrize(
    ("body", "front", "expected"),
    [
        (f"{REJECTS} server {{ listen 443 ssl; server_name b; }}", ASKS, ["b"]),
        (f"{REJECTS} server {{ listen 443 ssl; server_name b; }}", EDGE, []),
        (f"{REJECTS} server {{ listen 443 ssl; server_name a.example; }}", ASKS, []),
        (f"{REJECTS} server {{ listen 443 ssl; server_name *.example; }}", ASKS, []),
        # in plaintext there is no handshake
        (
            "server { listen 443 default_server; ssl_reject_handshake on; }\n"
            "server { listen 443; server_name b; }",
            ASKS,
            [],
        ),
        # another socket of the server does
        (f"{REJECTS} server {{ listen 443 ssl; listen 444 ssl; server_name b; }}", ASKS, []),
        (f"{UNSEEN} {REJECTS} server {{ listen 443 ssl; server_name b; }}", ASKS, []),
    ],
)
def test_rejections(body: str, front: str, expected: list[str], tmp_path: Path) -> None:
    found = list(rejections(site_of(tmp_path, http(body), front, version=OLD)))
    if not expected:
        assert found == []
    else:
        assert lines(found) == [("ssl_reject_handshake on", expected)]
