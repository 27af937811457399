"""Connections of two kinds in one pool."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.keepalive import users
from lint502.behaviour.shared_pools import Clash, Dialect, clashes
from tests.support.pairs import UNSEEN, site_of
from tests.support.sites import NEW, http

KINDS = {
    "http": "proxy_pass http://b;",
    "https": "proxy_pass https://b;",
    "1.0": "proxy_http_version 1.0; proxy_pass http://b;",
    "h2": "proxy_http_version 2; proxy_pass http://b;",
    "h2s": "proxy_http_version 2; proxy_pass https://b;",
    "grpc": "grpc_pass b;",
    "grpcs": "grpc_pass grpcs://b;",
    "fastcgi": "fastcgi_keep_conn on; fastcgi_pass b;",
    "fastcgi-closing": "fastcgi_pass b;",
    "memcached": "memcached_pass b;",
    "uwsgi": "uwsgi_pass b;",
    "closing": "proxy_set_header Connection close; proxy_pass http://b;",
    "unseen": f"{UNSEEN} proxy_pass http://b;",
    "unknown": "proxy_pass $arg_scheme://b;",
}


def found(
    folder: Path, kinds: tuple[str, ...], facts: str | None = None, servers: str = "server h:1;"
) -> list[Clash]:
    """What clashes in a block that the passes of these kinds share, a location each."""
    locations = "\n".join(
        f"location /{number} {{ {KINDS[kind]} }}" for number, kind in enumerate(kinds)
    )
    text = http(f"upstream b {{ {servers} keepalive 4; }} server {{ {locations} }}")
    spec = "" if facts is None else f"[upstream.h]\nport = 1\n{facts}\n"
    site = site_of(folder, text, spec, version=NEW)
    ((block, hops),) = users(site).items()
    return list(clashes(site, block, hops))


def ways(clash: Clash) -> tuple[str, str]:
    return clash.way.words, clash.other_way.words


H1, H1S, H2, H2S = "HTTP/1", "HTTP/1 with TLS", "HTTP/2", "HTTP/2 with TLS"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        # alike
        (("http", "http"), []),
        (("http", "1.0"), []),
        (("h2", "h2"), []),
        (("http",), []),
        # TLS or not is said once, of the hop with TLS
        (("http", "https"), [(H1S, H1)]),
        (("https", "http"), [(H1S, H1)]),
        (("h2", "h2s"), [(H2S, H2)]),
        (("http", "grpcs"), [("gRPC with TLS", H1)]),
        # two protocols, of which a server takes one
        (("http", "fastcgi"), [(H1, "FastCGI"), ("FastCGI", H1)]),
        (("fastcgi", "memcached"), [("FastCGI", "memcached"), ("memcached", "FastCGI")]),
        # what only opens connections leaves none
        (("http", "fastcgi-closing"), [("FastCGI", H1)]),
        (("closing", "fastcgi"), [(H1, "FastCGI")]),
        (("1.0", "grpc"), [(H1, "gRPC")]),
        # versions of HTTP: one way of it fails, the other may be sent again
        (("http", "grpc"), [(H1, "gRPC"), ("gRPC", H1)]),
        (("http", "h2"), [(H1, H2), (H2, H1)]),
        (("h2", "grpc"), [(H2, "gRPC"), ("gRPC", H2)]),
        # not known, or none
        (("unseen", "grpc"), []),
        (("unknown", "http"), []),
        (("uwsgi", "http"), []),
    ],
)
def test_who_gets_whose_connections(
    kinds: tuple[str, ...], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert [ways(clash) for clash in found(tmp_path, kinds)] == expected


def test_one_for_each_location(tmp_path: Path) -> None:
    clash = found(tmp_path, ("http", "http", "fastcgi-closing", "fastcgi-closing"))
    assert [ways(one) for one in clash] == [("FastCGI", H1)] * 2
    assert [one.pair.hop.location for one in clash] == ["/2", "/3"]
    assert {one.other.hop.location for one in clash} == {"/0"}  # the first of those that leave some


def test_each_server_has_its_own(tmp_path: Path) -> None:
    clash = found(tmp_path, ("http", "fastcgi-closing"), servers="server h:1; server h:2;")
    assert [str(one.pair.target.address) for one in clash] == ["h:1", "h:2"]
    assert [str(one.other.target.address) for one in clash] == ["h:1", "h:2"]


BOTH = 'protocol = "http"\ntls = false\nhttp_versions = ["1.1", "2"]'


@pytest.mark.parametrize(
    ("kinds", "facts", "expected"),
    [
        # known to take both
        (("http", "grpc"), BOTH, [(H1, "gRPC", True), ("gRPC", H1, True)]),
        (("http", "h2"), BOTH, [(H1, H2, True), (H2, H1, True)]),
        (
            ("h2", "grpc"),
            'protocol = "grpc"\ntls = false',
            [(H2, "gRPC", True), ("gRPC", H2, True)],
        ),
        # perhaps
        (("http", "grpc"), "", [(H1, "gRPC", False), ("gRPC", H1, False)]),
        (("http", "h2"), 'protocol = "http"\ntls = false', [(H1, H2, False), (H2, H1, False)]),
        # one of them it does not take: other rules say so
        (("http", "grpc"), 'protocol = "http"\ntls = false', []),
        (("http", "grpc"), 'protocol = "grpc"\ntls = false', []),
        (("http", "https"), "tls = true", []),
        (("http", "https"), "tls = false", []),
        (("http", "h2"), 'protocol = "http"\nhttp_versions = ["1.1"]', []),
        (("http", "h2"), 'protocol = "http"\nhttp_versions = ["2"]', []),
        (("http", "fastcgi"), 'protocol = "http"', []),
        (("http", "fastcgi"), 'protocol = "fastcgi"', []),
        (("h2", "fastcgi"), 'protocol = "fastcgi"', []),
        (("grpc", "fastcgi"), 'protocol = "fastcgi"', []),
        (("fastcgi", "memcached"), 'protocol = "memcached"', []),
    ],
)
def test_what_the_server_takes(
    kinds: tuple[str, ...], facts: str, expected: list[tuple[str, str, bool]], tmp_path: Path
) -> None:
    seen = [(*ways(clash), clash.certain) for clash in found(tmp_path, kinds, facts)]
    assert seen == expected


def test_only_the_servers_of_the_block(tmp_path: Path) -> None:
    text = http(
        "upstream b { server h:1; keepalive 4; } upstream c { server h:2; keepalive 4; }\n"
        "map $uri $w { default b; /c c; }\nserver { location /1 { proxy_pass http://$w; }\n"
        "location /2 { grpc_pass $w; } }"
    )
    site = site_of(tmp_path, text, version=NEW)
    for block, hops in users(site).items():
        there = {str(one.pair.target.address) for one in clashes(site, block, hops)}
        assert there == {"h:1" if block.name == "b" else "h:2"}


def test_a_wrong_address_is_for_another_rule(tmp_path: Path) -> None:
    facts = "complete = true\n"
    text = http(
        "upstream b { server h:2; keepalive 4; } server {\n"
        "location /1 { proxy_pass http://b; } location /2 { fastcgi_pass b; } }"
    )
    site = site_of(tmp_path, text, f"{facts}[upstream.h]\nport = 1\n", version=NEW)
    ((block, hops),) = users(site).items()
    assert list(clashes(site, block, hops)) == []


@pytest.mark.parametrize(
    ("kinds", "log", "exclusive", "clause"),
    [
        (("http", "https"), "SSL_do_handshake() failed", True, "a server takes one of the two"),
        (("http", "fastcgi-closing"), "upstream prematurely closed", True,
         "a server takes one of the two"),
        (("closing", "fastcgi"), "upstream prematurely closed", True,
         "a server takes one of the two"),
        (("http", "grpc"), "upstream prematurely closed", False, "answers 502, or the client gets"),
    ],
)  # fmt: skip
def test_what_comes_of_it(
    kinds: tuple[str, ...], log: str, exclusive: bool, clause: str, tmp_path: Path
) -> None:
    clash = found(tmp_path, kinds)[0]
    assert clash.log.startswith(log)
    assert clash.exclusive is exclusive
    assert clash.clause.startswith(clause)
    assert not clash.certain


def test_what_is_sent_again_does_no_harm(tmp_path: Path) -> None:
    """A request of HTTP/2 finds no data of its own on the connection, and nginx takes another."""
    said = [clash.clause for clash in found(tmp_path, ("http", "grpc")) if clash.way.spoken != H1]
    assert said == [
        "answers 502 (every call, for a gRPC call is a POST, which nginx does not send again)"
    ]


def test_words() -> None:
    assert Dialect("HTTP/2", tls=True).words == "HTTP/2 with TLS"
    assert Dialect("gRPC", tls=False).words == "gRPC"
