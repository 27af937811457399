"""Addresses, by the table of nginx's own parser."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lint502.nginx.addresses import (
    Address,
    is_loopback,
    literal_ip,
    normal_socket,
    parse_address,
    split_scheme,
)
from tests.support.real_nginx import HTTP, MAIN, check_all

HTTP_PORT = 80


@pytest.mark.parametrize(
    ("text", "address", "uri"),
    [
        ("h", Address("h", 80), ""),
        ("h:8080", Address("h", 8080, port_written=True), ""),
        ("H.Example:1", Address("h.example", 1, port_written=True), ""),
        ("h:65535/a:b", Address("h", 65535, port_written=True), "/a:b"),
        ("h/", Address("h", 80), "/"),
        ("h?z=1", Address("h", 80), "?z=1"),
        ("h?z=1:2/x", Address("h", 80), "?z=1:2/x"),
        ("h/x:9", Address("h", 80), "/x:9"),
        ("10.0.0.1:0080", Address("10.0.0.1", 80, port_written=True), ""),
        ("10.0.0.1:0000000080", Address("10.0.0.1", 80, port_written=True), ""),
        ("[::1]", Address("::1", 80), ""),
        ("[::1]:81/x", Address("::1", 81, port_written=True), "/x"),
        ("[0:0::0:1]:81", Address("::1", 81, port_written=True), ""),
        ("[FE80::A]", Address("fe80::a", 80), ""),
        ("[::ffff:127.0.0.1]:81", Address("127.0.0.1", 81, port_written=True), ""),
        ("unix:/run/a.sock", Address(socket="/run/a.sock"), ""),
        ("unix:/run/a.sock:", Address(socket="/run/a.sock"), ""),
        ("unix:/run/a.sock:/uri:x", Address(socket="/run/a.sock"), "/uri:x"),
        # what looks like a URI is part of the path without the colon
        ("unix:/run/a.sock/uri", Address(socket="/run/a.sock/uri"), ""),
        ("UNIX:/run/a.sock", Address(socket="/run/a.sock"), ""),
        ("unix:/var/run/a.sock//", Address(socket="/run/a.sock/"), ""),
        ("unix:/var/run//a.sock", Address(socket="/run/a.sock"), ""),
        ("unix:relative.sock", Address(socket="relative.sock"), ""),
    ],
)
def test_what_proxy_pass_takes(text: str, address: Address, uri: str) -> None:
    assert parse_address(text, HTTP_PORT, uri=True) == (address, uri)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("h:9000", Address("h", 9000, port_written=True)),
        ("h", Address("h")),
        # the other directives have no URI: the colon belongs to the name of the file
        ("unix:/run/a.sock:", Address(socket="/run/a.sock:")),
        ("unix:/run/a.sock:/x", Address(socket="/run/a.sock:/x")),
    ],
)
def test_what_the_others_take(text: str, address: Address) -> None:
    assert parse_address(text, None, uri=False) == (address, "")


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("h:0", True),
        ("h:65536", True),
        ("h:70000", True),
        ("h:", True),
        ("h:x", True),
        ("h:80x", True),
        ("h:8080:1", True),
        ("h:+80", True),
        ("h:٣", True),
        ("", True),
        (":80", True),
        ("/x", True),
        ("unix:", True),
        ("unix::/x", True),
        ("[::1", True),
        ("[::1]x", True),
        ("[h]:80", True),
        ("[127.0.0.1]:80", True),
        ("[fe80::1%eth0]:80", True),
        ("[]", True),
        ("h/", False),
        ("h:80/", False),
        ("h?x", False),
    ],
)
def test_what_nginx_refuses(text: str, uri: bool) -> None:
    with pytest.raises(ValueError):
        parse_address(text, HTTP_PORT, uri=uri)


@pytest.mark.parametrize(
    ("value", "scheme", "rest"),
    [
        ("http://h", "http", "h"),
        ("HTTPS://h/x", "https", "h/x"),
        ("h:80", "", "h:80"),
        ("grpcs://h:1", "grpcs", "h:1"),
        ("http:/h", "", "http:/h"),
        ("//h", "", "//h"),
        ("1http://h", "", "1http://h"),
        ("h/x://y", "", "h/x://y"),
    ],
)
def test_schemes(value: str, scheme: str, rest: str) -> None:
    assert split_scheme(value) == (scheme, rest)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("::", True),
        ("128.0.0.1", False),
        ("10.0.0.1", False),
        ("LocalHost", True),
        ("localhost.", True),
        ("localhost..", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    assert Address(host, 1).is_loopback is loopback


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/var/run/a.sock", "/run/a.sock"),
        ("/var/run", "/run"),
        ("/var/runner/a.sock", "/var/runner/a.sock"),
        ("//run///a.sock", "/run/a.sock"),
        ("/run/a.sock", "/run/a.sock"),
    ],
)
def test_sockets(path: str, normal: str) -> None:
    assert normal_socket(path) == normal


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address("h", 80), "h:80"),
        (Address("::1", 80), "[::1]:80"),
        (Address("::1"), "[::1]"),
        (Address(socket="/run/a"), "unix:/run/a"),
    ],
)
def test_an_address_is_shown_as_nginx_writes_it(address: Address, text: str) -> None:
    assert str(address) == text


def test_literal_addresses() -> None:
    assert literal_ip("10.0.0.1") == ipaddress.ip_address("10.0.0.1")
    assert literal_ip("api") is None
    assert Address(socket="/run/a").ip is None


@given(st.ip_addresses(), st.integers(1, 65535))
def test_any_literal_address_survives_a_round_trip(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    address = Address(str(ip), port, port_written=True)
    mapped = isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped
    if "%" not in str(ip) and not mapped:
        assert parse_address(str(address), None, uri=True) == (address, "")


@given(st.text(max_size=40))
@example("[")
@example("unix:\x00")
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for uri in (True, False):
        try:
            address, _ = parse_address(text, None, uri=uri)
        except ValueError:
            continue
        assert (address.socket is None) == bool(address.host)
        assert address.port is None or 1 <= address.port <= 65535


WRITTEN = [
    "10.0.0.1",
    "10.0.0.1:80",
    "10.0.0.1:0080",
    "10.0.0.1:000000080",
    "10.0.0.1:0",
    "10.0.0.1:65535",
    "10.0.0.1:65536",
    "10.0.0.1:",
    "10.0.0.1:80x",
    "10.0.0.1:80:80",
    "10.0.0.1/x",
    "10.0.0.1?x",
    "10.0.0.1:80/x:y",
    "[::1]",
    "[::1]:80",
    "[::1]x",
    "[::1",
    "[10.0.0.1]:80",
    "[fe80::1%lo]:80",
    "[::1]:80/x",
    "unix:",
    "unix:/run/a",
    "unix:/run/a:",
    "unix:/run/a:/x",
    "unix::/x",
    "UNIX:/run/a",
    ":80",
    "/x",
]


@pytest.mark.parametrize("directive", ["proxy_pass", "fastcgi_pass"])
@pytest.mark.slow
def test_nginx_takes_and_refuses_the_same(directive: str) -> None:
    takes_uri = directive == "proxy_pass"
    scheme = "http://" if takes_uri else ""
    values = [value for value in WRITTEN if takes_uri or ":" in value]
    location = f"location / {{ {directive} {scheme}%s; }}"
    verdicts = check_all(
        [f"{MAIN}http {{ {HTTP} server {{ {location % value} }} }}".encode() for value in values]
    )

    def taken(value: str) -> bool:
        try:
            address, _ = parse_address(value, 80 if takes_uri else None, uri=takes_uri)
        except ValueError:
            return False
        return address.socket is not None or address.port is not None

    assert {value: taken(value) for value in values} == {
        value: verdict.accepted for value, verdict in zip(values, verdicts, strict=True)
    }
