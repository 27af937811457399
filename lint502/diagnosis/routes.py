"""Which hop a record is of: by nginx's own routing, then by what the hop can have sent.

All ways that the request may have gone are followed; of the passes that it may have got to, those
stay that can have made the ``upstream:`` of the record. One is the hop; where there are more, or
none, nobody can tell from the record. An ``X-Accel-Redirect``, which may lead anywhere, counts only
where nothing else explains the ``upstream:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from lint502.behaviour.depending import depends
from lint502.behaviour.rewriting import Asked, Request
from lint502.behaviour.subrequest_ways import asked_at, asked_for, clones
from lint502.behaviour.ways import Arrival, Passes, Ways, ways, ways_from
from lint502.diagnosis.addressed import Sent, may_ask, may_send, sends_as_it_is, sources
from lint502.diagnosis.alike_paths import AlikePaths
from lint502.diagnosis.named_servers import NamedServers, servers_at
from lint502.diagnosis.shapes import Shapes
from lint502.diagnosis.statements import Matters, Place, Statement
from lint502.nginx.hops import Hop
from lint502.nginx.location_search import locations_for
from lint502.nginx.requested_uris import RequestLine, Uri
from lint502.nginx.servers import VirtualServer
from lint502.patterns import regex
from lint502.run import Result
from lint502.site import Site

_MOST_REMEMBERED = 1 << 14
_UNRESOLVED = regex(
    r"(?:no resolver defined to resolve (\S+)|(\S+) could not be resolved \()", re.ASCII
)
_CONNECTING_TO = regex(r"connect\(\) to (unix:\S+|\S+:\d+) failed \(", re.ASCII)


class _Said(Struct, frozen=True):
    """What tells the passes of a record apart: what was sent, or the host that was not resolved."""

    sent: Sent | None
    unresolved: str | None

    @classmethod
    def of(cls, statement: Statement) -> _Said:
        if statement.upstream:
            cut = statement.cut and statement.host is None
            return cls(Sent.read(statement.upstream, cut=cut), None)
        connecting = _CONNECTING_TO.match(statement.message)
        if connecting is not None:
            return cls(Sent.read(connecting[1]).with_any_scheme(), None)
        unresolved = _UNRESOLVED.match(statement.message)
        host = (unresolved[1] or unresolved[2]) if unresolved is not None else None
        return cls(None, host.lower() if host else None)

    def fits(self, hop: Hop) -> bool:
        """Whether a pass may connect so."""
        if self.sent is not None:
            return may_send(hop, self.sent)
        if self.unresolved is None or hop.unknown is not None:
            return True
        return any(target.address.host == self.unresolved for target in hop.targets) or any(
            not block.known for block in hop.blocks
        )


class Routes:
    """Finds the hops of records. ``result`` is of a check of the configuration that has written
    the log."""

    def __init__(self, result: Result) -> None:
        self._sites = tuple(_Site(site) for site in result.sites)
        self._shapes = Shapes(result.sites)
        self._paths = AlikePaths(one for site in self._sites for one in site.named())
        self._places: dict[Statement, Place] = {}

    @property
    def matters(self) -> Matters:
        """What of a request a hop may depend on."""
        return self._shapes.matters._replace(paths=self._paths)

    def place(self, statement: Statement) -> Place:
        """The hop of a statement, or why nobody can tell."""
        key = self._shapes.of(statement._replace(level="", message=_telling(statement)))
        found = self._places.get(key)
        if found is None:
            if len(self._places) >= _MOST_REMEMBERED:
                self._places.clear()
            found = self._places[key] = self._place(key)
        self._paths.hold = found.direct
        return found

    def _place(self, statement: Statement) -> Place:
        if statement.server is None and (statement.request is None or statement.cut):
            return Place(None, "the record does not say which server it is of")
        found = [hops for site in self._sites if (hops := site.find(statement))]
        if not found:
            return Place(
                None, _nothing(statement, any(one.knows(statement) for one in self._sites))
            )
        hops = [hop for one in found for hop in one]
        direct = all(site.direct for site in self._sites)
        if all(len(one) == 1 for one in found) and len(set(map(_line_of, hops))) == 1:
            return Place(hops[0].id, direct=direct)
        ids = tuple(dict.fromkeys(hop.id for hop in hops))
        why = f"it may be any of {len(ids)} hops: the record does not tell them apart"
        return Place(None, why, ids, direct)


def _telling(statement: Statement) -> str:
    """The part of a message that tells passes apart."""
    if statement.upstream:
        return ""
    message = statement.message
    match = _CONNECTING_TO.match(message) or _UNRESOLVED.match(message)
    return match[0] if match is not None else ""


def _line_of(hop: Hop) -> tuple[str, int, int, str, str]:
    """What is the same of one hop in several roots that share a file."""
    line = hop.directive
    return line.source.name, line.line, line.column, hop.server, hop.location


def _nothing(statement: Statement, known: bool) -> str:
    if not known:
        return f"no server of the configuration is called {statement.server!r} in the log"
    if statement.request is None and not statement.upstream:
        return "the record has no request"
    to = f" to {Sent.read(statement.upstream).address}" if statement.upstream else ""
    return f"nothing in the configuration leads such a request of {statement.server!r}{to}"


class _Site:
    """The hops of one root."""

    def __init__(self, site: Site) -> None:
        self._passes = Passes(site.every_hop)
        self._order = {hop: order for order, hop in enumerate(site.every_hop)}
        self._http = [
            NamedServers(servers, site.version) for servers in site.servers if not servers.stream
        ]
        self._stream = [servers for servers in site.servers if servers.stream]
        self._ways: dict[tuple[VirtualServer, Request, Asked], Ways] = {}
        self.direct = False
        """Whether what was found last was found by the request itself."""

    def named(self) -> Iterator[tuple[NamedServers, Passes]]:
        """The servers of each ``http{}``, with the passes of the root."""
        return ((one, self._passes) for one in self._http)

    def knows(self, statement: Statement) -> bool:
        """Whether it has the server of a statement."""
        return any(self._servers(statement)) or any(
            any(servers_at(servers, statement.server or "")) for servers in self._stream
        )

    def find(self, statement: Statement) -> list[Hop]:
        """The hops that a statement may be of, in the order of the configuration."""
        self.direct = False
        if statement.request is None:
            found = set(self._of_stream(statement))
        else:
            found = self._of_http(statement)
        return sorted(found, key=self._order.__getitem__)

    def _of_stream(self, statement: Statement) -> Iterator[Hop]:
        said = _Said.of(statement)
        for servers in self._stream:
            for server in servers_at(servers, statement.server or ""):
                for hop in self._passes.of_server.get(server.context, ()):
                    if said.fits(hop):
                        yield hop

    def _servers(self, statement: Statement) -> Iterator[tuple[NamedServers, VirtualServer]]:
        line = RequestLine.read(statement.request or "", cut=statement.cut)
        host = line.host if line is not None and line.host else statement.host
        for named in self._http:
            for server in named.find(statement.server or "", host):
                yield named, server

    def _of_http(self, statement: Statement) -> set[Hop]:
        line = RequestLine.read(statement.request or "", cut=statement.cut)
        if line is None:
            return set()
        said = _Said.of(statement)
        searches = [
            (
                _Search(self, server, _asked(server, statement, line), said),
                Request(uri, line.method),
            )
            for named, server in self._servers(statement)
            for merge in sorted(named.merges_slashes(server))
            if (uri := line.uri(merge_slashes=merge)) is not None
        ]
        found: set[Hop] = set()
        for search, request in searches:
            if statement.subrequest is not None:
                found |= search.of_subrequest(request, _path_of(statement.subrequest))
                continue
            found |= search.direct(request)
            if statement.cut and statement.upstream is None:
                found |= search.beside(request)
        self.direct = bool(found) and not (statement.cut or statement.subrequest)
        if not found and statement.subrequest is None:
            found.update(*(search.by_upstream(request) for search, request in searches))
        return found

    def ways(self, server: VirtualServer, request: Request, asked: Asked) -> Ways:
        """The ways of a request, remembered."""
        key = (server, request, asked)
        found = self._ways.get(key)
        if found is None:
            if len(self._ways) >= _MOST_REMEMBERED:
                self._ways.clear()
            found = self._ways[key] = ways(server.context, request, asked, self._passes)
        return found

    @property
    def passes(self) -> Passes:
        """The hops by where they stand."""
        return self._passes


class _Search(Struct, frozen=True):
    """The search for the hop of one record in one server."""

    site: _Site
    server: VirtualServer
    asked: Asked
    said: _Said

    def direct(self, request: Request) -> set[Hop]:
        """The hops that the request itself may have got to."""
        return self._fitting(self.site.ways(self.server, request, self.asked))

    def of_subrequest(self, request: Request, uri: str) -> set[Hop]:
        """The hops that a request beside it may have got to; ``uri`` is as it was at the hop."""
        led = [
            self.site.ways(
                self.server, Request(Uri(start), method, raw=False, internal=True), self.asked
            )
            for start in dict.fromkeys((uri, *asked_for(self.server.context)))
            for method in dict.fromkeys(("GET", request.method))
        ]
        if clones(self.server.context):
            led.append(self.site.ways(self.server, request, self.asked))
        arrivals = {one for found in led for one in found.arrivals if one.request.uri.may_be(uri)}
        there = Ways(arrivals, any(found.anywhere for found in led))
        return self._fitting(there) or self._redirected(request, there)

    def by_upstream(self, request: Request) -> set[Hop]:
        """The hops that an ``X-Accel-Redirect`` of those that it got to may have led to."""
        return self._redirected(request, self.site.ways(self.server, request, self.asked))

    def beside(self, request: Request) -> set[Hop]:
        """The hops that are asked beside those that it may have got to."""
        led = self.site.ways(self.server, request, self.asked)
        found: set[Hop] = set()
        for path in {path for one in led.arrivals for path in asked_at(one.hop.context)}:
            for method in dict.fromkeys(("GET", request.method)):
                asking = Request(Uri(path), method, raw=False, internal=True)
                found |= self._fitting(self.site.ways(self.server, asking, self.asked))
        return found

    def _redirected(self, request: Request, led: Ways) -> set[Hop]:
        """The hops that an ``X-Accel-Redirect`` may have led to
        (``ngx_http_upstream_process_headers()``)."""
        sent = self.said.sent
        senders = {one.request for one in led.arrivals}
        if sent is None or not senders:
            return set()
        method = "HEAD" if request.method == "HEAD" else "GET"
        found: set[Hop] = set()
        for hop in self.site.passes.of_server.get(self.server.context, ()):
            if not may_send(hop, sent) or hop in found:
                continue
            location = hop.context.enclosing("location")
            if location is not None and location.args[0].startswith("@"):
                for sender in senders:
                    internal = sender._replace(internal=True)
                    led = ways_from(location, internal, self.asked, self.site.passes)
                    found |= self._fitting(led)
                continue
            starts = sources(hop, sent)
            if starts is None:
                found.add(hop)
            for start in dict.fromkeys(starts or ()):
                asking = Request(start, method, raw=False, internal=True)
                led = self.site.ways(self.server, asking, self.asked)
                if hop in self._fitting(led):
                    found.add(hop)
        return found

    def _fitting(self, led: Ways) -> set[Hop]:
        found = {one.hop for one in led.arrivals if self._fits(one)}
        if led.anywhere:
            hops = self.site.passes.of_server.get(self.server.context, ())
            found.update(hop for hop in hops if self.said.fits(hop))
        return found

    def _fits(self, arrival: Arrival) -> bool:
        if not self.said.fits(arrival.hop):
            return False
        sent = self.said.sent
        if sent is None or not sent.path:
            return True
        if not may_ask(arrival, sent):
            return False
        request = arrival.request
        if not (request.uri.open and request.whole and sends_as_it_is(arrival.hop)):
            return True
        location = arrival.hop.context.enclosing("location")
        if location is None or location.args[0].startswith("@"):
            return True
        return any(
            location in locations_for(self.server.context, Uri(path, sent.open))
            for path in sent.paths
        )


def _asked(server: VirtualServer, statement: Statement, line: RequestLine) -> Asked:
    """What the client asked for, as far as the ways in a server depend on it."""
    needed = depends(server.context)
    host, target = None, None
    if needed.host and (line.host or statement.host):
        host = str(line.host or statement.host).partition(":")[0].lower()
    if needed.target and not line.open and statement.request is not None:
        target = statement.request.split(" ", 1)[1].rsplit(" ", 1)[0]
    return Asked(host, target)


def _path_of(subrequest: str) -> str:
    """The URI of a subrequest, which stands alone, or in a request line."""
    return subrequest if subrequest.startswith("/") else "".join(subrequest.split(" ")[1:2])
