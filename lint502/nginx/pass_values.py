"""What a ``*_pass`` takes as its argument: a scheme, an address and a URI.

Sources: the modules' own functions, as ``ngx_http_proxy_pass()``, and ``ngx_parse_url()``.
"""

from __future__ import annotations

from typing import Literal

from lint502.nginx.addresses import Url, end_of_authority, parse_address, split_scheme

Kind = Literal["proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "stream"]

PROTOCOLS: dict[Kind, str] = {
    "proxy": "http",
    "fastcgi": "fastcgi",
    "uwsgi": "uwsgi",
    "scgi": "scgi",
    "grpc": "grpc",
    "memcached": "memcached",
    "stream": "tcp",
}
"""What is spoken to the targets of each kind of pass."""

SCHEMES: dict[Kind, dict[str, bool]] = {
    "proxy": {"http": False, "https": True},
    "grpc": {"": False, "grpc": False, "grpcs": True},
    "uwsgi": {"": False, "uwsgi": False, "suwsgi": True},
}
"""The schemes that a directive takes, and whether each means TLS; the others take none."""


def parse_pass(kind: Kind, value: str) -> Url:
    """The value of a pass, without variables.

    Raises ``ValueError`` for what nginx refuses, in its words: "invalid port".
    """
    rest = without_scheme(kind, value)
    if kind == "proxy" and rest == value:
        raise ValueError("invalid URL prefix")
    scheme = split_scheme(value)[0] if rest != value else ""
    port = {"http": 80, "https": 443}.get(scheme) if kind == "proxy" else None
    address, uri = parse_address(rest, port, uri=kind == "proxy")
    return Url(scheme, address, uri)


def without_scheme(kind: Kind, value: str) -> str:
    """The value of a pass without the scheme that its directive takes, if it has one."""
    scheme, rest = split_scheme(value)
    return rest if scheme in SCHEMES.get(kind, ()) else value


def authority(value: str) -> str:
    """The scheme and the host of a value, up to where a URI starts."""
    _, rest = split_scheme(value)
    scheme = value[: len(value) - len(rest)]
    if rest[:5].lower() == "unix:":
        end = rest.find(":", 5)
        return value if end == -1 else scheme + rest[: end + 1]
    return scheme + rest[: end_of_authority(rest)]
