"""What stands before nginx, and sends to it."""

from __future__ import annotations

import re
from itertools import chain

from msgspec.structs import replace

from lint502.behaviour.front_headers import heads_of, large_heads
from lint502.behaviour.front_waits import late_answers, slow_answers, waits
from lint502.behaviour.fronts import (
    Trouble,
    Way,
    early_closings,
    header_differences,
    rejecting,
    rejections,
    timeouts,
)
from lint502.findings import Finding
from lint502.lab.behind import Planned, routes, servers_of
from lint502.lab.client import Request
from lint502.lab.demonstrations.case import CannotShowError, Experiment
from lint502.lab.demonstrations.usual import LARGEST_BODY, SHORT
from lint502.lab.front import FrontBehaviour
from lint502.lab.plan import CERTIFICATES, LISTEN, Plan
from lint502.lab.play import PlayOptions
from lint502.lab.scripts import FrontRace, LargeThroughFront, LateThroughFront, ThroughFront
from lint502.lab.standins.behaviour import Behaviour
from lint502.lab.writing import quoted
from lint502.nginx.parse import Directive
from lint502.nginx.values import format_size, format_time
from lint502.pairing import Pair
from lint502.patterns import regex
from lint502.site import Site

_TRIP = 0.05
"""Seconds from the front to nginx, at least."""

_MOMENT = 0.02
"""Seconds before the front would close a connection, or hear that nginx has."""

_LONGER = 0.2
"""The same where nothing is to happen, and the machine may be busy."""

_ROOM = 4096
"""Bytes of a buffer for what else is in it."""

_MUCH_LATER = 500
"""Milliseconds after which the front does not wait any more, of those in the lab."""

_NEAR = 100
"""Milliseconds that two times have to be apart to be told apart."""

_PLAIN_NAME = regex(r"[\w.-]+", re.ASCII)
_ANY_MARGIN = 2**63
"""Milliseconds: whatever a rule takes for too early."""


def trouble(finding: Finding, site: Site) -> Trouble | None:
    """What a finding about a front is about, where it is in this site."""
    place = finding.place
    found = chain(early_closings(site, _ANY_MARGIN), header_differences(site), rejections(site))
    if finding.rule == "front-response-headers":
        found = chain(one for one, _ in large_heads(site))
    if finding.rule == "front-read-timeout":
        found = chain(one for one, _ in late_answers(site))
    for one in found:
        line = one.line.place()
        there = (line.file, line.line, line.column) == (place.file, place.line, place.column)
        if there and one.ways[0].front.name == finding.front:
            return one
    return None


def closed_early(way: Way, site: Site, line: Directive | None) -> Experiment:
    """A second request on a connection, at the last moment at which the front uses it. ``line``
    is that which sets for how long nginx keeps it, None for any."""
    idle = way.front.idle_timeout
    found = list(timeouts(way, site.version))
    found = [timeout for timeout in found if timeout.directive is line] or found
    if idle is None or not found:
        raise CannotShowError("how long its connections are kept is not known")
    closes = min(timeout.value for timeout in found)
    factor = max(1.0, min(idle.value, closes) / SHORT)
    last, lag = min(idle.value, closes) / factor / 1000, (closes - idle.value) / factor / 1000
    too_late = line is not None
    trip = max(_TRIP, lag + _TRIP) if too_late else _TRIP
    round_trip = format_time(round(2 * trip * factor * 1000))
    keeps = f"keepalive_timeout {max(1, round(closes / factor))}ms;"
    return Experiment(
        _plan(way, site, factor, keeps),
        FrontRace(_behaviour(way), _request(way), last - (_MOMENT if too_late else _LONGER), trip),
        PlayOptions(round_trip_matters=True),
        (*_documented(way), f"on a network with a round trip of {round_trip}"),
    )


def as_it_asks(way: Way, site: Site, line: Directive | None) -> Experiment:
    """One request."""
    shown = ThroughFront(_behaviour(way), _request(way))
    return Experiment(_plan(way, site), shown, conditions=_documented(way))


def large_head(way: Way, site: Site, line: Directive | None) -> Experiment:
    """A response with the largest head that an upstream sends; ``line`` is the pass to it."""
    heads = heads_of(site, way, line)
    if not heads:
        raise CannotShowError("how large the response headers are is not known")
    head = max(heads, key=lambda one: one.size.value)
    size = head.size.value
    if size > LARGEST_BODY:
        raise CannotShowError(f"a response header of {format_size(size)} is too large for the lab")
    server = _behind(head.pair, site)
    passes = (
        f"proxy_buffer_size {size + _ROOM}; proxy_buffers 4 {size + _ROOM}; "
        f"proxy_busy_buffers_size {2 * (size + _ROOM)}; proxy_pass http://@{server.address}@;"
    )
    made = _plan(way, site, location=passes)
    takes = way.front.response_headers
    behaviour = replace(_behaviour(way), response_headers=None if takes is None else takes.value)
    return Experiment(
        replace(made, servers=(server,)),
        LargeThroughFront(behaviour, _request(way), size),
        conditions=_documented(way),
    )


def late_answer(way: Way, site: Site, line: Directive | None) -> Experiment:
    """An answer that takes as long as it may, where the front waits for less; ``line`` is the pass
    to the upstream."""
    slow = [
        one
        for one in slow_answers(site)
        if one.way.front is way.front
        and one.way.server is way.server
        and (line is None or one.pair.hop.directive is line)
    ]
    waiting = waits(way.front)
    if not slow or waiting is None:
        raise CannotShowError("how long answers take is not known")
    slowest = max(slow, key=lambda one: one.takes.value)
    server = _behind(slowest.pair, site)
    factor = max(1.0, waiting.value / SHORT)
    takes = min(slowest.takes.value, waiting.value + _MUCH_LATER * factor)
    if abs(takes - waiting.value) < _NEAR * factor:
        near = f"{format_time(slowest.takes.value)} and {format_time(waiting.value)}"
        raise CannotShowError(f"{near} are too near to tell apart")
    made = _plan(way, site, location=f"proxy_pass http://@{server.address}@;")
    status = way.front.timeout_status
    behaviour = replace(
        _behaviour(way),
        waits=waiting.value / factor / 1000,
        late=None if status is None else status.value,
    )
    name = way.front.name
    return Experiment(
        replace(made, servers=(server,)),
        LateThroughFront(behaviour, _request(way), takes / factor / 1000),
        conditions=(f"a front that waits for {format_time(waiting.value)} stands in for {name}",),
    )


def _behind(pair: Pair, site: Site) -> Planned:
    """A server that answers, where a pair has its own."""
    hop = pair.hop
    route = next(one for one in routes(hop, site.pairs[hop.id]) if pair in one.pairs)
    servers, _ = servers_of(route, {id(pair)}, 1.0)
    server = next(one for one in servers if one.address == pair.target.address)
    return replace(server, behaviour=Behaviour(), failing=True)


def _behaviour(way: Way) -> FrontBehaviour:
    front = way.front
    sends = front.proxy_protocol
    return FrontBehaviour(
        header=way.socket.proxy_protocol if sends is None else sends.value,
        tls=way.socket.tls,
        name=_asked(way),
        closed=way.closed_status,
        too_large=way.headers_status,
    )


def _asked(way: Way) -> str:
    """The name in the TLS handshake: where it is not declared, one that fits."""
    return _host(way) if way.front.sni is None else way.front.sni.value


def _documented(way: Way) -> tuple[str, ...]:
    """What a clause has to say of the front, which is not the real one."""
    status, name = way.front.closed_status, way.front.name
    if way.closed_status is None:
        return (f"a front that passes connections on stands in for {name}",)
    what = f"answers {way.closed_status} where no response comes"
    if status is None or status.profile is None:
        return (f"a front that {what} stands in for {name}",)
    return (f"a front that {what}, as {status.profile} is documented to, stands in for {name}",)


def _request(way: Way) -> Request:
    return Request(host=_host(way))


def _host(way: Way) -> str:
    return way.name if _PLAIN_NAME.fullmatch(way.name) else Request().host


def _plan(
    way: Way, site: Site, factor: float = 1.0, setting: str = "", location: str = "return 200;"
) -> Plan:
    """The server with its socket, and the one that rejects the handshake, if one does."""
    socket, lines = way.socket, []
    listen = f"listen {LISTEN}"
    listen += " ssl" if socket.tls else ""
    listen += " proxy_protocol" if socket.proxy_protocol else ""
    if socket.tls:
        lines.append(f"ssl_certificate {CERTIFICATES}/client.pem;")
        lines.append(f"ssl_certificate_key {CERTIFICATES}/client.key;")
    if way.stream:
        lines.append(r'return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";')
        return Plan("stream", "", _server(f"{listen};", *lines), (), (), factor)
    names = dict.fromkeys([_host(way), *way.server.names])
    text = _server(
        f"{listen};",
        f"server_name {' '.join(quoted(name) for name in names)};",
        *lines,
        *([setting] if setting else []),
        f"location / {{ {location} }}",
    )
    asked = socket.server_for(_asked(way)) if socket.tls else None
    if asked is not None and rejecting(asked.context, site.version):
        called = [quoted(name) for name in asked.names if name]
        named = [f"server_name {' '.join(called)};"] if called else []
        if asked is socket.default:
            listen += " default_server"
        text += _server(f"{listen};", *named, "ssl_reject_handshake on;")
    return Plan("proxy", text, "", (), (), factor)


def _server(*lines: str) -> str:
    return "    server {\n" + "".join(f"        {line}\n" for line in lines) + "    }\n"
