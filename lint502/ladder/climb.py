"""From a request to its ladder: where it comes in, where it may go, and what counts there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.behaviour.rewriting import Request
from lint502.behaviour.ways import Arrival, End, Passes, Point, Ways, ways
from lint502.findings import Finding
from lint502.ladder.asked import asked_before
from lint502.ladder.endings import endings, status_of
from lint502.ladder.entries import Entry, entries
from lint502.ladder.figures import called
from lint502.ladder.inner import behind
from lint502.ladder.mapped import groups_of
from lint502.ladder.model import Ladder, Route, Rung
from lint502.ladder.outcomes import outcomes
from lint502.ladder.rungs import (
    body_levels,
    front_rung,
    hop_rung,
    pool_rung,
    server_rung,
    step_rungs,
    upstream_rung,
)
from lint502.ladder.seen import Subject
from lint502.ladder.streams import stream_ladder
from lint502.ladder.wanted import Wanted
from lint502.nginx.hops import Hop
from lint502.nginx.slashes import merges_slashes
from lint502.pairing import Pair
from lint502.run import Result
from lint502.wording import listed

_MOST_ROUTES = 8
_MOST_INSIDE = 4
"""How often a way goes on through nginx itself."""
_CODE = "code, or an include that is not seen, may send the request anywhere in this server"
_NO_TRACE = "nginx answers 405 to TRACE, wherever it is for"
_SPEAKS_TLS = "nginx speaks TLS here: it answers 400 to plain HTTP"


def ladder(result: Result, wanted: Wanted) -> Ladder:
    """The ladder of a request in the configuration that a run has checked."""
    if wanted.stream:
        return stream_ladder(result, wanted)
    found = entries(result.sites, wanted)
    undecided: list[str] = []
    if not found:
        undecided.append("no server of http {} is in what was read")
    elif len(found) > 1:
        roots = dict.fromkeys(entry.site.tree.name for entry in found)
        undecided.append(
            f"{len(roots)} roots have a server for it ({listed(roots)}): name one with --root"
            if len(roots) > 1
            else "several servers may take it: name the port of one in the URL"
        )
    routes: list[Route] = []
    climb = _Climb(result)
    for entry in found[:_MOST_ROUTES]:
        more, why = _of_entry(climb, entry, wanted)
        routes += more
        undecided += why
    undecided += _left_open(routes[:_MOST_ROUTES])
    return Ladder(
        wanted.url,
        wanted.method,
        wanted.headers,
        tuple(routes[:_MOST_ROUTES]),
        tuple(dict.fromkeys(undecided)),
        tuple(_notes(found, wanted)),
    )


def _notes(found: Sequence[Entry], wanted: Wanted) -> Iterator[str]:
    """How the server was chosen, where that is not by its name and port."""
    for entry in found[:1]:
        if not entry.called:
            label = entry.server.label or "without a name"
            yield (
                f"no server is called {wanted.host}: the default server takes it, server {label} "
                f"({_where(entry)})"
            )
        if not entry.at_port:
            yield (
                f"nothing listens at port {wanted.port} here, so something before nginx is taken "
                f"to send it to {entry.socket.listens[0]}"
            )
        elif wanted.scheme == "https" and not entry.socket.tls:
            yield f"{entry.socket.listens[0]} speaks no TLS: something before nginx has to end it"


def _where(entry: Entry) -> str:
    opener = entry.server.context.opener
    return "" if opener is None else f"{opener.source.name}:{opener.line}"


def _left_open(routes: Sequence[Route]) -> Iterator[str]:
    """Why the routes do not tell all."""
    if len({route.root for route in routes}) < len(routes):
        yield "the request may go several ways, by what the files do not tell"
    yield from (route.undecided for route in routes if route.undecided)


class _Climb(Struct, frozen=True):
    """The run that is looked at, and the servers that a request has been at, with the URI; the ways
    that are ``known`` of such, so that each is followed once."""

    result: Result
    passed: tuple[tuple[int, str], ...] = ()
    known: dict[tuple[int, str, str], list[Route]] = field(default_factory=dict)


def _of_entry(climb: _Climb, entry: Entry, wanted: Wanted) -> tuple[list[Route], list[str]]:
    """The routes of one server, and why they may not be all."""
    why = []
    if not entry.certain:
        why.append("which server has the name of the host is not known")
    if wanted.scheme == "http" and entry.socket.tls and entry.at_port:
        return [_answered(entry, _SPEAKS_TLS, 400)], why
    if wanted.method == "TRACE":
        return [_answered(entry, _NO_TRACE, 405)], why
    site = entry.site
    passes = Passes(site.every_hop)
    routes: list[Route] = []
    for merge in sorted(merges_slashes(entry.server, [entry.socket], site.version)):
        uri = wanted.uri(merge_slashes=merge)
        if uri is None:
            refused = "nginx answers 400: the path is no URI that it takes"
            routes.append(_answered(entry, refused, 400))
            continue
        request = Request(uri, wanted.method)
        led = ways(entry.server.context, request, wanted.asked(), passes)
        if led.anywhere:
            why.append(_CODE)
        routes += _of_ways(climb, entry, wanted, led)
    return routes, why


def _of_ways(climb: _Climb, entry: Entry, wanted: Wanted, led: Ways) -> list[Route]:
    """A route for each pass, and for each answer of nginx itself, that the request may get to."""
    taken, ends = endings(led)
    site = entry.site
    order = {hop.id: number for number, hop in enumerate(site.every_hop)}
    first: dict[str, Arrival] = {}
    for one in sorted(taken, key=lambda one: (order[one.hop.id], len(led.trail(led.at[one])))):
        first.setdefault(one.hop.id, one)
    if climb.passed and len(first) + len(ends) > 1:
        return []  # only the one way that there is goes on
    routes = [_at_hop(climb, entry, wanted, led, one) for one in first.values()]
    return [*routes, *(_at_end(entry, led, end) for end in ends)]


def _start(entry: Entry, led: Ways | None, point: Point | None) -> list[Rung]:
    """The rungs up to a location."""
    rungs = [front_rung(front) for front in entry.fronts]
    rungs.append(server_rung(entry))
    if led is not None and point is not None:
        rungs += step_rungs(led.trail(point), entry.site.version)
    return rungs


def _at_hop(climb: _Climb, entry: Entry, wanted: Wanted, led: Ways, arrival: Arrival) -> Route:
    hop, site, point = arrival.hop, entry.site, led.at[arrival]
    trail = led.trail(point)
    pairs = site.pairs.get(hop.id, ())
    chosen = groups_of(hop, arrival.request, wanted.asked())
    if chosen is not None:
        pairs = tuple(pair for pair in pairs if pair.target.group in chosen)
    asked = {pair.target.block for pair in pairs}
    rungs = _start(entry, led, point)
    beside = asked_before(entry, point[0], wanted)
    rungs += beside.rungs
    rungs.append(hop_rung(hop, known=chosen is not None))
    blocks = [block for block in hop.blocks if chosen is None or block in asked]
    rungs += [pool_rung(site, hop, block) for block in blocks]
    inside: dict[int, Route] = {}
    for pair in pairs:
        rungs.append(upstream_rung(pair))
        more = _inside(climb, entry, wanted, arrival.request, pair)
        if isinstance(more, Route):
            shown = any(one is more for one in inside.values())
            inside[id(pair)] = more
            note = "nginx itself, as above" if shown else "nginx itself"
            rungs[-1] = replace(rungs[-1], notes=(note,))
            rungs += () if shown else more.rungs
        elif more:
            rungs[-1] = replace(rungs[-1], notes=(more,))
    found = _findings(climb.result, entry, hop.id)
    ways_on = {id(route): route for route in inside.values()}
    further = (one for route in ways_on.values() for one in route.findings)
    findings = tuple(dict.fromkeys((*found, *further)))
    subject = Subject(entry, wanted.method, hop, pairs, tuple(body_levels(trail)), inside)
    report = next(one for one in climb.result.report.hops if one.id == hop.id)
    return Route(
        site.tree.name,
        entry.server.label,
        tuple(rungs),
        report,
        outcomes=tuple(outcomes(subject, found, beside.outcomes)),
        findings=findings,
        undecided="" if chosen is not None else _open_targets(hop),
    )


def _inside(
    climb: _Climb, entry: Entry, wanted: Wanted, request: Request, pair: Pair
) -> Route | str:
    """The way that goes on behind a server that is nginx itself; else a note, "" for another."""
    found = behind(entry, pair, request, wanted)
    if found is None:
        return ""
    passed = (*climb.passed, (id(entry.server), wanted.target))
    if (id(found.entry.server), found.wanted.target) in passed:
        return "nginx itself: the request comes back to where it has been"
    if len(passed) > _MOST_INSIDE:
        return "nginx itself: the way is not followed any further"
    key = (id(found.entry.server), found.wanted.host, found.wanted.target)
    if key not in climb.known:
        routes, why = _of_entry(replace(climb, passed=passed), found.entry, found.wanted)
        known = len(routes) == 1 and not why and not routes[0].undecided
        climb.known[key] = routes if known else []
    if not climb.known[key]:
        return "nginx itself: which way the request takes there is not known"
    return climb.known[key][0]


def _open_targets(hop: Hop) -> str:
    """Why it is not known which servers are asked; "" where it is."""
    written = f"{hop.directive.name} {hop.written}"
    if hop.unknown is not None:
        return f"{written}: {hop.unknown}"
    if len({target.group for target in hop.targets}) > 1:
        return f"{written}: which of its addresses it is depends on what the files do not tell"
    return ""


def _findings(result: Result, entry: Entry, hop: str) -> tuple[Finding, ...]:
    """What ``check`` finds at a pass, and between a front and the server."""
    fronts = {front.name for front in entry.fronts}
    return tuple(
        finding
        for finding in result.report.findings
        if hop in finding.hops or (finding.front in fronts and not finding.hops)
    )


def _at_end(entry: Entry, led: Ways, end: End) -> Route:
    """Where nginx answers by itself."""
    level = end.point[0]
    place = None if end.line is None else end.line.place()
    shown = status_of(led, end)
    if end.file:
        text = f"nginx answers with a file, or with {end.status or 404} where there is none"
    elif end.line is not None:
        words = " ".join((end.line.name, *end.line.args))
        status = "" if shown is None else f" with {shown}"
        text = f"nginx answers{status} by itself: {words}"
        if end.elsewhere:
            text += ", for which error_page sends the client to another URL"
    elif end.status is not None:
        text = f"nginx answers with {end.status} by itself: it adds a slash to the path"
    else:
        text = f"nginx answers by itself in {called(level)}"
    rungs = (*_start(entry, led, end.point), Rung("answer", text, place))
    return Route(
        entry.site.tree.name,
        entry.server.label,
        rungs,
        None,
        text,
        shown,
    )


def _answered(entry: Entry, text: str, status: int) -> Route:
    rungs = (*_start(entry, None, None), Rung("answer", text))
    return Route(entry.site.tree.name, entry.server.label, rungs, None, text, status)
