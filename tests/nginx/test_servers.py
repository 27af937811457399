from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.addresses import parse_address
from lint502.nginx.servers import ListeningSocket, Servers, find_servers
from tests.support.sites import http, load, stream

NAMES = """
    server { listen 80; server_name first.example; }
    server { listen 80; server_name .shop.example; }
    server { listen 80; server_name *.eu.shop.example; }
    server { listen 80; server_name www.*; }
    server { listen 80; server_name ~^(?<team>[a-z]+)\\.dev$; }
    server { listen 80 default_server; server_name _; }
"""


def servers_of(folder: Path, text: str) -> Servers:
    (found,) = find_servers(load(folder, {"nginx.conf": text}))
    return found


def at(servers: Servers, address: str) -> ListeningSocket | None:
    return servers.at(parse_address(address, 80, uri=False)[0])


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("first.example", "first.example"),
        ("FIRST.example.", "first.example"),
        ("shop.example", ".shop.example"),
        ("www.shop.example", ".shop.example"),
        ("de.eu.shop.example", "*.eu.shop.example"),
        ("www.else.example", "www.*"),
        ("red.dev", "~^(?<team>[a-z]+)\\.dev$"),
        ("red1.dev", "_"),
        ("else.example", "_"),
    ],
)
def test_a_name_finds_its_server(tmp_path: Path, host: str, name: str) -> None:
    (socket,) = servers_of(tmp_path, http(NAMES)).sockets
    found = socket.server_for(host)
    assert found is not None
    assert found.names == (name,)


def test_a_regex_that_may_be_read_otherwise_leaves_it_open(tmp_path: Path) -> None:
    text = "server { server_name a.example ~^(x+)+$; } server { server_name b.example; }"
    (socket,) = servers_of(tmp_path, http(text)).sockets
    assert (socket.server_for("c.example"), socket.named("c.example")) == (None, None)
    assert socket.server_for("b.example") is socket.servers[1]


def test_the_parameters_of_a_socket_are_those_of_all_its_lines(tmp_path: Path) -> None:
    found = servers_of(
        tmp_path,
        http(
            "server { listen 443 ssl; listen 80; } server { listen *:443 proxy_protocol; }"
            "server { listen 0.0.0.0:443 default_server; listen unix:/var/run/n.sock; }"
        ),
    )
    tls, plain, path = found.sockets
    assert (tls.tls, tls.proxy_protocol, tls.default) == (True, True, found.servers[2])
    assert (plain.tls, plain.proxy_protocol, plain.default) == (False, False, found.servers[0])
    assert at(found, "unix:/run/n.sock") is path
    assert [found.servers[2] in socket.servers for socket in found.sockets] == [True, False, True]


def test_the_nearest_socket_takes_a_connection(tmp_path: Path) -> None:
    text = """
    server { listen 80; }
    server { listen 10.0.0.1:80; }
    server { listen [::]:81 ipv6only=off; }
    server { listen 82-85; }
    server { listen 86 udp; }
    """
    found = servers_of(tmp_path, stream(text))
    anywhere, one, dual, ports, _ = found.sockets
    reached = {
        "10.0.0.1:80": one, "10.0.0.2:80": anywhere, "[::1]:80": None, "localhost:80": anywhere,
        "10.0.0.1:81": dual, "[::1]:81": dual, "127.0.0.1:84": ports, "127.0.0.1:86": None,
    }  # fmt: skip
    assert {address: at(found, address) for address in reached} == reached


def test_a_server_listens_on_port_80_by_itself(tmp_path: Path) -> None:
    found = servers_of(tmp_path, http("server { }"))
    assert [str(listen) for listen in found.servers[0].listens] == ["*:80"]
    assert found.known


def test_what_was_not_seen_is_told(tmp_path: Path) -> None:
    tree = load(tmp_path, {"nginx.conf": http("server { include missing.conf; }")})
    (found,) = find_servers(tree)
    assert (found.known, found.servers[0].listens) == (False, ())


def test_of_ranges_of_ports_the_first_counts(tmp_path: Path) -> None:
    listens = ("127.0.0.1:100-109", "127.0.0.1:105-120", "127.0.0.1:103-104", "*:90-125")
    body = " ".join(f"server {{ listen {listen}; }}" for listen in listens)
    servers = servers_of(tmp_path, http(body))
    found = {port: at(servers, f"127.0.0.1:{port}") for port in (89, 90, 100, 104, 105, 110, 121)}
    named = {port: socket and str(socket.listens[0]) for port, socket in found.items()}
    assert named == {
        89: None,
        90: "*:90-125",
        100: "127.0.0.1:100-109",
        104: "127.0.0.1:100-109",
        105: "127.0.0.1:100-109",
        110: "127.0.0.1:105-120",
        121: "*:90-125",
    }
