"""The smallest configuration that has a hop's effective settings, and the servers behind it.

A plan is text with marks in the place of addresses, which a :class:`~lint502.lab.scene.Scene` fills
with ports and sockets of its own. It holds nothing of the user's files but settings: certificates
are the lab's own, and what bears on no 502 (caches' places, logs, rewrites) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.behaviour.limits import body_limit
from lint502.behaviour.names import says_resolve
from lint502.behaviour.request_headers import LARGE_BUFFERS
from lint502.behaviour.resolving import resolver_line, servers_of
from lint502.behaviour.sockets import slip
from lint502.behaviour.tls import gives_certificate
from lint502.lab.behind import Planned, Route
from lint502.lab.behind import servers_of as servers_behind
from lint502.lab.names import dns_mark
from lint502.lab.writing import indented, maps_for, quoted, sets_for, statement
from lint502.nginx.addresses import Address
from lint502.nginx.directives import directive, names
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.pass_values import Kind
from lint502.nginx.scope import Scope, Setting, Value
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context
from lint502.nginx.values import parse_time
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.patterns import regex

LISTEN = "@listen@"
"""Stands for the address that nginx listens on."""

CERTIFICATES = "@certificates@"
"""Stands for the folder with the lab's ``ca.pem``, ``client.pem`` and ``client.key``."""

_TLS_SCHEMES: dict[Kind, str] = {"proxy": "https://", "grpc": "grpcs://", "uwsgi": "suwsgi://"}
_LEFT_OUT = regex(
    r"_(pass|bind|store|store_access|redirect|cookie_\w+|hide_header|pass_header|temp_path"
    r"|headers_hash_\w+|ignore_headers|index|split_path_info|limit_rate|cache(_\w+)?"
    r"|ssl_(certificate|certificate_key|certificate_cache|trusted_certificate|crl|password_file)"
    r"|protocol_timeout|upload_rate|download_rate)$"
)
"""What bears on no 502, or names files and addresses of the user's."""

_HARMLESS_COMMANDS = frozenset(
    ("cipherstring", "ciphersuites", "curves", "groups", "maxprotocol", "minprotocol", "options",
     "protocol", "signaturealgorithms")
)  # fmt: skip
"""Those of OpenSSL's commands that open no file, in any case (SSL_CONF_cmd(3))."""

_CLIENTS = regex(r"\$(?:http_connection\b|\{http_connection\})")
"""The ``Connection`` of a client. Browsers say ``keep-alive``, the client of the lab ``close``."""

_CORE = ("client_body_buffer_size", "resolver_timeout")
_NOT_OF_A_BLOCK = frozenset(
    ("server", "hash", "ip_hash", "random", "sticky", "zone", "resolver", "resolver_timeout")
)
"""Lines of a block that are written anew, or left out: requests of the lab go round the servers,
and nothing leaves the loopback."""

_SERVER_PARAMETERS = ("max_fails", "fail_timeout", "max_conns")


class Plan(Struct, frozen=True):
    """What a scene builds up. ``factor``: by how much all times are shorter. ``names`` are those
    that the name servers know, but for what is ``unknown_to`` one of them, by its number.
    ``conditions`` are clauses on what was taken where the declaration is silent. ``as_nobody``:
    what is asked is what nginx may open, and root may open everything."""

    kind: Kind
    http: str
    stream: str
    servers: tuple[Planned, ...]
    names: tuple[str, ...] = ()
    factor: float = 1.0
    conditions: tuple[str, ...] = ()
    datagrams: bool = False
    as_nobody: bool = False
    unknown_to: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def found_at_start(self) -> bool:
        """Whether nginx finds a server by a name that it looks up when it starts."""
        return any(server.name for server in self.servers)

    @property
    def leads_out(self) -> bool:
        """Whether a server is on another machine."""
        return any(server.elsewhere for server in self.servers)


def plan(
    route: Route,
    version: Version,
    failing: Iterable[Pair],
    factor: float = 1.0,
    beside: Route | None = None,
    *,
    waits: bool = True,
    elsewhere: bool = False,
    resolving: bool = False,
    first_buffer: Value[int] | None = None,
) -> Plan:
    """The plan of one route for an nginx of this version.

    ``failing`` are the pairs that a finding is about; all times become ``factor`` times shorter,
    but for how long nginx waits for the upstream where it is not about ``waits``. ``beside``: the
    route of a second hop to the same block, at ``/beside/``. ``elsewhere``: those pairs lead to
    another machine, from the address that ``proxy_bind`` and its like say. ``resolving``: servers
    of a block that say ``resolve`` do so here too. ``first_buffer`` is that of the default server.
    """
    hop = route.hop
    servers, conditions = servers_behind(route, set(map(id, failing)), factor)
    if elsewhere:
        servers = tuple(replace(one, elsewhere=one.failing) for one in servers)
    looked_up = tuple(
        pair.target.address.host
        for pair in route.pairs
        if pair.target.needs_resolver or (resolving and says_resolve(pair.target))
    )
    body = ""
    if route.block is not None:
        body = _block(route, version, factor, frozenset(looked_up if resolving else ()))
    binds = [*_bind(hop)] if elsewhere else []
    if hop.kind == "stream":
        datagrams = hop.datagrams
        listen = f"{LISTEN} udp" if datagrams else LISTEN
        text = f"{body}    server {{\n        listen {listen};\n"
        text += indented((*binds, *_stream_settings(route, version, factor)), 2) + "    }\n"
        return Plan(hop.kind, "", text, servers, looked_up, factor, tuple(conditions), datagrams)
    around = route.around
    locations = [(around.location, route)]
    if beside is not None:
        locations.append(("/beside/", beside))
    text = around.locations
    for path, there in locations:
        settings = (
            *binds, *there.around.lines, *_http_settings(there, version, factor if waits else 1.0)
        )  # fmt: skip
        text += f"        location {path} {{\n{indented(settings, 3)}        }}\n"
    body = _cache_path(text) + maps_for(body + text, hop) + body
    sets = indented((*_header_buffers(hop, first_buffer), *sets_for(text, hop)), 2)
    server = f"    server {{\n        listen {LISTEN};\n{sets}{text}    }}\n"
    whole = body + server
    if _CLIENTS.search(whole):
        whole = _CLIENTS.sub("keep-alive", whole)
        conditions["clients say Connection: keep-alive, as browsers do"] = None
    return Plan(hop.kind, whole, "", servers, looked_up, factor, tuple(conditions))


def _block(route: Route, version: Version, factor: float, looked_up: frozenset[str]) -> str:
    """The block, with the servers of the route and those that are down; these names are looked up
    while nginx runs."""
    block = route.block
    assert block is not None
    stream = block.context.enclosing("stream") is not None
    area = "stream_upstream" if stream else "upstream"
    reached = {id(pair.target.server) for pair in route.pairs}
    lines = [
        _server(server.directive, server.address, looked_up, alone=len(reached) == 1)
        for server in block.servers
        if server.address is not None and (server.down or id(server) in reached)
    ]
    if looked_up:
        name = block.context.args[0]
        lines += [statement("zone", (name, "64k")), *_name_servers(route)]
    lines += [
        f"server @{pair.target.address}@;" for pair in route.pairs if pair.target.server is None
    ]
    lines += [
        statement(item.name, _scaled(item, info.type, factor))
        for item in block.context.items
        if not isinstance(item, Context) and item.name not in _NOT_OF_A_BLOCK
        for info in (directive(area, item.name),)
        if info is not None and (info.since is None or info.since <= version)
    ]
    if block.balanced_last is not None and block.balanced_last.name in _NOT_OF_A_BLOCK:
        lines.append("least_conn;")  # it drops the pool as well
    if factor != 1 and not stream and "keepalive_timeout" not in block.context.by_name:
        timeout = Scope(block.context, version).time("keepalive_timeout")
        if timeout is not None:
            lines.append(f"keepalive_timeout {_milliseconds(timeout.value, factor)};")
    return f"    upstream {quoted(block.context.args[0])} {{\n{indented(lines, 2)}    }}\n"


def _server(line: Directive, address: Address, looked_up: frozenset[str], *, alone: bool) -> str:
    resolve = address.host in looked_up and "resolve" in line.args
    written = f"{address.host}:@port of {address}@" if resolve else f"@{address}@"
    parameters = [
        parameter
        for parameter in line.args[1:]
        if parameter.partition("=")[0] in _SERVER_PARAMETERS
        or parameter == "down"
        or (parameter == "backup" and not alone)
        or (parameter == "resolve" and resolve)
    ]
    return statement("server", (written, *parameters))


def _http_settings(route: Route, version: Version, factor: float) -> Iterator[str]:
    hop = route.hop
    family = f"{hop.kind}_"
    wanted = [name for name in names("http") if name.startswith(family)]
    limit = body_limit(hop)
    if limit is not None and limit.directive is not None:
        yield statement("client_max_body_size", limit.directive.args)
    for name in (*_CORE, *wanted):
        yield from _written(hop, "http", name, version, factor)
    if factor != 1:
        timeouts = ("connect_timeout", "send_timeout", "read_timeout")
        yield from _default_timeouts(hop, [family + name for name in timeouts], factor)
    yield from _cache(hop)
    yield from _certificates(hop, family)
    asked = _asked_name(route)
    if asked is not None:
        yield f"{family}ssl_name {asked};"
    if hop.kind == "memcached":
        yield "set $memcached_key $uri;"
    yield from _resolver(route)
    yield from _pass(route)


def _stream_settings(route: Route, version: Version, factor: float) -> Iterator[str]:
    hop = route.hop
    wanted = [name for name in names("stream") if name.startswith("proxy_")]
    for name in ("resolver_timeout", *wanted):
        yield from _written(hop, "stream", name, version, factor)
    if factor != 1:
        yield from _default_timeouts(hop, ("proxy_connect_timeout", "proxy_timeout"), factor)
    yield from _certificates(hop, "proxy_")
    asked = _asked_name(route)
    if asked is not None:
        yield f"proxy_ssl_name {asked};"
    yield from _resolver(route)
    yield from _pass(route)


def _bind(hop: Hop) -> Iterator[str]:
    """The address that nginx connects from, where one is written."""
    name = "proxy_bind" if hop.kind == "stream" else f"{hop.kind}_bind"
    setting = hop.scope.setting(name)
    if setting is not None and setting.origin != "default":
        yield statement(name, _known(hop, setting.lines[-1]))


def _written(hop: Hop, area: str, name: str, version: Version, factor: float) -> Iterator[str]:
    """The lines of one directive that are in effect at a hop, but for a default."""
    if _LEFT_OUT.search(name):
        return
    info = directive(area, name)
    if info is None or (info.since is not None and info.since > version):
        return
    setting = hop.scope.setting(name)
    if setting is None or setting.origin == "default":
        return
    for line in setting.directives:
        if not name.endswith("ssl_conf_command") or _is_harmless(line):
            yield statement(name, _known(hop, _scaled(line, info.type, factor)))


def _is_harmless(command: Directive) -> bool:
    return bool(command.args) and command.args[0].lower() in _HARMLESS_COMMANDS


def _known(hop: Hop, args: tuple[str, ...]) -> tuple[str, ...]:
    """Arguments with what their variables hold, where that is one text only."""
    result = []
    for arg in args:
        if "$" in arg:
            texts = hop.variables.expand(arg, hop.context)
            if texts is not None and len(texts) == 1 and UNKNOWN not in texts[0].text:
                arg = texts[0].text
        result.append(arg)
    return tuple(result)


def _header_buffers(hop: Hop, first: Value[int] | None) -> Iterator[str]:
    """What limits a client's header stands in the server, not in the location."""
    large = hop.scope.setting(LARGE_BUFFERS)
    for setting in (None if first is None else first.setting, large):
        if setting is not None and setting.origin != "default":
            yield statement(setting.name, setting.lines[-1])


def _default_timeouts(hop: Hop, timeouts: Iterable[str], factor: float) -> Iterator[str]:
    for name in timeouts:
        setting = hop.scope.setting(name)
        value = hop.scope.time(name)
        if setting is not None and setting.origin == "default" and value is not None:
            yield f"{name} {_milliseconds(value.value, factor)};"


def _cache(hop: Hop) -> Iterator[str]:
    """The cache takes room from the buffer of the header; it needs no more than its key."""
    setting = hop.scope.setting(f"{hop.kind}_cache")
    if setting is None or setting.origin == "default" or setting.value.lower() == "off":
        return
    yield f"{hop.kind}_cache {hop.kind}-lab;"
    for name in ("key", "methods", "valid", "min_uses"):
        lines = hop.scope.setting(f"{hop.kind}_cache_{name}")
        if lines is not None and lines.origin != "default":
            for line in lines.lines:
                yield statement(f"{hop.kind}_cache_{name}", line)


def _cache_path(text: str) -> str:
    """The place of the caches that a text uses."""
    families = dict.fromkeys(re.findall(r"^ *(\w+)_cache \1-lab;$", text, re.MULTILINE))
    return "".join(
        f"    {family}_cache_path {family}-cache keys_zone={family}-lab:1m;\n"
        for family in families
    )


def _certificates(hop: Hop, family: str) -> Iterator[str]:
    if _is_written(hop.scope.setting(f"{family}ssl_trusted_certificate")):
        yield f"{family}ssl_trusted_certificate {CERTIFICATES}/ca.pem;"
    given = _is_written(hop.scope.setting(f"{family}ssl_certificate"))
    if given and gives_certificate(hop) is not False:
        yield f"{family}ssl_certificate {CERTIFICATES}/client.pem;"
        yield f"{family}ssl_certificate_key {CERTIFICATES}/client.key;"


def _is_written(setting: Setting | None) -> bool:
    return setting is not None and bool(setting.lines) and setting.origin != "default"


def _asked_name(route: Route) -> str | None:
    """The name of the TLS server, where only the address that the lab replaces says it."""
    hop = route.hop
    if route.block is not None or not route.pairs:
        return None
    target = route.pairs[0].target
    if not target.tls or target.address.socket is not None:
        return None
    family = "proxy" if hop.kind == "stream" else hop.kind
    if _is_written(hop.scope.setting(f"{family}_ssl_name")):
        return None
    return target.address.host


def _resolver(route: Route) -> Iterator[str]:
    looked_up = any(pair.target.needs_resolver for pair in route.pairs)
    if not looked_up and (route.pairs or route.block is not None):
        return
    yield from _name_servers(route)


def _name_servers(route: Route) -> Iterator[str]:
    """The ``resolver``, with as many servers as it has."""
    target = route.pairs[0].target if route.pairs else None
    line = resolver_line(route.hop, target)
    if line is None and route.hop.scope.absent("resolver"):
        return
    args = line.args if line is not None else ()
    families = (arg for arg in args if arg[:4] in ("ipv4", "ipv6"))
    marks = (dns_mark(number) for number in range(max(1, len(servers_of(line)))))
    yield statement("resolver", (*marks, *families))


def _pass(route: Route) -> Iterator[str]:
    hop, first = route.hop, route.pairs[0].target if route.pairs else None
    tls = first.tls if first is not None else hop.value.lower().startswith("https:")
    scheme = _TLS_SCHEMES.get(hop.kind, "") if tls else "http://" if hop.kind == "proxy" else ""
    name = hop.directive.name
    if route.block is not None:
        yield f"{name} {quoted(scheme + route.block.context.args[0])};"
        return
    if first is None:  # the host comes from the request
        yield f"{name} {quoted(hop.value)};"
        return
    if first.needs_resolver:
        yield f"set $lab_host {quoted(first.address.host)};"
        yield f"{name} {scheme}$lab_host:@port of {first.address}@;"
        return
    ends = hop.kind == "proxy" and first.address.socket is not None and slip(route.pairs[0]) is None
    end = ":" if ends else ""
    yield f"{name} {scheme}@{first.address}@{end};"


def _scaled(line: Directive, kind: str, factor: float) -> tuple[str, ...]:
    if kind != "time" or factor == 1 or not line.args:
        return line.args
    try:
        return (_milliseconds(parse_time(line.args[0]), factor), *line.args[1:])
    except ValueError:
        return line.args


def _milliseconds(value: int, factor: float) -> str:
    return f"{max(1, round(value / factor)) if value else 0}ms"
