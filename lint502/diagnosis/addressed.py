"""Whether a pass can have made the ``upstream:`` of a record: its scheme, its address, its URI.

Source: ``ngx_http_log_error_handler()`` in ``src/http/ngx_http_request.c``: the scheme, the address
that is connected to (the name of the block where no server of it is live), and the URI that
``proxy_pass`` sends; the other passes name none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from lint502.behaviour.invalid_addresses import invalid_values
from lint502.behaviour.rewriting import Request
from lint502.behaviour.ways import Arrival
from lint502.nginx.addresses import Address, literal_ip, normal_socket, parse_address, split_scheme
from lint502.nginx.hops import Hop, Target
from lint502.nginx.locations import prefix_of
from lint502.nginx.pass_values import Kind
from lint502.nginx.requested_uris import Uri, normal_path, unescaped
from lint502.nginx.symbols import UNKNOWN
from lint502.patterns import regex

_SCHEMES: dict[Kind, tuple[str, str]] = {
    "proxy": ("http", "https"),
    "grpc": ("grpc", "grpcs"),
    "fastcgi": ("fastcgi", "fastcgi"),
    "uwsgi": ("uwsgi", "suwsgi"),
    "scgi": ("scgi", "scgi"),
    "memcached": ("memcached", "memcached"),
    "stream": ("", ""),
}
"""What is before an address in the log, in plaintext and over TLS."""

_IS_PORT = regex(r":(\d{1,5})$", re.ASCII)
_CUT_ESCAPE = regex(r"%[0-9A-Fa-f]?\Z")


class Sent(Struct, frozen=True):
    """The ``upstream:`` of a record: ``scheme`` is None where it is not known; ``port`` and ``ip``
    of an address, ``socket`` of one that is a path; ``name`` is all of it, in lower case. ``path``
    is without arguments, "" where it names no URI; ``open``: only how it starts is known."""

    scheme: str | None
    name: str
    ip: str | None
    port: int | None
    socket: str | None
    path: str
    open: bool = False

    @classmethod
    @lru_cache(1 << 12)
    def read(cls, text: str, *, cut: bool = False) -> Sent:
        """Read what stands between the quotes; ``cut``: its end may be missing."""
        sent = cls._whole(text)
        if not cut or "?" in text:
            return sent
        return replace(sent, path=_CUT_ESCAPE.sub("", sent.path), open=True)

    @classmethod
    def _whole(cls, text: str) -> Sent:
        scheme, rest = split_scheme(text)
        if rest.startswith("unix:"):
            socket, _, uri = rest[5:].partition(":")
            path = uri.partition("?")[0]
            return cls(scheme, f"unix:{socket}", None, None, normal_socket(socket), path)
        end = next((i for i, character in enumerate(rest) if character in "/?"), len(rest))
        name = rest[:end].lower()
        port = _IS_PORT.search(name)
        host = name[: port.start()] if port else name
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        ip = literal_ip(host)
        return cls(
            scheme,
            name,
            None if ip is None else str(ip),
            int(port[1]) if port else None,
            None,
            rest[end:].partition("?")[0],
        )

    def with_any_scheme(self) -> Sent:
        """The same address, with a scheme that is not known."""
        return replace(self, scheme=None)

    @property
    def address(self) -> str:
        """The address, with its scheme."""
        return f"{self.scheme}://{self.name}" if self.scheme else self.name

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that it may be, decoded."""
        decoded = unescaped(self.path)
        if decoded is None:
            return (self.path,)
        normal = normal_path(decoded)
        return (decoded,) if normal in (None, decoded) else (decoded, str(normal))

    def may_be(self, uri: Uri) -> bool:
        """Whether it may ask for this path."""
        return any(
            uri.may_be(path) or (self.open and uri.text.startswith(path)) for path in self.paths
        )


def may_send(hop: Hop, sent: Sent) -> bool:
    """Whether a pass may connect to an address in this way."""
    plain, tls = _SCHEMES[hop.kind]
    if sent.scheme not in (None, plain, tls):
        return False
    if hop.unknown is not None:
        return not _sends_nothing(hop)
    if any(not block.known for block in hop.blocks):
        return True
    if any(sent.name == block.name for block in hop.blocks):
        return True
    return any(_reaches(target, sent, plain, tls) for target in hop.targets)


@lru_cache(1 << 12)
def _sends_nothing(hop: Hop) -> bool:
    """Whether whatever its variables make of a pass is no address."""
    return invalid_values(hop).every


def _reaches(target: Target, sent: Sent, plain: str, tls: str) -> bool:
    if target.tls is not None and sent.scheme not in (None, tls if target.tls else plain):
        return False
    address = target.address
    if address.socket is not None or sent.socket is not None:
        return address.socket == sent.socket
    if sent.name in (target.name, str(address).lower()):
        return True
    if sent.ip is None or sent.port != address.port:
        return False
    ip = address.ip
    if ip is not None:
        return str(ip) == sent.ip
    return not address.is_loopback or Address(sent.ip).is_loopback


def may_ask(arrival: Arrival, sent: Sent) -> bool:
    """Whether a request that has arrived at a pass may be sent on with the URI of a record."""
    hop = arrival.hop
    if hop.kind != "proxy" or not sent.path:
        return True
    made = sent_paths(hop, arrival.request)
    return made is None or any(map(sent.may_be, made))


def sends_as_it_is(hop: Hop) -> bool:
    """Whether a pass sends the URI on that a request arrives with."""
    return hop.kind == "proxy" and "$" not in hop.value and not written_path(hop.value)


def sources(hop: Hop, sent: Sent) -> tuple[Uri, ...] | None:
    """The URIs with which a request may have arrived that is sent on so; None for any."""
    if sends_as_it_is(hop):
        return tuple(Uri(path, sent.open) for path in sent.paths)
    if hop.kind != "proxy" or not sent.path:
        return None
    if "$" in hop.value:
        made = _of_variables(hop, Uri("", open=True))
        return None if made is None or any(map(sent.may_be, made)) else ()
    given, prefix = unescaped(written_path(hop.value)), prefix_of(hop.context)
    if given is None or prefix is None:
        return None
    starts = [path for path in sent.paths if path.startswith(given)]
    if not starts and sent.open and any(given.startswith(path) for path in sent.paths):
        return (Uri(prefix, open=True),)
    return tuple(Uri(prefix + path[len(given) :], sent.open) for path in starts)


def sent_paths(hop: Hop, request: Request) -> tuple[Uri, ...] | None:
    """The paths that ``proxy_pass`` may ask for, decoded; None for any."""
    if "$" in hop.value:
        return _of_variables(hop, request.uri)
    given = written_path(hop.value)
    if not given:
        return (request.uri,)
    return (_in_place(hop, request, given),)


def _in_place(hop: Hop, request: Request, given: str) -> Uri:
    """The URI with that of the pass in the place of the location's."""
    prefix = prefix_of(hop.context)
    if not request.whole or prefix is None:
        return request.uri
    path = unescaped(given)
    start = given if path is None else path
    if request.uri.open and len(request.uri.text) < len(prefix):
        return Uri(start, open=True)
    return Uri(start + request.uri.text[len(prefix) :], request.uri.open)


def _of_variables(hop: Hop, uri: Uri) -> tuple[Uri, ...] | None:
    found = hop.variables.expand(hop.value, hop.context)
    if found is None:
        return None
    result = []
    for text in found:
        known, unknown, _ = text.text.partition(UNKNOWN)
        rest = split_scheme(known)[1]
        if unknown and "/" not in rest:
            return None
        given = written_path(known)
        if given or unknown:
            path = unescaped(given)
            result.append(Uri(given if path is None else path, bool(unknown)))
        else:
            result.append(uri)
    return tuple(result)


@lru_cache(1 << 12)
def written_path(value: str) -> str:
    """The path of the URI that is written in a pass; "" where it has none."""
    try:
        given = parse_address(split_scheme(value)[1], 80, uri=True)[1]
    except ValueError:
        return ""
    path, asks, _ = given.partition("?")
    return path or ("/" if asks else "")
