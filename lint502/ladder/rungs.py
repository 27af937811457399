"""The rungs of a way, from what stands before nginx to the servers behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lint502.behaviour.front_waits import waits
from lint502.behaviour.keepalive import meeting_kept_connections, reuse
from lint502.behaviour.level_ways import level_ways
from lint502.behaviour.request_headers import FIRST_BUFFER, LARGE_BUFFERS
from lint502.behaviour.rewriting import is_of_files
from lint502.behaviour.subrequest_ways import asked_by
from lint502.behaviour.ways import Came, Point
from lint502.declared.listeners import Front, Listener
from lint502.hop_states import upstream_of
from lint502.ladder.entries import Entry
from lint502.ladder.figures import called, fact, setting
from lint502.ladder.model import Figure, FigureKind, Rung
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope
from lint502.nginx.tree import Context
from lint502.nginx.upstreams import Block
from lint502.nginx.values import format_time
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.site import Site

_Row = tuple[FigureKind, str, str]

_OF_THE_SERVER: tuple[_Row, ...] = (
    ("timer", "client_header_timeout", "until the client has sent its header"),
    ("size", FIRST_BUFFER, "holds the header of most requests"),
    ("size", LARGE_BUFFERS, "a longer line or header is refused"),
    ("size", "max_headers", "more header lines are refused"),
)
_OF_THE_LOCATION: tuple[_Row, ...] = (
    ("size", "client_max_body_size", "a larger body is refused"),
    ("size", "client_body_buffer_size", "a larger body is written to a file first"),
    ("timer", "client_body_timeout", "between two reads of the body"),
)
_TO_THE_CLIENT: tuple[_Row, ...] = (
    ("setting", "error_page", "what the client gets for a status"),
    ("timer", "send_timeout", "between two writes to the client"),
    ("timer", "keepalive_timeout", "until an idle connection of the client is closed"),
    ("pool", "keepalive_requests", "requests on one connection of the client"),
    ("timer", "keepalive_time", "the age at which such a connection ends"),
)
_RESOLVING: tuple[_Row, ...] = (
    ("setting", "resolver", "looks the name up for each request"),
    ("timer", "resolver_timeout", "until a name is given up"),
)
_OF_THE_HOP: tuple[_Row, ...] = (
    ("timer", "connect_timeout", "until a connection stands"),
    ("setting", "request_buffering", "off: a body that is being sent is not sent again"),
    ("timer", "send_timeout", "between two writes to the upstream"),
    ("timer", "read_timeout", "between two reads of the response"),
    ("size", "buffer_size", "holds the head of the response"),
    ("size", "buffers", "hold the rest of the response"),
    ("setting", "http_version", "what nginx speaks"),
    ("setting", "keep_conn", "whether connections are kept"),
    ("retry", "next_upstream", "after which failures another server is asked"),
    ("retry", "next_upstream_tries", "how many are asked at most; 0: all"),
    ("retry", "next_upstream_timeout", "how long others are asked; 0: without end"),
    ("setting", "intercept_errors", "on: error_page counts for the upstream's statuses too"),
)
_OF_THE_POOL: tuple[_Row, ...] = (
    ("timer", "keepalive_timeout", "until an idle connection is closed"),
    ("pool", "keepalive_requests", "requests on one connection"),
    ("timer", "keepalive_time", "the age at which a connection ends"),
)


def front_rung(front: Front) -> Rung:
    """What stands before nginx."""
    kind = "" if front.kind is None else f" ({front.kind.value})"
    waiting = waits(front)
    return Rung(
        "front",
        f"front {front.name}{kind}",
        front.place,
        (
            *fact("connect_timeout", front.connect_timeout, "timer", "until nginx accepts"),
            *fact("connect_tries", front.connect_tries, "setting", "how often it tries"),
            *fact("connect_status", front.connect_status, "setting", "what its client gets then"),
            *fact(
                "tcp_idle_timeout" if waiting is front.tcp_idle_timeout else "read_timeout",
                waiting,
                "timer",
                "until nginx starts a response",
            ),
            *fact("timeout_status", front.timeout_status, "setting", "what its client gets then"),
            *fact(
                "idle_timeout",
                front.idle_timeout,
                "timer",
                "until it closes an idle connection to nginx",
                "keepalive_timeout",
            ),
            *fact("response_headers", front.response_headers, "size", "the largest response head"),
            *fact(
                "response_header_lines", front.response_header_lines, "setting", "the most lines"
            ),
            *fact("headers_status", front.headers_status, "setting", "what its client gets beyond"),
            *fact("closed_status", front.closed_status, "setting", "where nginx closes early"),
        ),
        tuple(_front_notes(front)),
    )


def _front_notes(front: Front) -> Iterator[str]:
    if waits(front) is None:
        yield "how long it waits for a response is not declared"
    if front.passes_tcp is not None and front.passes_tcp.value:
        yield "it passes connections on, and answers nothing itself"


def server_rung(entry: Entry) -> Rung:
    """The server, and what is in effect while its header is read: that of the default server of
    the socket, unless the TLS handshake has named another one."""
    server, socket = entry.server, entry.socket
    reading = server if socket.tls else socket.default
    scope = Scope(reading.context, entry.site.version)
    figures = list(_rows(scope, _OF_THE_SERVER[:2]))
    own = Scope(server.context, entry.site.version)
    figures += _rows(own, _OF_THE_SERVER[2:])
    opener = server.context.opener
    where = ", ".join(dict.fromkeys(map(str, socket.listens)))
    tls = " ssl" if socket.tls else ""
    return Rung(
        "server",
        f"server {server.label or 'without a name'} at {where}{tls}",
        None if opener is None else opener.place(),
        tuple(figures),
    )


def step_rungs(trail: Sequence[tuple[Point, Came]], version: Version) -> Iterator[Rung]:
    """Each level behind the server, with what is in effect there, and what has led to it."""
    before: Context | None = None
    for (level, request), came in trail:
        word = _WORDS.get(came.how)
        if word is not None and before is not None:
            line = came.line or next(iter(reversed(_lines_of(before, came.how))), None)
            text = f"{word} {request.uri.text}{'…' if request.uri.open else ''}"
            yield Rung("step", text, None if line is None else line.place())
        before = level
        if level.name != "location":
            continue
        named = level.args[0].startswith("@")
        scope = Scope(level, version)
        figures = () if named else tuple(_rows(scope, _OF_THE_LOCATION))
        notes = list(_asked_notes(level))
        if "try_files" in level.by_name:
            notes.append("try_files looks for files first")
        if any(child.name == "if" and is_of_files(child) for child in level.children):
            notes.append("an if looks for files here: they are taken not to be there")
        if level_ways(level).turns_away:
            notes.append("access rules, limits or a password may turn it away here")
        opener = level.opener
        place = None if opener is None else opener.place()
        yield Rung("location", called(level), place, figures, tuple(notes))


def _asked_notes(level: Context) -> Iterator[str]:
    """What is asked for beside the requests at a level."""
    words = {
        "auth_request": "{} is asked first",
        "mirror": "a copy goes to {}, whatever comes of that",
    }
    for name, paths in asked_by(level).items():
        yield from (words.get(name, "{} is asked for as well").format(path) for path in paths)


_WORDS = {
    "rewrite": "rewritten to",
    "try_files": "try_files: no such file is there, so",
    "index": "index: if there is such a file,",
    "error_page": "error_page: only where nginx would answer with an error,",
    "post_action": "post_action: afterwards,",
}
"""What leads from one level to another, but for the search for a location."""


def _lines_of(level: Context, name: str) -> Sequence[Directive]:
    """The lines of a name in effect at a level."""
    return next((one.by_name[name] for one in level.up() if name in one.by_name), ())


def hop_rung(hop: Hop, *, known: bool) -> Rung:
    """The pass, with what is in effect there; ``known``: the request decides where it goes."""
    figures: list[Figure] = []
    if any(target.needs_resolver for target in hop.targets) or hop.unknown is not None:
        figures += _rows(hop.scope, _RESOLVING)
    figures += _rows(
        hop.scope, [(kind, f"{hop.kind}_{name}", about) for kind, name, about in _OF_THE_HOP]
    )
    figures += _rows(hop.scope, _TO_THE_CLIENT)
    notes = [] if hop.unknown is None or known else [hop.unknown]
    return Rung(
        "hop",
        f"{hop.directive.name} {hop.written}",
        hop.directive.place(),
        tuple(figures),
        tuple(notes),
    )


def pool_rung(site: Site, hop: Hop, block: Block) -> Rung:
    """The idle connections of a block."""
    scope = Scope(block.context, site.version)
    pool = block.pool(site.version)
    kept = reuse(hop, site.version)
    notes = []
    figures = list(setting(scope, "keepalive", "pool", "idle connections that are kept"))
    if pool is not None and pool.connections == 0:
        notes.append("no idle connection is kept")
    elif (block, hop.id) in meeting_kept_connections(site):
        figures += _rows(scope, _OF_THE_POOL)
    elif kept.kept is False:
        notes.append(f"no connection of this pass is kept: {kept.why}")
    return Rung("pool", called(block.context), block.opener.place(), tuple(figures), tuple(notes))


def upstream_rung(pair: Pair) -> Rung:
    """One server that the pass may ask, and what is claimed of it."""
    target, listener = pair.target, pair.meant
    name = upstream_of(pair)
    notes = []
    peer = target.server
    figures: list[Figure] = []
    if peer is not None:
        roles = [word for word in ("backup", "down") if getattr(peer, word)]
        notes += [f"{role} server" for role in roles]
        for word in ("max_fails", "fail_timeout", "max_conns"):
            value = getattr(peer, word)
            given = any(arg.startswith(f"{word}=") for arg in peer.directive.args)
            if value is not None and (given or word != "max_conns"):
                figures.append(_parameter(pair, word, value, given))
    if listener is None or pair.undeclared:
        notes.append("nothing is declared of what stands there")
    else:
        figures += _claims(pair.hop, listener)
    of = "" if name is None else f" = {name}"
    return Rung("upstream", f"{target.address}{of}", target.place(), tuple(figures), tuple(notes))


def _parameter(pair: Pair, word: str, value: int, given: bool) -> Figure:
    peer = pair.target.server
    assert peer is not None, "else there are no parameters"
    time = word == "fail_timeout"
    return Figure(
        "retry",
        word,
        format_time(value) if time else str(value),
        "written" if given else "default",
        _PARAMETERS[word],
        peer.directive.place() if given else None,
        source="" if given else _SERVER,
        amount=value if time else None,
    )


_SERVER = "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server"
_PARAMETERS = {
    "max_fails": "failures after which it is passed over; 0: never",
    "fail_timeout": "for how long it is passed over",
    "max_conns": "requests at a time; more go elsewhere",
}


_CLAIMS: tuple[tuple[FigureKind, str, str, str, str], ...] = (
    ("setting", "server", "server", "what it is", ""),
    ("setting", "protocol", "protocol", "what it speaks", "pass"),
    ("size", "limits.request_headers", "request_headers", "the largest header", LARGE_BUFFERS),
    ("size", "limits.request_body", "request_body", "the largest body", "client_max_body_size"),
    ("setting", "limits.overflow", "overflow", "what it does beyond", ""),
    ("timer", "timeouts.response", "response_timeout", "its slowest answer", "read_timeout"),
    ("timer", "timeouts.request", "request_timeout", "it gives a request up", "read_timeout"),
    ("size", "limits.response_headers", "response_headers", "the largest head", "buffer_size"),
    ("pool", "keepalive", "keepalive", "whether it keeps connections", "keepalive"),
    ("timer", "keepalive.idle_timeout", "idle_timeout", "closes an idle one", "keepalive_timeout"),
    ("pool", "keepalive.max_requests", "max_requests", "ends one after", "keepalive_requests"),
)
"""What is claimed of an upstream: the key, the fact, what it is about, and the directive on nginx's
side; that of a pass without its family."""

_OF_A_PASS = ("pass", "read_timeout", "buffer_size")


def _claims(hop: Hop, listener: Listener) -> Iterator[Figure]:
    for kind, key, name, about, faces in _CLAIMS:
        directive = f"{hop.kind}_{faces}" if faces in _OF_A_PASS else faces
        yield from fact(key, getattr(listener, name), kind, about, directive)


def _rows(scope: Scope, rows: Iterable[_Row]) -> Iterator[Figure]:
    for kind, name, about in rows:
        yield from setting(scope, name, kind, about)


def body_levels(trail: Sequence[tuple[Point, Came]]) -> list[Context]:
    """The levels at which the length of a body is measured: each that was found by a URI
    (``ngx_http_core_find_config_phase()``)."""
    return [
        level
        for (level, _), _ in trail
        if level.name == "location" and not level.args[0].startswith("@")
    ]
