"""From a port of ``stream {}`` to the ladder of a connection that comes there.

Source: ``src/stream/ngx_stream_proxy_module.c``: another server is
asked only until one has accepted, and ``proxy_timeout`` ends what is silent in both directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lint502.behaviour.front_waits import waits
from lint502.behaviour.fronts import ways
from lint502.declared.listeners import Front
from lint502.findings import Finding, Severity
from lint502.ladder.figures import called, setting
from lint502.ladder.model import FigureKind, Ladder, Outcome, Route, Rung
from lint502.ladder.rungs import front_rung, upstream_rung
from lint502.ladder.slow import connecting_attempt, endings
from lint502.ladder.wanted import Wanted
from lint502.nginx.hops import Hop
from lint502.nginx.servers import ListeningSocket, VirtualServer
from lint502.nginx.values import format_time
from lint502.pairing import Pair
from lint502.run import Result
from lint502.site import Site
from lint502.wording import by_profile

_CLOSED = "the connection is closed without an answer"
_ROWS: tuple[tuple[FigureKind, str, str], ...] = (
    ("timer", "proxy_connect_timeout", "until a connection stands"),
    ("timer", "proxy_timeout", "between two reads or writes, of either side"),
    ("retry", "proxy_next_upstream", "whether another server is asked where none accepts"),
    ("retry", "proxy_next_upstream_tries", "how many are asked at most; 0: all"),
    ("retry", "proxy_next_upstream_timeout", "how long others are asked; 0: without end"),
    ("setting", "proxy_protocol", "whether the PROXY header is sent"),
    ("setting", "proxy_ssl", "whether TLS is spoken"),
)


def stream_ladder(result: Result, wanted: Wanted) -> Ladder:
    """The ladder of a connection, or of datagrams, to the port of a URL."""
    found = [
        (site, socket)
        for site in result.sites
        for area in site.servers
        if area.stream
        for socket in area.sockets
        if wanted.port in socket.ports and socket.datagrams == (wanted.scheme == "udp")
    ]
    undecided = []
    if not found:
        undecided.append(f"no server of stream {{}} listens at port {wanted.port}")
    elif len(found) > 1:
        undecided.append("several servers may take it: name the address of one in the URL")
    routes: list[Route] = []
    for site, socket in found[:_MOST]:
        server = _server(socket, wanted)
        if server is None:
            undecided.append("the name in the TLS handshake decides which server takes it")
            continue
        route, why = _route(result, site, socket, server)
        routes.append(route)
        undecided += [why] if why else []
    return Ladder(wanted.url, "", (), tuple(routes), tuple(dict.fromkeys(undecided)))


_MOST = 8


def _server(socket: ListeningSocket, wanted: Wanted) -> VirtualServer | None:
    """The server of a socket: the only one, or the one that is called as the host of the URL."""
    return socket.default if len(socket.servers) == 1 else socket.named(wanted.host)


def _route(
    result: Result, site: Site, socket: ListeningSocket, server: VirtualServer
) -> tuple[Route, str]:
    """The way of a connection, and why it is not known which servers are asked, if so."""
    fronts = tuple(
        dict.fromkeys(way.front for way in ways(site) if way.server is server and way.stream)
    )
    opener = server.context.opener
    where = ", ".join(dict.fromkeys(map(str, socket.listens)))
    place = None if opener is None else opener.place()
    rungs = [
        *map(front_rung, fronts),
        Rung("server", f"stream server at {where}{' ssl' * socket.tls}", place),
    ]
    hop = next((one for one in site.every_hop if one.context is server.context), None)
    name = site.tree.name
    if hop is None:
        rungs.append(Rung("answer", "no pass is here", place))
        return Route(name, server.label, tuple(rungs), answer="nginx ends the connection"), ""
    rows = (one for kind, row, about in _ROWS for one in setting(hop.scope, row, kind, about))
    written = f"{hop.directive.name} {hop.written}"
    rungs.append(Rung("hop", written, hop.directive.place(), tuple(rows)))
    rungs += [Rung("pool", called(one.context), one.opener.place()) for one in hop.blocks]
    pairs = site.pairs.get(hop.id, ())
    rungs += map(upstream_rung, pairs)
    findings = tuple(one for one in result.report.findings if hop.id in one.hops)
    report = next(one for one in result.report.hops if one.id == hop.id)
    several = len({target.group for target in hop.targets}) > 1
    why = hop.unknown or ("which of its addresses it is depends on the connection" * several)
    return (
        Route(
            name,
            server.label,
            tuple(rungs),
            report,
            outcomes=tuple(_outcomes(hop, pairs, fronts, findings)),
            findings=findings,
        ),
        f"{written}: {why}" if why else "",
    )


def _outcomes(
    hop: Hop, pairs: Sequence[Pair], fronts: Sequence[Front], findings: Sequence[Finding]
) -> Iterator[Outcome]:
    for one in findings:
        if one.severity is Severity.ERROR and one.frequency == "always":
            by = one.about or "nginx"
            yield Outcome("finding", "every connection", by, None, one.message, instead=_CLOSED)
    if hop.datagrams:
        return
    found = endings(pairs, connecting_attempt, frozenset())
    if found:
        first = found[0]
        each = f" at each of {first.attempts} servers" if first.attempts > 1 else ""
        yield Outcome(
            "no-connection",
            f"no server accepts a connection within {format_time(first.after)}",
            "nginx",
            None,
            f"proxy_connect_timeout is {format_time(first.last.after)}{each}",
            first.after,
            instead=_CLOSED,
        )
        why = f"nginx asks {first.attempts} of them"
        when = "every server refuses the connection"
        yield Outcome("refused-connection", when, "nginx", None, why, 0, instead=_CLOSED)
    yield from _silent(hop, pairs, fronts)


def _silent(hop: Hop, pairs: Sequence[Pair], fronts: Sequence[Front]) -> Iterator[Outcome]:
    """Who ends a session first in which nobody says anything."""
    timeout = hop.scope.time("proxy_timeout")
    if timeout is None:
        return
    ends = [(timeout.value, "nginx", timeout.described("proxy_timeout"))]
    for pair in pairs:
        idle = None if pair.meant is None else pair.meant.idle_timeout
        if idle is not None and pair.meant is not None:
            ends.append((idle.value, pair.meant.upstream, f"it closes idle ones{by_profile(idle)}"))
    for front in fronts:
        waiting = waits(front)
        if waiting is not None:
            ends.append((waiting.value, front.name, f"it waits no longer{by_profile(waiting)}"))
    after, by, why = min(ends)
    limit = format_time(after)
    yield Outcome(
        "silent-session", f"neither side sends anything for {limit}", by, None,
        f"{by} ends it after {limit}: {why}", after, instead=_CLOSED,
    )  # fmt: skip
