"""Which server, location and hop takes a request, compared with what a real nginx does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lint502.nginx.addresses import Address
from lint502.nginx.hops import find_hops
from lint502.nginx.routing import Routing
from lint502.nginx.servers import ListeningSocket, find_servers
from lint502.nginx.version import NEWEST
from tests.support.real_nginx import get, running
from tests.support.sites import http, load, stream

SERVERS = r"""
server {
    listen SOCKET;
    server_name a.test www.*;
    location / { TAG a-root }
    location /app/ { TAG a-app location /app/admin/ { TAG a-admin } }
    location = /app/exact { TAG a-exact }
    location ~ \.php$ { TAG a-php }
}
server {
    listen SOCKET default_server;
    server_name b.test *.b.test;
    location ^~ /static/ { TAG b-static }
    location ~* ^/(static|img)/ { TAG b-images }
    location / { TAG b-root }
}
server {
    listen SOCKET;
    server_name .deep.b.test ~^v\d+\.test$;
    location / { TAG c-root }
}
"""
REQUESTS = [
    ("a.test", "/"),
    ("a.test", "/app/x"),
    ("a.test", "/app/exact"),
    ("a.test", "/app/exactly"),
    ("a.test", "/app/admin/x"),
    ("a.test", "/app/admin/x.php"),
    ("www.anything", "/x.php"),
    ("WWW.Anything", "/x.PHP"),
    ("b.test", "/static/a.gif"),
    ("b.test", "/img/a.gif"),
    ("x.b.test", "/IMG/"),
    ("nobody.test", "/"),
    ("deep.b.test", "/"),
    ("x.deep.b.test", "/"),
    ("v12.test", "/"),
    ("v.test", "/"),
]


def routing_of(folder: Path, text: str) -> tuple[Routing, ListeningSocket]:
    tree = load(folder, {"nginx.conf": text})
    (servers,) = find_servers(tree)
    found, _ = find_hops(tree, NEWEST, {})
    return Routing(servers, found), servers.sockets[0]


@pytest.mark.slow
def test_as_nginx_does(tmp_path: Path) -> None:
    answering = re.sub(r"TAG ([\w-]+)", r"return 200 \1;", SERVERS)
    passing = re.sub(r"TAG ([\w-]+)", r"proxy_pass http://127.0.0.1:1/\1;", SERVERS)
    routing, socket = routing_of(tmp_path, http(passing.replace("SOCKET", "unix:/run/s")))
    with running(answering.replace("SOCKET", "unix:SOCKET").encode()) as path:
        answered = [get(path, uri, host).decode() for host, uri in REQUESTS]
    handlers = [routing.handler(socket, host, uri) for host, uri in REQUESTS]
    found = [handler and handler.hop and handler.hop.value for handler in handlers]
    assert found == [f"http://127.0.0.1:1/{tag}" for tag in answered]
    assert len(set(answered)) == 9  # each location but those of another letter case's expression


def test_a_host_and_a_uri_lead_back_to_the_hop_that_they_are_for(tmp_path: Path) -> None:
    passing = re.sub(r"TAG ([\w-]+)", r"proxy_pass http://127.0.0.1:1/\1;", SERVERS)
    routing, socket = routing_of(tmp_path, http(passing.replace("SOCKET", "unix:/run/s")))
    found = {}
    for hop in routing.hops:
        host, uri = routing.host_for(routing.server_of(hop)), routing.uri_for(hop)
        if host is not None and uri is not None:
            handler = routing.handler(socket, host, uri)
            assert handler is not None
            assert handler.hop is hop
        found[hop.value.rpartition("/")[2]] = (host, uri)
    assert found == {
        "a-root": ("a.test", "/"),
        "a-app": ("a.test", "/app/"),
        "a-admin": ("a.test", "/app/admin/"),
        "a-exact": ("a.test", "/app/exact"),
        "a-php": ("a.test", None),  # of no expression a URI is made up
        "b-static": ("b.test", "/static/"),
        "b-images": ("b.test", None),
        "b-root": ("b.test", "/"),
        "c-root": ("deep.b.test", "/"),
    }


@pytest.mark.parametrize(
    ("body", "uri"),
    [
        ("location / { if ($x) { proxy_pass http://127.0.0.1:1; } }", "/"),
        ("location / { limit_except GET { proxy_pass http://127.0.0.1:1; } }", "/"),
        ("location /a/ { proxy_pass http://127.0.0.1:1; }", "/b"),
    ],
)
def test_what_the_uri_alone_does_not_lead_to_is_no_hop(tmp_path: Path, body: str, uri: str) -> None:
    routing, socket = routing_of(tmp_path, http(f"server {{ listen 81; {body} }}"))
    handler = routing.handler(socket, "x", uri)
    assert handler is not None
    assert handler.hop is None


def test_what_cannot_be_decided(tmp_path: Path) -> None:
    text = "server { server_name ~(?i:x)+y; location /a/ { proxy_pass http://127.0.0.1:1; } }"
    routing, socket = routing_of(tmp_path, http(text))
    assert routing.handler(socket, "x", "/a/") is None  # an expression that may mean anything
    (server,) = routing.servers.servers
    assert routing.handler_in(server, "/a") is None  # nginx redirects to /a/
    assert routing.host_for(server) is None


def test_streams(tmp_path: Path) -> None:
    text = stream(
        "server { listen 81; proxy_pass 127.0.0.1:1; }"
        "server { listen 82 ssl; server_name a; proxy_pass 127.0.0.1:2; }"
        "server { listen 82 ssl; server_name b; proxy_pass 127.0.0.1:3; }"
    )
    routing, socket = routing_of(tmp_path, text)
    handler = routing.stream_handler(socket)
    assert handler is not None
    assert handler.hop is not None
    assert handler.hop.value == "127.0.0.1:1"
    shared = routing.servers.at(Address("127.0.0.1", 82))
    assert shared is not None
    assert routing.stream_handler(shared) is None  # the name of the handshake decides
