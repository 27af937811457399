"""The ways from what stands before nginx to the servers that it sends to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from lint502.behaviour.keepalive import closes_safely_before
from lint502.declared.listeners import Front
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope, Value
from lint502.nginx.servers import ListeningSocket, Servers, VirtualServer
from lint502.nginx.tree import Context, once_a_context
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.site import Site, once_a_site
from lint502.wording import listed

_CLOSED = 502
"""What a front is taken to answer where nginx closes the connection, unless it is documented."""

_REJECTING_SINCE = Version(1, 19, 4)
"""https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_reject_handshake"""

_UNNAMED = ("", "_")


class Way(Struct, frozen=True):
    """One server that a front sends to, at one socket of it.

    ``name`` is what the front asks for: a name that is declared for it, else the server's own.
    ``known`` is False where an include that was not seen may add servers or sockets.
    """

    front: Front
    name: str
    server: VirtualServer
    socket: ListeningSocket
    stream: bool
    known: bool

    @property
    def closed_status(self) -> int | None:
        """What the front's client gets where nginx closes the connection; None where the front
        passes that on."""
        if self.front.passes_tcp is not None and self.front.passes_tcp.value:
            return None
        fact = self.front.closed_status
        return _CLOSED if fact is None else fact.value

    @property
    def headers_status(self) -> int | None:
        """What the front's client gets where a response has a larger head than the front takes."""
        fact = self.front.headers_status
        return self.closed_status if fact is None else fact.value


class Trouble(Struct, frozen=True):
    """What a finding is about: the line at fault, and the ways of one front that it stops."""

    line: Directive
    ways: tuple[Way, ...]


def together(found: Iterable[tuple[Directive, Way]]) -> Iterator[Trouble]:
    """One trouble for each front and line."""
    grouped: dict[tuple[str, Directive], list[Way]] = {}
    for line, way in found:
        grouped.setdefault((way.front.name, line), []).append(way)
    for (_, line), there in grouped.items():
        yield Trouble(line, tuple(there))


@once_a_site
def ways(site: Site) -> Sequence[Way]:
    """Every way of every front.

    On which ports a front sends to a server is not declared: it may be any that other machines
    reach, or where there are none, that this machine reaches. A front that names no servers sends
    to those of ``http {}``, or where there are none, to those of ``stream {}``. Nobody gets to a
    server that rejects every handshake.
    """
    return [
        way
        for way in (_ways(site) if site.spec.fronts else ())
        if not (way.socket.tls and rejecting(way.server.context, site.version))
    ]


@once_a_site
def _to_streams(site: Site) -> Mapping[Context, Sequence[Way]]:
    """The ways to the servers of ``stream {}``, by these."""
    found: dict[Context, list[Way]] = {}
    for way in ways(site):
        if way.stream:
            found.setdefault(way.server.context, []).append(way)
    return found


def with_pairs(site: Site, found: Iterable[Way]) -> Iterator[tuple[Way, Pair]]:
    """Each of some ways with each pair of the hops of ``http {}`` behind it."""
    behind = _pairs_behind(site)
    return ((way, pair) for way in found for pair in behind.get(way.server.context, ()))


@once_a_site
def _pairs_behind(site: Site) -> Mapping[Context, Sequence[Pair]]:
    """The pairs of the hops of ``http {}`` that answer in HTTP, by their servers."""
    found: dict[Context, list[Pair]] = {}
    for hop in site.hops:
        server = hop.context.enclosing("server")
        if server is not None and hop.kind not in ("stream", "memcached"):
            found.setdefault(server, []).extend(site.pairs[hop.id])
    return found


def rejecting(server: Context, version: Version) -> Directive | None:
    """The ``ssl_reject_handshake on`` in effect in a server, if it is."""
    if version < _REJECTING_SINCE:
        return None
    flag = Scope(server, version).flag("ssl_reject_handshake")
    return flag.directive if flag is not None and flag.value else None


def _ways(site: Site) -> Iterator[Way]:
    areas = [area for area in site.servers if area.servers]
    http = [area for area in areas if not area.stream]
    for front in site.spec.fronts:
        for area in http or areas:
            sockets = _sockets(area)
            if front.servers is None:
                yield from _to_all(front, area, sockets)
                continue
            for name in front.servers.value:
                yield from _to_name(front, name, area, sockets)


def _sockets(area: Servers) -> list[ListeningSocket]:
    """Those that a front may connect to."""
    usable = [socket for socket in area.sockets if not socket.datagrams]
    outside = [socket for socket in usable if not all(one.local for one in socket.listens)]
    return outside or usable


def _to_all(front: Front, area: Servers, sockets: Iterable[ListeningSocket]) -> Iterator[Way]:
    for socket in sockets:
        for server in socket.servers:
            yield Way(front, server.label, server, socket, area.stream, area.known)


def _to_name(
    front: Front, name: str, area: Servers, sockets: list[ListeningSocket]
) -> Iterator[Way]:
    """The ways to the server of a name; to the default servers where none is called so."""
    named = [(socket, server) for socket in sockets if (server := socket.named(name))]
    if not named and area.known:
        named = [(socket, server) for socket in sockets if (server := socket.server_for(name))]
    for socket, server in named:
        yield Way(front, name, server, socket, area.stream, area.known)


def by_socket(found: Iterable[Way]) -> Iterator[list[Way]]:
    """The ways, each front's to one socket together: what a connection meets there is the same."""
    grouped: dict[tuple[str, ListeningSocket], list[Way]] = {}
    for way in found:
        grouped.setdefault((way.front.name, way.socket), []).append(way)
    return iter(grouped.values())


class AlikeWays:
    """Ways by the front and the server at their ends: what is behind them is the same. ``first``
    has one of each."""

    def __init__(self, found: Iterable[Way]) -> None:
        self._alike: dict[tuple[str, VirtualServer], list[tuple[int, Way]]] = {}
        for number, way in enumerate(found):
            self._alike.setdefault(_ends(way), []).append((number, way))
        self.first = [there[0][1] for there in self._alike.values()]
        self._shared: dict[tuple[object, ...], tuple[Way, ...]] = {}

    def all(self, some: Iterable[Way]) -> tuple[Way, ...]:
        """All ways that are alike to one of some, in their order; the same object for the same."""
        ends = tuple(dict.fromkeys(map(_ends, some)))
        if ends not in self._shared:
            numbered = sorted(
                (one for end in ends for one in self._alike[end]), key=lambda one: one[0]
            )
            each: dict[object, Way] = {}
            for _, way in numbered:
                each.setdefault((*_ends(way), way.name, way.socket), way)
            self._shared[ends] = tuple(each.values())
        return self._shared[ends]


def _ends(way: Way) -> tuple[str, VirtualServer]:
    return way.front.name, way.server


def none_fits(found: Iterable[Way], wrong: Iterable[Way]) -> list[Way]:
    """The ways that are wrong, where no other way to the same server is right: the front may use
    that one."""
    bad = {id(way) for way in wrong}
    fits = {_server(way) for way in found if id(way) not in bad}
    return [way for way in found if id(way) in bad and _server(way) not in fits]


def _server(way: Way) -> tuple[str, object]:
    """What tells one server from another: its name, for many have a block for each port."""
    return way.front.name, way.name if way.name not in _UNNAMED else way.server


def called(found: Iterable[Way]) -> str:
    """The servers at the ends of some ways, as a message names them."""
    return listed(
        way.name if way.name not in _UNNAMED else "a server without a name" for way in found
    )


def answers(status: int | None) -> str:
    """What a front's client gets, as the end of a sentence."""
    return "gets no answer" if status is None else f"answers {status}"


def early_closings(site: Site, margin: int) -> Iterator[Trouble]:
    """The lines that let nginx close idle connections sooner than ``margin`` milliseconds after a
    front; ``http`` where none does."""
    known: dict[tuple[VirtualServer, bool], list[_Kept]] = {}  # ways share servers

    def kept_of(way: Way) -> list[_Kept]:
        key = way.server, way.stream
        if key not in known:
            known[key] = list(_kept(way, site.version))
        return known[key]

    return together(
        (line, way)
        for way in ways(site)
        for timeout, scope in kept_of(way)
        if _too_short(timeout, way, margin) and _is_used_again(scope)
        for line in (timeout_line(timeout, way),)
        if line is not None
    )


def timeouts(way: Way, version: Version) -> Iterator[Value[int]]:
    """The ``keepalive_timeout`` of the places of a server in which a request may end, as far as it
    is known, once where several have it from one level. The one of the location counts that has
    answered the last request.

    Source: ``ngx_http_set_keepalive()`` in ``src/http/ngx_http_request.c``.
    """
    return (timeout for timeout, scope in _kept(way, version) if _is_used_again(scope))


class _Kept(NamedTuple):
    """How long a connection is kept, and where that is said."""

    timeout: Value[int]
    scope: Scope


def _kept(way: Way, version: Version) -> Iterator[_Kept]:
    for place in () if way.stream else _deciding(way.server.context):
        scope = Scope(place, version)
        timeout = scope.time("keepalive_timeout")
        if timeout is not None:
            yield _Kept(timeout, scope)


def _is_used_again(scope: Scope) -> bool:
    """Whether a connection takes more than one request: after the last one nginx says "Connection:
    close", and a front uses it no more."""
    requests = scope.number("keepalive_requests")
    return requests is None or requests.value > 1


_TIMES = ("keepalive_timeout", "keepalive_requests")


@once_a_context
def _deciding(server: Context) -> tuple[Context, ...]:
    """The levels that say how long a connection is kept on which a request has ended in a server:
    of each place the innermost one that may say anything, or the server."""
    places = _places(server)
    if not any(map(_says_how_long, places)):
        return (server,)
    return tuple(
        dict.fromkeys(
            next(level for level in place.up() if level is server or _says_how_long(level))
            for place in places
        )
    )


def _says_how_long(level: Context) -> bool:
    return not level.by_name.keys().isdisjoint(_TIMES) or level.uncertain_of(*_TIMES)


def _places(server: Context) -> tuple[Context, ...]:
    """Where a request may end that a server takes."""
    places = tuple(server.locations())
    if any(place.parent is server and place.args == ("/",) for place in places):
        return places
    return (*places, server)


def _too_short(timeout: Value[int], way: Way, margin: int) -> bool:
    idle = way.front.idle_timeout
    if idle is None or timeout.value == 0:
        return False
    return not closes_safely_before(idle.value, timeout.value, margin)


def timeout_line(timeout: Value[int], way: Way) -> Directive | None:
    """The line that sets a time, or that of ``http {}``, where it is the default; None where it may
    be set around what was seen."""
    if timeout.directive is not None:
        return timeout.directive
    area = way.server.context.enclosing("http")
    return None if area is None or area.partial else area.opener


def header_differences(site: Site) -> Iterator[Trouble]:
    """The ``listen`` lines that a front gets nowhere with."""
    found = [way for way in ways(site) if way.front.proxy_protocol is not None and way.known]
    for there in by_socket(none_fits(found, [way for way in found if _header_differs(way)])):
        line = _header_line(there[0])
        if line is not None:
            yield Trouble(line, tuple(there))


def _header_differs(way: Way) -> bool:
    """Whether one side has a PROXY header and the other does not. What ``stream {}`` does not
    expect it passes on, perhaps to an upstream that does."""
    sends = way.front.proxy_protocol
    if sends is None or sends.value == way.socket.proxy_protocol:
        return False
    return not (sends.value and way.stream)


def passed_on(site: Site, hop: Hop) -> tuple[Front, bool | None] | None:
    """A front whose PROXY header a pass of ``stream {}`` may pass on, as it does with all that it
    gets where no ``listen`` expects one; with whether it does, None where that is not known. None
    where no front that may send one gets there."""
    server = hop.context.enclosing("server")
    there = _to_streams(site).get(server, ()) if server is not None else ()
    found: list[tuple[Front, bool | None]] = []
    for front in {id(way.front): way.front for way in there}.values():
        sends = front.proxy_protocol
        sockets = [way.socket for way in there if way.front is front]
        plain = [not one.proxy_protocol and not one.tls for one in sockets]
        if any(plain) and (sends is None or sends.value):
            found.append((front, True if sends is not None and all(plain) else None))
    return min(found, key=lambda one: one[1] is None, default=None)


def _header_line(way: Way) -> Directive | None:
    """The ``listen`` that speaks of the header, if one does, else the first one."""
    listens = way.socket.listens
    speaking = (listen for listen in listens if "proxy_protocol" in listen.parameters)
    return next(speaking, listens[0]).directive or way.server.context.opener


def rejections(site: Site) -> Iterator[Trouble]:
    """The lines that reject a front's handshakes."""
    found = [
        way for way in ways(site) if way.front.sni is not None and way.known and way.socket.tls
    ]
    wrong = {
        id(way): line
        for there in by_socket(found)
        for line in (_rejected(there[0], site.version),)
        if line is not None
        for way in there
    }
    stopped = none_fits(found, [way for way in found if id(way) in wrong])
    return together((wrong[id(way)], way) for way in stopped)


def _rejected(way: Way, version: Version) -> Directive | None:
    """The line that refuses the front's handshakes, if one does."""
    assert way.front.sni is not None, "else it is not known what is asked for"
    asked = way.socket.server_for(way.front.sni.value)
    return None if asked is None else rejecting(asked.context, version)
