from __future__ import annotations

import socket

import pytest

from lint502.nginx.addresses import Address
from lint502.probing import networks
from lint502.probing.networks import Resolved, UnresolvedError, resolve, strays


@pytest.mark.parametrize(
    ("host", "ip"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "::1"),
        ("0.0.0.0", "0.0.0.0"),
        ("api", "10.1.2.3"),
        ("api", "172.31.0.9"),
        ("api", "192.168.1.1"),
        ("api", "169.254.1.1"),
        ("api", "100.64.0.1"),
        ("api", "fd00::1"),
        ("api", "fe80::1%eth0"),
        ("api", "::ffff:10.0.0.1"),
        ("", ""),
    ],
)
def test_where_it_may_ask(host: str, ip: str) -> None:
    assert strays(Address(host, 80), ip) is None


@pytest.mark.parametrize(
    ("host", "ip"),
    [
        ("api", "8.8.8.8"),
        ("8.8.8.8", "8.8.8.8"),
        ("api", "172.32.0.1"),
        ("api", "2001:4860:4860::8888"),
        ("api", "::ffff:8.8.8.8"),
        ("localhost", "10.0.0.1"),
        ("api", "224.0.0.1"),
        ("api", "nonsense"),
    ],
)
def test_where_it_asks_only_if_told_to(host: str, ip: str) -> None:
    assert strays(Address(host, 80), ip)


def test_names_are_looked_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = socket.socketpair()

    def slow(*_: object, **__: object) -> list[object]:
        stopped[0].settimeout(5)
        stopped[0].recv(1)
        return []

    monkeypatch.setattr(networks.socket, "getaddrinfo", slow)
    with pytest.raises(UnresolvedError, match="no answer in time"):
        resolve(Address("api", 80), 0.05)
    for one in reversed(stopped):
        one.close()


def test_an_address_and_a_socket_are_as_they_are() -> None:
    (found,) = resolve(Address("127.0.0.1", 80), 1)
    assert found == Resolved(socket.AF_INET, ("127.0.0.1", 80), "127.0.0.1")
    (found,) = resolve(Address(socket="/run/a.sock"), 1)
    assert found == Resolved(socket.AF_UNIX, "/run/a.sock", "")


def test_a_name_that_is_nobodys() -> None:
    with pytest.raises(UnresolvedError):
        resolve(Address("no such name", 80), 2)
