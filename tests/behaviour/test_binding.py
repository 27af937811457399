"""Which addresses a process is reached at, by those that it is bound to."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lint502.behaviour.binding import covers, refused, refuses
from lint502.nginx.addresses import literal_ip
from tests.support.nginxes import needs_ipv6
from tests.support.pairs import pair_of
from tests.support.sites import http

HERE = ("127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1")


def reached(bound: str, host: str) -> bool:
    """Whether a connection to ``host`` gets to a process that is bound to ``bound``."""

    def family(address: str) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in address else socket.AF_INET

    with socket.socket(family(bound)) as server, socket.socket(family(host)) as client:
        server.bind((bound, 0))
        server.listen()
        return client.connect_ex((host, server.getsockname()[1])) == 0


@pytest.mark.parametrize("bound", HERE)
def test_as_the_kernel_has_it(bound: str) -> None:
    needs_ipv6()
    assert {host: covers(bound, host) for host in HERE} == {
        host: reached(bound, host) for host in HERE
    }


@pytest.mark.parametrize(
    ("bound", "host", "expected"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "127.0.0.1", False),
        ("10.0.0.1", "0.0.0.0", False),
        ("0.0.0.0", "10.0.0.1", True),
        ("::", "10.0.0.1", True),
        ("0.0.0.0", "fd00::1", False),
        ("fd00::1", "FD00::1", True),
        ("fd00::1", "fd00:0::1", True),
        ("localhost", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("localhost", "0.0.0.0", True),
        ("localhost", "::", True),
        ("localhost", "10.0.0.1", False),
        ("localhost", "127.0.0.2", False),
    ],
)
def test_other_addresses(bound: str, host: str, expected: bool) -> None:
    assert covers(bound, host) is expected


ADDRESSES = st.ip_addresses().map(str)


@given(ADDRESSES, ADDRESSES)
def test_addresses_of_any_kind(one: str, other: str) -> None:
    """A process is reached at its own address, at no other one, and everywhere of its family if it
    is bound to all of that; ``::`` is both."""
    both = [literal_ip(address) for address in (one, other)]
    if any(ip is None or ip.is_unspecified for ip in both):
        return
    assert covers(one, one)
    assert covers(one, other) is covers(other, one) is (both[0] == both[1])
    assert covers("::", one)
    assert covers("0.0.0.0", one) is (both[0] is not None and both[0].version == 4)


@pytest.mark.parametrize(
    ("target", "bind", "more", "expected"),
    [
        # an address
        ("127.0.0.1:1", '"127.0.0.1"', "", None),
        ("127.0.0.1:1", '"0.0.0.0"', "", None),
        ("127.0.0.1:1", '"::1"', "", True),
        ("[::1]:1", '"127.0.0.1"', "", True),
        ("[::1]:1", '"127.0.0.1", "::1"', "", None),
        ("10.0.0.1:1", '"127.0.0.1"', "", True),
        ("10.0.0.1:1", '"10.0.0.2", "10.0.0.1"', "", None),
        ("10.0.0.1:1", '"localhost"', "", True),
        # localhost may be either family
        ("localhost:1", '"127.0.0.1"', "", None),
        ("localhost:1", '"::1"', "", None),
        ("localhost:1", '"10.0.0.1"', "same_host = true", True),
        ("ip6-localhost:1", '"127.0.0.1"', "", True),
        ("ip6-localhost:1", '"::1"', "", None),
        # a name of another machine, as far as one knows
        ("up:1", '"127.0.0.1"', "", False),
        ("up:1", '"127.0.0.1", "::1", "localhost"', "", False),
        ("up:1", '"127.0.0.1"', "same_host = true", None),
        ("up:1", '"127.0.0.1"', "same_host = false", True),
        ("up:1", '"127.0.0.1", "10.0.0.1"', "", None),
        ("up:1", '"0.0.0.0"', "", None),
        # all, or what nobody knows
        ("10.0.0.1:1", '"*"', "", None),
        ("10.0.0.1:1", '"127.0.0.1", "*"', "", None),
        ("10.0.0.1:1", '"127.0.0.1", "app"', "", None),
        ("10.0.0.1:1", '"LOCALHOST"', "", True),
    ],
)
def test_whether_anything_is_there(
    target: str, bind: str, more: str, expected: bool | None, tmp_path: Path
) -> None:
    spec = (
        f"[upstream.up]\nport = 1\nhosts = ['127.0.0.1', '::1', '10.0.0.1', 'localhost', "
        f"'ip6-localhost']\nbind = [{bind}]\n{more}\n"
    )
    pair = pair_of(
        tmp_path, http(f"server {{ location / {{ proxy_pass http://{target}; }} }}"), spec
    )
    assert pair.listener is not None
    assert refused(pair) is expected


def test_nothing_is_said_of_what_is_not_declared(tmp_path: Path) -> None:
    text = http("server { location / { proxy_pass http://127.0.0.1:1; } }")
    for spec in ("", "[upstream.up]\nport = 1\n"):
        pair = pair_of(tmp_path, text, spec)
        assert (refused(pair), refuses(pair)) == (None, None)
    text = http("server { location / { proxy_pass http://unix:/run/up.sock; } }")
    spec = (
        "complete = true\n[upstream.up]\nport = 1\nsame_host = true\n"
        'protocol = "http"\nbind = ["::1"]\n'
    )
    pair = pair_of(tmp_path, text, spec)
    assert pair.meant is not None
    assert (refused(pair), refuses(pair)) == (None, None)


@pytest.mark.parametrize(
    ("passed", "bind", "expected"),
    [
        ("http://localhost:1", '"127.0.0.1"', "::1"),
        ("http://localhost:1", '"0.0.0.0"', "::1"),
        ("http://localhost:1", '"::1"', "127.0.0.1"),
        ("http://localhost:1", '"::"', None),
        ("http://localhost:1", '"127.0.0.1", "::1"', None),
        ("http://localhost:1", '"localhost"', None),
        ("http://localhost:1", '"10.0.0.1"', None),  # neither
        ("http://localhost:1", '"*"', None),
        ("http://localhost:1", '"127.0.0.1", "app"', None),
        ("http://127.0.0.1:1", '"::1"', None),  # it has only one
        ("http://ip6-localhost:1", '"127.0.0.1"', None),
        # nginx asks DNS, which knows its own of it
        ("http://$b:1", '"127.0.0.1"', None),
    ],
)
def test_one_of_the_families_of_localhost(
    passed: str, bind: str, expected: str | None, tmp_path: Path
) -> None:
    body = f"server {{ resolver ::1; location / {{ set $b localhost; proxy_pass {passed}; }} }}"
    spec = f"[upstream.up]\nport = 1\nsame_host = true\nbind = [{bind}]\n"
    assert refuses(pair_of(tmp_path, http(body), spec)) == expected


def test_a_name_that_is_resolved_again(tmp_path: Path) -> None:
    body = (
        "upstream u { zone u 64k; server localhost:1 resolve; }\n"
        "server { location / { proxy_pass http://u; } }"
    )
    spec = '[upstream.up]\nport = 1\nsame_host = true\nbind = ["127.0.0.1"]\n'
    assert refuses(pair_of(tmp_path, http(body), spec)) is None
    assert refuses(pair_of(tmp_path, http(body.replace(" resolve", "")), spec)) == "::1"
