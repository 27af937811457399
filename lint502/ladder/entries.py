"""Where a request comes in: the socket for its port, and the server that its host chooses.

A port at which nothing listens is that of something before nginx (a load balancer, a published
port): then the sockets count at which the host is called by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from lint502.behaviour.fronts import ways
from lint502.declared.listeners import Front
from lint502.ladder.wanted import Wanted
from lint502.nginx.addresses import Address
from lint502.nginx.servers import ListeningSocket, Servers, VirtualServer
from lint502.site import Site


class Entry(Struct, frozen=True, eq=False):
    """A server that may take the request, at one socket. ``called``: it has the name of the host;
    else it is the default server. ``at_port``: the socket is that of the URL. ``certain`` is False
    where it is not known which server of the socket has the name. ``fronts`` are declared to
    send such requests to it."""

    site: Site
    servers: Servers
    socket: ListeningSocket
    server: VirtualServer
    called: bool
    at_port: bool
    fronts: tuple[Front, ...] = ()
    certain: bool = True


def entries(sites: Iterable[Site], wanted: Wanted) -> list[Entry]:
    """Those of one rank: a name at the port comes before a name elsewhere, and that before the
    default servers."""
    found = [entry for site in sites for entry in _of_site(site, wanted)]
    for called, at_port in ((True, True), (True, False), (False, True), (False, False)):
        there = [one for one in found if (one.called, one.at_port) == (called, at_port)]
        if there:
            return _once(there)
    return []


def _once(found: Iterable[Entry]) -> list[Entry]:
    """One entry for each server."""
    first: dict[int, Entry] = {}
    for entry in found:
        first.setdefault(id(entry.server), entry)
    return list(first.values())


def _of_site(site: Site, wanted: Wanted) -> Iterator[Entry]:
    for area in site.servers:
        if area.stream:
            continue
        sockets = [one for one in area.sockets if not one.datagrams]
        there = _at_port(area, sockets, wanted)
        yield from _of_sockets(site, area, there or _elsewhere(sockets, wanted), wanted, there)


def _of_sockets(
    site: Site,
    area: Servers,
    sockets: Iterable[ListeningSocket],
    wanted: Wanted,
    at_port: list[ListeningSocket],
) -> Iterator[Entry]:
    for socket in sockets:
        server = socket.server_for(wanted.host)
        named = socket.named(wanted.host)
        if server is not None:
            fronts = _fronts(site, server, wanted.host)
            yield Entry(site, area, socket, server, named is not None, bool(at_port), fronts)
        else:
            for one in socket.servers:
                fronts = _fronts(site, one, wanted.host)
                yield Entry(site, area, socket, one, True, bool(at_port), fronts, certain=False)


def _fronts(site: Site, server: VirtualServer, host: str) -> tuple[Front, ...]:
    """What sends requests for a host to a server, as far as it is declared."""
    return tuple(
        dict.fromkeys(
            way.front
            for way in ways(site)
            if way.server is server
            and (way.front.servers is None or host in map(str.lower, way.front.servers.value))
        )
    )


def _at_port(
    area: Servers, sockets: Iterable[ListeningSocket], wanted: Wanted
) -> list[ListeningSocket]:
    """The sockets that listen at the port of the URL, and at its address, where it has one."""
    if wanted.is_address:
        found = area.at(Address(wanted.host.strip("[]"), wanted.port))
        if found is not None:
            return [found]
    there = [one for one in sockets if wanted.port in one.ports]
    return [one for one in there if not all(line.local for line in one.listens)] or there


def _elsewhere(sockets: list[ListeningSocket], wanted: Wanted) -> list[ListeningSocket]:
    """Where something before nginx may send it: what speaks as the client does comes first, and
    what other machines reach."""
    outside = [one for one in sockets if not all(line.local for line in one.listens)] or sockets
    called = [one for one in outside if one.named(wanted.host) is not None] or outside
    alike = [one for one in called if one.tls == (wanted.scheme == "https")]
    return alike or called
