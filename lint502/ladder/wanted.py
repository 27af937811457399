"""The request that is asked about: a URL, a method and headers, as a client would send them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from msgspec import Struct

from lint502.behaviour.rewriting import Asked
from lint502.nginx.addresses import literal_ip
from lint502.nginx.requested_uris import RequestLine, Uri
from lint502.patterns import regex

_URL = regex(r"(https?|tcp|udp)://([^/?#]*)([^#]*)(?:#.*)?", 0)
_HOST = regex(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]@/\\]+)(?::(\d{1,5}))?")
_METHOD = regex(r"[A-Z][A-Z_-]{0,31}")
_NAME = regex(r"[A-Za-z0-9_-]{1,100}")
_LONGEST = 32_768
_MOST_HEADERS = 100


class Wanted(Struct, frozen=True):
    """``url`` is without a user and password; ``host`` is without its port and in lower case,
    ``authority`` as the client sends it; ``target`` is what stands in the request line. ``headers``
    are as they are given."""

    url: str
    scheme: str
    host: str
    authority: str
    port: int
    target: str
    method: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, url: str, method: str, headers: Sequence[str]) -> Wanted:
        """Read what is asked for; raises :class:`WantedError`."""
        if len(url) > _LONGEST or not url.isprintable() or " " in url:
            raise WantedError(
                "URL", "it has a blank or a character that no URL has, or is too long"
            )
        match = _URL.fullmatch(url)
        if match is None:
            begins = "a URL begins with http://, https://, tcp:// or udp:// and a host"
            raise WantedError("URL", begins)
        authority = match[2].rpartition("@")[2]
        host = _HOST.fullmatch(authority)
        port = int(host[2]) if host is not None and host[2] else _PORTS.get(match[1], 0)
        if host is None or not 0 < port < 65536:
            raise WantedError("URL", "it names no host, or no port from 1 to 65535")
        rest = match[3] if match[3].startswith("/") else f"/{match[3]}"
        if _METHOD.fullmatch(method.upper()) is None:
            raise WantedError("--method", "a method is a word such as GET or POST")
        return cls(
            url[: match.start(2)] + authority + url[match.end(2) :],
            match[1],
            _ascii(host[1]).removesuffix("."),
            authority,
            port,
            quote(rest, safe="".join(map(chr, range(33, 127)))),
            method.upper(),
            _headers(headers),
        )

    @property
    def stream(self) -> bool:
        """Whether it is a connection, or datagrams, for ``stream {}``."""
        return self.scheme in ("tcp", "udp")

    def asked(self) -> Asked:
        """What the ways in a server may depend on. Nothing is sent but what is given."""
        given = [("host", self.authority), *self.headers]
        known = tuple((name.lower().replace("-", "_"), value) for name, value in given)
        return Asked(self.host, self.target, known, self.scheme)

    def uri(self, *, merge_slashes: bool) -> Uri | None:
        """The path as nginx reads it; None for what it answers 400 to."""
        line = RequestLine.read(f"{self.method} {self.target} HTTP/1.1")
        return None if line is None else line.uri(merge_slashes=merge_slashes)

    @property
    def is_address(self) -> bool:
        """Whether it names an address of the machine rather than a server."""
        return self.host == "localhost" or literal_ip(self.host.strip("[]")) is not None


class WantedError(ValueError):
    """What is asked for makes no request; ``argument`` is what is wrong."""

    def __init__(self, argument: str, message: str) -> None:
        super().__init__(message)
        self.argument = argument


_PORTS = {"http": 80, "https": 443}


def _ascii(host: str) -> str:
    """A host as it is sent: names of other scripts in Punycode."""
    try:
        return host.lower() if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise WantedError("URL", "its host is no name") from None


def _headers(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or _NAME.fullmatch(name) is None or not value.isprintable():
            raise WantedError("--header", "a header is written NAME:VALUE")
        if name.lower() == "host":
            raise WantedError("--header", "Host is that of the URL; name the host there")
        found.append((name, value.strip()))
    if len(found) > _MOST_HEADERS:
        raise WantedError("--header", f"more than {_MOST_HEADERS} headers are not taken")
    return tuple(found)
