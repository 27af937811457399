"""Addresses as the ``*_pass`` directives and ``server`` take them.

Source: ``ngx_parse_url()`` in ``src/core/ngx_inet.c``, and the modules' own treatment of schemes.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from functools import lru_cache

from msgspec import Struct

from lint502.patterns import regex

_SCHEME = regex(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_URI = regex(r"[/?]")
_LOOPBACK_NAMES = frozenset(("localhost", "ip6-localhost", "localhost.localdomain"))
_REMEMBERED = 1 << 13  # hops share addresses: each is read once, not once for each hop


class Address(Struct, frozen=True):
    """Where nginx connects: ``host`` (lower case; an IPv6 address without brackets) and ``port``,
    or ``socket``, a path (``/var/run`` counts as ``/run``).

    ``port`` is None only for the name of an ``upstream{}`` block. ``port_written`` is False where
    the port is nginx's default.
    """

    host: str = ""
    port: int | None = None
    socket: str | None = None
    port_written: bool = False

    def __str__(self) -> str:
        if self.socket is not None:
            return f"unix:{self.socket}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def ip(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The literal address; None for a name or a socket."""
        return literal_ip(self.host)

    @property
    def is_loopback(self) -> bool:
        """Whether it means nginx's own network namespace, by address or as ``localhost``."""
        return is_loopback(self.host)


@lru_cache(_REMEMBERED)
def literal_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is; None for a name."""
    if ":" not in host and not host[:1].isdecimal():
        return None  # as most hosts: that ipaddress says so takes long
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if ip.version == 6 else None  # ::ffff:127.0.0.1 connects by IPv4
    return ip if mapped is None else mapped


@lru_cache(_REMEMBERED)
def is_loopback(host: str) -> bool:
    """Whether a host is a loopback address or ``localhost``; ``0.0.0.0`` connects there too."""
    if host.lower().removesuffix(".") in _LOOPBACK_NAMES:
        return True
    ip = literal_ip(host)
    return ip is not None and (ip.is_loopback or ip.is_unspecified)


class Url(Struct, frozen=True):
    """The value of a ``*_pass``: ``scheme`` as written, in lower case ("" where there is none)."""

    scheme: str
    address: Address
    uri: str


@lru_cache(1 << 8)  # one value is asked for several times in a row
def split_scheme(value: str) -> tuple[str, str]:
    """``("https", "host:port/uri")``; the scheme is "" where there is none."""
    match = _SCHEME.match(value)
    if match is None:
        return "", value
    return match[1].lower(), value[match.end() :]


def end_of_authority(text: str) -> int:
    """Where the URI starts in an address without a scheme."""
    match = _URI.search(text)
    return len(text) if match is None else match.start()


def normal_socket(path: str) -> str:
    """The path of a socket, made comparable: one slash at a time, ``/var/run`` as ``/run``. One at
    the end stays: no file has such a path."""
    if path.startswith("/"):
        end = "/" if path.endswith("/") else ""
        path = (posixpath.normpath("/" + path.lstrip("/")) + end).replace("//", "/")
    if path == "/var/run" or path.startswith("/var/run/"):
        path = path[len("/var") :]
    return path


@lru_cache(_REMEMBERED)
def parse_address(text: str, default_port: int | None, *, uri: bool) -> tuple[Address, str]:
    """An address and the URI after it; ``uri`` tells whether this directive takes one.

    Raises ``ValueError`` for what nginx refuses.
    """
    if text[:5].lower() == "unix:":
        path = text[5:]
        rest = ""
        if uri:
            path, colon, rest = path.partition(":")
            if not colon:
                rest = ""
        if not path:
            raise ValueError("no path in the unix domain socket")
        return Address(socket=normal_socket(path)), rest
    end = end_of_authority(text)
    authority, rest = text[:end], text[end:]
    if rest and not uri:
        raise ValueError("invalid host")
    if authority.startswith("["):
        closing = authority.find("]")
        host, tail = authority[1:closing], authority[closing + 1 :]
        ip = literal_ip(host)
        if closing == -1 or (tail and not tail.startswith(":")) or ip is None or "%" in host:
            raise ValueError("invalid host")
        if ":" not in host:
            raise ValueError("invalid host")
        host = str(ip)
        port_text = tail[1:] if tail else None
    else:
        host, colon, tail = authority.partition(":")
        port_text = tail if colon else None
        host = host.lower()
    if not host:
        raise ValueError("no host")
    if port_text is None:
        return Address(host, default_port), rest
    if not re.fullmatch(r"0*\d{1,5}", port_text, re.ASCII) or not 1 <= int(port_text) <= 65535:
        raise ValueError("invalid port")
    return Address(host, int(port_text), port_written=True), rest
