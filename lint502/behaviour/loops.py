"""Passes that lead back to where they came from: requests that go round through nginx itself.

A request is followed only as far as it is certain where it gets to. Whatever may answer it on the
way, or change it (``if``, ``rewrite``, access rules, limits, code), ends the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from lint502.behaviour.back_to_nginx import host_sent, own_socket, uri_sent
from lint502.behaviour.internal_redirects import error_pages, origins
from lint502.nginx.addresses import Address
from lint502.nginx.hops import Hop, Target
from lint502.nginx.locations import prefix_of, takes_all_below
from lint502.nginx.routing import Routing
from lint502.nginx.servers import ListeningSocket, Servers, listens_open
from lint502.nginx.tree import Context, once_a_context
from lint502.pairing import Pair
from lint502.patterns import regex
from lint502.site import Site

_MOST_STEPS = 64
_MOST_ROUNDS = 8
"""A URI that grows is followed so often past one hop: no location is left then that could take
it."""

_MAY_END = regex(
    r"rewrite|return|deny|internal|auth_(?!basic_user_file$).*|limit_(conn|req)|proxy_method"
    r"|.*_by_lua(_block|_file)?|js_(access|content|preread)|perl"
)
"""Directives that may answer a request, or change it."""


class LoopStep(Struct, frozen=True, eq=False):
    """A hop that leads back to nginx: one of its targets, and the socket that it reaches."""

    hop: Hop
    target: Target
    socket: ListeningSocket


class Loop(Struct, frozen=True, eq=False):
    """The steps of a circle, in their order. ``every``: all requests of one of the hops take it.
    ``grows``: the URI gets longer with each round."""

    steps: tuple[LoopStep, ...]
    every: bool
    grows: bool


class _Visit(Struct, frozen=True):
    """A request at a hop; ``host`` and ``uri`` are None where they may be any that get there."""

    hop: Hop
    host: str | None
    uri: str | None


def loops(site: Site) -> list[Loop]:
    """The circles of a root, each once."""
    if site.tree.fragment:
        return []
    found: dict[frozenset[str], Loop] = {}
    hops: dict[Context | None, list[Hop]] = {}
    for hop in site.hops:
        if hop.kind in ("stream", "proxy") and hop.unknown is None:
            hops.setdefault(hop.context.enclosing("http", "stream"), []).append(hop)
    for servers in site.servers:
        if servers.known:
            for loop in _Area(servers, hops.get(servers.area, ())).loops():
                key = frozenset(step.hop.id for step in loop.steps)
                if key not in found or loop.every:
                    found[key] = loop
    return list(found.values())


def itself(site: Site) -> Callable[[Pair], bool]:
    """Whether nginx itself listens where a target leads, or may do so as a template has it."""
    may = any(listens_open(servers.area) for servers in site.servers)

    def listens(pair: Pair) -> bool:
        address = pair.target.address
        if not (address.is_loopback or address.socket is not None):
            return False
        local = address if address.ip or address.socket else Address("127.0.0.1", address.port)
        return may or any(servers.at(local) is not None for servers in site.servers)

    return listens


class _Area:
    """The servers of one ``http{}`` or ``stream{}``, with their hops."""

    def __init__(self, servers: Servers, hops: Iterable[Hop]) -> None:
        self._routing = Routing(servers, hops)
        self._ends: dict[Context, bool] = {}
        self._steps: dict[_Visit, tuple[LoopStep, _Visit, bool] | None] = {}
        self._backs: dict[Hop, LoopStep | None] = {}
        self._places = {hop.id: place for place, hop in enumerate(self._routing.hops)}

    def loops(self) -> Iterator[Loop]:
        """The circles that the requests of some hop get into."""
        for hop in self._routing.hops:
            loop = self._loop(hop)
            if loop is not None:
                yield loop

    def _loop(self, hop: Hop) -> Loop | None:
        if self._back(hop) is None:
            return None
        request = _Visit(hop, self._a_host(hop), self._a_uri(hop))
        seen: list[tuple[_Visit, LoopStep, bool]] = []
        visits: dict[_Visit, int] = {}
        rounds: dict[Hop, list[int]] = {}
        for _ in range(_MOST_STEPS):
            if request not in self._steps:
                self._steps[request] = self._step(request)
            found = self._steps[request]
            if found is None:
                return None
            step, following, always = found
            visits[request] = len(seen)
            rounds.setdefault(request.hop, []).append(len(seen))
            seen.append((request, step, always))
            request = following
            before = rounds.get(request.hop, [])
            if request in visits or len(before) >= _MOST_ROUNDS:
                circle = tuple(one for _, one, _ in seen[visits.get(request, before[-1]) :])
                every = all(always for _, _, always in seen)
                every &= any(one.hop is hop for one in circle)
                return Loop(self._in_order(circle), every, grows=request not in visits)
        return None

    def _step(self, request: _Visit) -> tuple[LoopStep, _Visit, bool] | None:
        """The step that a request takes, the request that comes of it, and whether all those at its
        hop go there; None where that is not certain, or no pass takes it."""
        step = self._back(request.hop)
        reached = None if step is None else self._next(request, step)
        return None if step is None or reached is None else (step, *reached)

    def _in_order(self, circle: tuple[LoopStep, ...]) -> tuple[LoopStep, ...]:
        """A circle from that of its steps on which comes first in the configuration."""
        start = min(range(len(circle)), key=lambda index: self._places[circle[index].hop.id])
        return circle[start:] + circle[:start]

    def _back(self, hop: Hop) -> LoopStep | None:
        """The step of a hop, where all its targets lead to one socket of nginx's own."""
        if hop not in self._backs:
            self._backs[hop] = self._find_back(hop)
        return self._backs[hop]

    def _find_back(self, hop: Hop) -> LoopStep | None:
        first = self._socket(hop, hop.targets[0]) if hop.targets else None
        if first is None or any(map(self._may_end, hop.context.up())):
            return None
        for target in hop.targets[1:]:
            if target.group != hop.targets[0].group or self._socket(hop, target) is not first:
                return None
        return LoopStep(hop, hop.targets[0], first)

    def _may_end(self, level: Context) -> bool:
        if level not in self._ends:
            self._ends[level] = _may_end(level)
        return self._ends[level]

    def _socket(self, hop: Hop, target: Target) -> ListeningSocket | None:
        return own_socket(self._routing.servers, hop, target)

    def _next(self, request: _Visit, step: LoopStep) -> tuple[_Visit, bool] | None:
        """The request that comes of one, and whether all those at its hop go there; None where it
        is not certain, or no pass takes it."""
        hop = request.hop
        routing = self._routing
        if hop.kind == "stream":
            handler = routing.stream_handler(step.socket)
            if handler is None or handler.hop is None:
                return None
            return _Visit(handler.hop, None, None), True
        host, given = host_sent(hop, step.target, request.host)
        server = step.socket.server_for(host) if host else None
        uri = uri_sent(hop, request.uri)
        if server is None or uri is None:
            return None
        sole = given or len(step.socket.servers) == 1 or server is routing.server_of(hop)
        if server is routing.server_of(hop) and not uri.changed:
            return _Visit(hop, host, request.uri), sole
        handler = None if uri.text is None else routing.handler_in(server, uri.text)
        if handler is None or handler.hop is None or "try_files" in handler.level.by_name:
            return None
        prefix = prefix_of(handler.level) or ""
        every = sole and handler.level.args[0] != "="
        every &= takes_all_below(server.context, handler.level, prefix)
        return _Visit(handler.hop, host, uri.text), every

    def _a_host(self, hop: Hop) -> str | None:
        """A host by which a client gets to the server of a hop; None where none is known."""
        if hop.kind == "stream":
            return None
        return self._routing.host_for(self._routing.server_of(hop))

    def _a_uri(self, hop: Hop) -> str | None:
        """A URI of the requests that get to a hop; None where none is known."""
        tried = "try_files" in hop.context.by_name or "try_files" in hop.context.uncertain
        if hop.kind == "stream" or tried:
            return None
        return self._routing.uri_for(hop)


def _may_end(level: Context) -> bool:
    """Whether something at a level may answer a request, or change it."""
    return _answers(level) or (_is_named(level) and not _falls_back(level))


@once_a_context
def _answers(level: Context) -> bool:
    if level.unseen or any(child.name == "if" for child in level.children):
        return True
    if level.conditional or any(map(_MAY_END.fullmatch, level.uncertain)):
        return True
    return any(
        _MAY_END.fullmatch(name)
        and not (name.startswith("auth_") and all(line.args[:1] == ("off",) for line in lines))
        for name, lines in level.by_name.items()
    )


def _is_named(level: Context) -> bool:
    return level.name == "location" and level.args[0].startswith("@")


def _falls_back(location: Context) -> bool:
    """Whether requests get to a named location by ``try_files`` only: those that come back do so
    again. Named locations that lead back to each other do not count as such."""
    server = location.enclosing("server")
    if server is None:
        return False
    waiting, seen = [location], {location}
    while waiting:
        name = waiting.pop().args[0]
        found = origins(server).get(name, ())
        if not found or name in error_pages(server):
            return False
        for level in (above for one in found for above in one.level.up()):
            if _answers(level) or level in seen:
                return False
            if _is_named(level):
                seen.add(level)
                waiting.append(level)
    return True
