"""The ``server{}`` blocks of ``http{}`` and ``stream{}``: where they listen, what they are called,
and which of them a connection or a request reaches.

A *socket* is an address and port that nginx listens on; servers share it. Parameters such as
``ssl`` and ``proxy_protocol`` are the socket's: one line with them is enough, in whichever server.
Source: ``ngx_http_add_addresses()`` in ``src/http/ngx_http.c``, so since before 1.18, and
``ngx_stream_add_addresses()`` from 1.25.5; before, no two stream servers could share an address.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush

from msgspec import Struct, field

from lint502.nginx.addresses import Address, is_loopback, literal_ip, normal_socket
from lint502.nginx.expressions import Prefixes, matches
from lint502.nginx.parse import Directive
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, Tree, once_a_context
from lint502.patterns import regex

ANY = ("*", "::")
"""The hosts of the sockets that take connections to any address, of IPv4 and of IPv6."""

_PORTS = regex(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_DEFAULT_PARAMETERS = frozenset(("default_server", "default"))


class Listen(Struct, frozen=True, eq=False):
    """One ``listen``; ``directive`` is None for the one of a server that writes none.

    ``host`` is an address, ``*``, ``::``, a name, or ``unix:PATH``, which has no ``ports``.
    """

    host: str
    ports: range
    parameters: frozenset[str]
    directive: Directive | None

    @property
    def local(self) -> bool:
        """Whether only this machine can connect to it."""
        return self.host.startswith("unix:") or (self.host not in ANY and is_loopback(self.host))

    @property
    def datagrams(self) -> bool:
        """Whether it takes UDP: ``udp`` in stream, ``quic`` in http."""
        return not self.parameters.isdisjoint(("udp", "quic"))

    def __str__(self) -> str:
        if self.host.startswith("unix:"):
            return self.host
        host = f"[{self.host}]" if ":" in self.host else self.host
        first, last = self.ports.start, self.ports.stop - 1
        return f"{host}:{first}" if first == last else f"{host}:{first}-{last}"


class VirtualServer(Struct, frozen=True, eq=False):
    """One ``server{}``.

    ``names`` are those of all its ``server_name`` lines, in lower case unless they are regular
    expressions; ``("",)`` where it has none.
    """

    context: Context
    names: tuple[str, ...]
    listens: tuple[Listen, ...]

    @property
    def label(self) -> str:
        """What reports call it: its first name, or where it listens."""
        named = next((name for name in self.names if name not in ("", "_")), "")
        return named or (str(self.listens[0]) if self.listens else "")


class ListeningSocket(Struct, frozen=True, eq=False):
    """What listens at one address and port (or range of ports), for all servers that share it.
    ``parameters`` are those of all its lines together."""

    host: str
    ports: range
    listens: tuple[Listen, ...]
    servers: tuple[VirtualServer, ...]
    default: VirtualServer
    parameters: frozenset[str]
    _names: Names

    @property
    def tls(self) -> bool:
        """Whether connections begin with a TLS handshake."""
        if "ssl" in self.parameters or "quic" in self.parameters:
            return True
        lines = self.default.context.by_name.get("ssl", ())  # a directive up to 1.25.0
        return any(line.args[:1] == ("on",) for line in lines)

    @property
    def proxy_protocol(self) -> bool:
        """Whether a PROXY header has to come first."""
        return "proxy_protocol" in self.parameters

    @property
    def datagrams(self) -> bool:
        """Whether it takes UDP."""
        return self.listens[0].datagrams

    def server_for(self, host: str) -> VirtualServer | None:
        """The server for a name, of the TLS handshake or the ``Host`` header: the default server
        where none is called so; None where that is not certain."""
        found, certain = self._names.find(host)
        return (found or self.default) if certain else None

    def named(self, host: str) -> VirtualServer | None:
        """The server that is called so, None where there is none or that is not certain."""
        return self._names.find(host)[0]


class Names(Struct, frozen=True, eq=False):
    """The names of the servers of a socket, looked up in nginx's order: exact, the longest wildcard
    at the start, the longest at the end, the first regular expression.

    Source: https://nginx.org/en/docs/http/server_names.html
    """

    plain: Mapping[str, VirtualServer]
    regexes: tuple[tuple[str, VirtualServer], ...]
    prefixes: Prefixes
    open: bool = False
    """Whether a template leaves open what one of the servers is called."""
    _found: dict[str, tuple[VirtualServer | None, bool]] = field(default_factory=dict)

    @classmethod
    def of(cls, servers: Sequence[VirtualServer]) -> Names:
        """Collect the names; of two servers that are called alike nginx takes the first."""
        plain: dict[str, VirtualServer] = {}
        regexes = []
        for server in servers:
            for name in server.names:
                if name.startswith("~"):
                    regexes.append((name[1:], server))
                elif name.startswith("."):
                    plain.setdefault(name[1:], server)
                    plain.setdefault(f"*{name}", server)
                else:
                    plain.setdefault(name, server)
        several = any(
            server.context.conditional or "server_name" in server.context.uncertain
            for server in servers
        )
        return cls(plain, tuple(regexes), Prefixes([regex for regex, _ in regexes]), several)

    def find(self, host: str) -> tuple[VirtualServer | None, bool]:
        """The server that is called so, if any; and whether that is certain."""
        host = host.lower().removesuffix(".")
        if host not in self._found:
            self._found[host] = self._find(host)
        return self._found[host]

    def _find(self, host: str) -> tuple[VirtualServer | None, bool]:
        if host in self.plain:
            return self.plain[host], True
        if self.open:
            return None, False
        parts = host.split(".")
        for index in range(1, len(parts)):
            found = self.plain.get(f"*.{'.'.join(parts[index:])}")
            if found is not None:
                return found, True
        for index in range(len(parts) - 1, 0, -1):
            found = self.plain.get(f"{'.'.join(parts[:index])}.*")
            if found is not None:
                return found, True
        for index in self.prefixes.of(host):
            written, server = self.regexes[index]
            matched = matches(written, host)
            if matched is None:
                return None, False
            if matched:
                return server, True
        return None, True


class PortRanges:
    """The sockets of one host that are ranges of ports, of which the first counts that has one."""

    def __init__(self, sockets: Sequence[ListeningSocket]) -> None:
        self._starts: list[int] = []
        self._first: list[ListeningSocket | None] = []
        ends = {end for one in sockets for end in (one.ports.start, one.ports.stop)}
        opening = deque(sorted((one.ports.start, index) for index, one in enumerate(sockets)))
        there: list[int] = []
        for port in sorted(ends):
            while opening and opening[0][0] == port:
                heappush(there, opening.popleft()[1])
            while there and sockets[there[0]].ports.stop <= port:
                heappop(there)
            self._starts.append(port)
            self._first.append(sockets[there[0]] if there else None)

    def with_port(self, port: int) -> ListeningSocket | None:
        """The first one that has a port."""
        index = bisect_right(self._starts, port) - 1
        return self._first[index] if index >= 0 else None


class Servers(Struct, frozen=True, eq=False):
    """The servers and sockets of one ``http{}`` or ``stream{}``.

    ``known`` is False where an include that was not seen may add servers, names or sockets, or a
    template leaves them open.
    """

    area: Context
    servers: tuple[VirtualServer, ...]
    sockets: tuple[ListeningSocket, ...]
    known: bool
    _by_place: Mapping[tuple[str, int], ListeningSocket] = field(default_factory=dict)
    _ranges: Mapping[str, PortRanges] = field(default_factory=dict)

    @property
    def stream(self) -> bool:
        """Whether they are those of ``stream{}``."""
        return self.area.name == "stream"

    def at(self, address: Address) -> ListeningSocket | None:
        """The socket that a connection to an address of this machine reaches: the one for just this
        address, else the one for any of its family. A name other than ``localhost`` is taken to be
        an address of both families that nobody names. UDP is left out."""
        if address.socket is not None:
            return self._by_place.get((f"unix:{address.socket}", 0))
        if address.port is None:
            return None
        ip = literal_ip(address.host)
        hosts: tuple[str, ...]
        if ip is None:
            hosts = ("localhost", "127.0.0.1", "::1") if address.is_loopback else (address.host,)
            hosts += ANY
        else:
            hosts = (str(ip), "*" if ip.version == 4 else "::")
            if ip.version == 4:
                hosts += ("::dual",)
        for host in hosts:
            found = self._by_place.get((host, address.port)) or self._in_range(host, address.port)
            if found is not None:
                return found
        return None

    def _in_range(self, host: str, port: int) -> ListeningSocket | None:
        ranges = self._ranges.get(host)
        return None if ranges is None else ranges.with_port(port)


def _hosts(socket: ListeningSocket) -> tuple[str, ...]:
    """The hosts by which a socket is looked up."""
    dual = socket.host == "::" and "ipv6only=off" in socket.parameters
    return (socket.host, "::dual") if dual else (socket.host,)


def find_servers(tree: Tree) -> list[Servers]:
    """The servers of each ``http{}`` and ``stream{}`` of a root, in the order of the file."""
    return [servers_of(area) for area in tree.main.children if area.name in ("http", "stream")]


@once_a_context
def servers_of(area: Context) -> Servers:
    """The servers of one ``http{}`` or ``stream{}``."""
    contexts = [child for child in area.children if child.name == "server"]
    servers = tuple(_server(context) for context in contexts)
    grouped: dict[tuple[str, range, bool], list[tuple[VirtualServer, Listen]]] = {}
    for server in servers:
        for listen in server.listens:
            key = (listen.host, listen.ports, listen.datagrams)
            grouped.setdefault(key, []).append((server, listen))
    named: dict[tuple[VirtualServer, ...], Names] = {}
    sockets = tuple(_socket(found, named) for found in grouped.values())
    by_place = {
        (host, socket.ports.start if socket.ports else 0): socket
        for socket in sockets
        if not socket.datagrams and len(socket.ports) < 2
        for host in _hosts(socket)
    }
    unseen = (
        area.partial or area.unseen or "server" in area.uncertain or any(map(is_open, contexts))
    )
    ranges: dict[str, list[ListeningSocket]] = {}
    for socket in sockets:
        if len(socket.ports) > 1 and not socket.datagrams:
            for host in _hosts(socket):
                ranges.setdefault(host, []).append(socket)
    by_port = {host: PortRanges(there) for host, there in ranges.items()}
    return Servers(area, servers, sockets, not unseen, by_place, by_port)


def is_open(server: Context) -> bool:
    """Whether it is not known where a server listens or what it is called, or if it is there."""
    return server.conditional or server.uncertain_of("listen", "server_name")


def listens_open(area: Context) -> bool:
    """Whether a template leaves open where the servers of ``http{}`` or ``stream{}`` listen."""
    servers = [child for child in area.children if child.name == "server"]
    return any(child.conditional or "listen" in child.uncertain for child in servers) or any(
        UNKNOWN in line.name for level in (area, *servers) for line in level.unseen
    )


def _server(context: Context) -> VirtualServer:
    names = tuple(
        name if name.startswith("~") else name.lower().removesuffix(".")
        for line in context.by_name.get("server_name", ())
        for name in line.args
    )
    lines = context.by_name.get("listen", ())
    listens = [listen for line in lines for listen in _listens(line)]
    unknown = context.uncertain_of("listen")
    if not lines and not unknown and context.enclosing("stream") is None:
        listens = [Listen("*", range(80, 81), frozenset(), None)]
    return VirtualServer(context, names or ("",), tuple(listens))


def _listens(line: Directive) -> Iterator[Listen]:
    """What a ``listen`` means; nothing for what nginx refuses."""
    if not line.args:
        return
    written, parameters = line.args[0], frozenset(line.args[1:])
    if written[:5].lower() == "unix:":
        yield Listen(f"unix:{normal_socket(written[5:])}", range(0), parameters, line)
        return
    host, port = "*", "80"
    if _PORTS.fullmatch(written):
        port = written
    elif written.startswith("["):
        host, _, rest = written[1:].partition("]")
        port = rest.removeprefix(":") or "80"
    else:
        host, _, rest = written.partition(":")
        port = rest or "80"
    match = _PORTS.fullmatch(port)
    if match is None:
        return
    first, last = int(match[1]), int(match[2] or match[1])
    ip = literal_ip(host)
    if ip is not None:
        host = str(ip)
    if host in ("0.0.0.0", ""):
        host = "*"
    yield Listen(host.lower(), range(first, last + 1), parameters, line)


def _socket(
    found: list[tuple[VirtualServer, Listen]], named: dict[tuple[VirtualServer, ...], Names]
) -> ListeningSocket:
    servers = tuple(dict.fromkeys(server for server, _ in found))
    listens = tuple(listen for _, listen in found)
    chosen = (
        server for server, listen in found if not _DEFAULT_PARAMETERS.isdisjoint(listen.parameters)
    )
    default = next(chosen, servers[0])
    parameters = frozenset[str]().union(*(listen.parameters for listen in listens))
    if servers not in named:  # most sockets have the servers of another one
        named[servers] = Names.of(servers)
    names = named[servers]
    return ListeningSocket(
        listens[0].host, listens[0].ports, listens, servers, default, parameters, names
    )
