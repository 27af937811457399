"""An nginx that is itself the upstream: what its own configuration says of where it listens.

Several servers share a socket, and which of them a request reaches depends on its name. What they
do not have in common is not stated. Where an include was not seen, it may hold another server, or a
parameter of a socket: then only what nothing can take back is stated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from lint502.declared import profiles
from lint502.declared.listeners import Fact
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope, Value
from lint502.nginx.servers import ANY, ListeningSocket, Servers, find_servers
from lint502.nginx.tree import Context, Tree
from lint502.nginx.values import parse_size
from lint502.nginx.version import Version
from lint502.places import Place
from lint502.standing import Standing

MAX_LISTENERS = 500
"""Ports and sockets of one configuration."""

_HTTP2_ALONE = Version(1, 25, 1)
"""Before, ``listen … http2`` without TLS takes nothing but HTTP/2."""

_TLS = frozenset(("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"))
_CLIENT_CERTIFICATE = {"on": "required", "optional": "optional", "optional_no_ca": "optional"}
_CLOSES = ("444",)


class _Unknown(Struct, frozen=True):
    """That servers differ in something, or that it cannot be made out."""


_UNKNOWN = _Unknown()
_Said = tuple[Any, Directive | None] | _Unknown | None
"""A value with the line that says so; None where it is nginx's default."""


def listeners(tree: Tree, version: Version) -> list[Mapping[str, Fact[Any]]]:
    """What listens where the nginx of a root runs, one for each port or socket of ``http`` and
    ``stream``, by the keys that facts have in ``upstreams.toml``."""
    found = (
        _stream_facts(servers, sockets, number)
        if servers.stream
        else _http_facts(servers, sockets, number, version)
        for servers in find_servers(tree)
        for number, sockets in _together(servers)
    )
    return list(islice(found, MAX_LISTENERS))


def _together(servers: Servers) -> Iterator[tuple[int | None, Sequence[ListeningSocket]]]:
    """Each port with the sockets that have it, of both families; each unix socket alone."""
    ports: dict[tuple[int, bool], list[ListeningSocket]] = {}
    for socket in servers.sockets:
        if socket.datagrams and not servers.stream:
            continue  # QUIC
        if socket.default.context.opener is None:
            continue  # the server that a fragment is assumed to stand in
        if socket.host.startswith("unix:"):
            yield None, (socket,)
        for port in islice(socket.ports, MAX_LISTENERS):
            ports.setdefault((port, socket.datagrams), []).append(socket)
    for (port, _), sockets in islice(ports.items(), MAX_LISTENERS):
        yield port, sockets


def _stream_facts(
    servers: Servers, sockets: Sequence[ListeningSocket], port: int | None
) -> dict[str, Fact[Any]]:
    """Of a listener of ``stream``. Without TLS of its own it may pass on a handshake, and a PROXY
    header too: only that it has them is stated."""
    facts = dict(_address(servers, sockets, port))
    if sockets[0].datagrams:
        facts["protocol"] = _stated("udp", _line(sockets[0], "udp"), sockets)
    facts.update(_parameters(sockets))
    return facts


def _http_facts(
    servers: Servers, sockets: Sequence[ListeningSocket], port: int | None, version: Version
) -> dict[str, Fact[Any]]:
    facts = dict(_address(servers, sockets, port))
    facts["protocol"] = _stated("http", None, sockets)
    facts.update(_parameters(sockets))
    if not servers.known:
        return facts
    for key in ("tls", "proxy_protocol"):
        if key not in facts and not any(getattr(socket, key) for socket in sockets):
            facts[key] = _stated(False, None, sockets)
    said = dict(_said(sockets, version, facts["tls"].value if "tls" in facts else None))
    for key, one in said.items():
        if one is not None and not isinstance(one, _Unknown):
            facts[key] = _stated(one[0], one[1], sockets)
    unknown = {key for key, one in said.items() if isinstance(one, _Unknown)}
    if "tls" not in facts:
        unknown |= {"tls", "http_versions"}
    facts.update(_of_nginx(facts, unknown, sockets, version))
    facts.update(_closing(sockets))
    if "server" not in facts:  # what comes of it depends on what the server is
        facts.pop("tls.client_certificate", None)
    return facts


def _of_nginx(
    facts: Mapping[str, Fact[Any]],
    unknown: set[str],
    sockets: Sequence[ListeningSocket],
    version: Version,
) -> dict[str, Fact[Any]]:
    """That nginx is the server, whose profile fills the rest; where it must not fill everything,
    what else it has."""
    server = f"nginx/{version}"
    named = _stated(server, None, sockets)
    if not unknown:
        return {"server": named}
    tls = facts["tls"].value if "tls" in facts else None
    closes = "keepalive" in facts and facts["keepalive"].value is False
    return {
        key: Fact(default.value, named.place, Standing.DEFAULT, default.profile, default.source)
        for key, default in profiles.defaults(server, "http", tls).items()
        if key not in facts and key not in unknown and not (closes and key.startswith("keepalive."))
    }


def _address(
    servers: Servers, sockets: Sequence[ListeningSocket], port: int | None
) -> Iterator[tuple[str, Fact[Any]]]:
    if port is None:
        path = sockets[0].host.removeprefix("unix:")
        yield "socket", _stated(path, _line(sockets[0]), sockets)
        return
    yield "port", _stated(port, _line(sockets[0]), sockets)
    hosts = tuple(dict.fromkeys(socket.host for socket in sockets))
    if servers.known and not any(host in ANY for host in hosts):
        yield "bind", _stated(hosts, _line(sockets[0]), sockets)


def _parameters(sockets: Sequence[ListeningSocket]) -> Iterator[tuple[str, Fact[Any]]]:
    """What a line of each socket asks for, and no other can take back."""
    if all(socket.tls for socket in sockets):
        on = sockets[0].default.context.by_name.get("ssl", [None])[-1]
        yield "tls", _stated(True, _line(sockets[0], "ssl", on), sockets)
    if all(socket.proxy_protocol for socket in sockets):
        yield "proxy_protocol", _stated(True, _line(sockets[0], "proxy_protocol"), sockets)


def _said(
    sockets: Sequence[ListeningSocket], version: Version, tls: bool | None
) -> Iterator[tuple[str, _Said]]:
    """What the servers of the sockets say, by key. What a server says that takes no request counts
    as little as it does."""
    servers = tuple(dict.fromkeys(one for socket in sockets for one in socket.servers))
    taking = [one for one in servers if not (tls and _rejects(one.context, version))]
    scopes = [Scope(one.context, version) for one in (taking if tls else servers)]
    serving = [one.context for one in taking if _return_444(one.context) is None]
    inside = [Scope(one, version) for context in serving for one in _within(context)]
    body = _agreed(inside, "client_max_body_size", Scope.size)
    limited = body is None or isinstance(body, _Unknown) or body[0] > 0
    yield "limits.request_body", body if limited else _UNKNOWN
    heads = [Scope(one.context, version) for one in servers]
    yield "limits.request_headers", _agreed(heads, "large_client_header_buffers", _header_buffers)
    idle = _agreed(inside, "keepalive_timeout", Scope.time)
    requests = _agreed(inside, "keepalive_requests", Scope.number)
    if idle is not None and not isinstance(idle, _Unknown) and idle[0] == 0:
        yield "keepalive", (False, idle[1])
    else:
        yield "keepalive.idle_timeout", idle
        if idle is None or isinstance(idle, _Unknown):
            yield "keepalive", _UNKNOWN if idle is not None else None
        yield "keepalive.max_requests", requests
    yield "http_versions", _http_versions(sockets, scopes, version, tls)
    if tls:
        yield from _said_of_tls(scopes)
        yield "tls.sni", _unnamed(sockets, version)


def _said_of_tls(scopes: Sequence[Scope]) -> Iterator[tuple[str, _Said]]:
    versions = _agreed(scopes, "ssl_protocols", Scope.words)
    if versions is not None and not isinstance(versions, _Unknown) and versions[0] <= _TLS:
        yield "tls.versions", (tuple(sorted(versions[0])), versions[1])
    verify = _agreed(scopes, "ssl_verify_client", Scope.word)
    if verify is not None and not isinstance(verify, _Unknown):
        yield "tls.client_certificate", (_CLIENT_CERTIFICATE.get(verify[0], "none"), verify[1])


def _unnamed(sockets: Sequence[ListeningSocket], version: Version) -> _Said:
    """Whether a handshake without the name of a server is refused."""
    lines = [_rejects(socket.default.context, version) for socket in sockets]
    return None if None in lines else ("required", lines[0])


def _rejects(server: Context, version: Version) -> Directive | None:
    """The line by which a server refuses every handshake."""
    value = Scope(server, version).flag("ssl_reject_handshake")
    return value.directive if value is not None and value.value else None


def _http_versions(
    sockets: Sequence[ListeningSocket], scopes: Sequence[Scope], version: Version, tls: bool | None
) -> _Said:
    """Which versions of HTTP the servers take; HTTP/2 by a parameter of the socket, or a directive
    of each server."""
    both = ("1.0", "1.1", "2")
    if all("http2" in socket.parameters for socket in sockets):
        alone = not tls and version < _HTTP2_ALONE
        return ("2",) if alone else both, _line(sockets[0], "http2")
    if any("http2" in socket.parameters for socket in sockets):
        return _UNKNOWN
    turned_on = _agreed(scopes, "http2", Scope.flag)
    if isinstance(turned_on, _Unknown):
        return _UNKNOWN
    on = turned_on is not None and turned_on[0]
    return both if on else both[:2], turned_on[1] if turned_on is not None else None


def _header_buffers(scope: Scope, name: str) -> Value[int] | None:
    """The largest head of a request that fits into ``large_client_header_buffers``."""
    setting = scope.setting(name)
    try:
        number, each = setting.lines[-1] if setting is not None else ()
        return None if setting is None else Value(int(number) * parse_size(each), setting)
    except ValueError:
        return None


def _agreed(
    scopes: Iterable[Scope], name: str, read: Callable[[Scope, str], Value[Any] | None]
) -> _Said:
    """What a directive comes to in all of them, by the first line that says so; None where none
    says anything."""
    values: list[Any] = []
    line = None
    for scope in scopes:
        setting, value = scope.setting(name), read(scope, name)
        if setting is None or (value is None and setting.lines):
            return _UNKNOWN
        values.append(None if value is None else value.value)
        if values[-1] != values[0]:
            return _UNKNOWN
        line = line or (None if value is None else value.directive)
    return None if line is None else (values[0], line)


def _within(context: Context) -> Iterator[Context]:
    """A server with all locations and conditions in it."""
    yield context
    for child in context.children:
        if child.name in ("location", "if", "limit_except"):
            yield from _within(child)


def _closing(sockets: Sequence[ListeningSocket]) -> dict[str, Fact[Any]]:
    """What is closed on: every name that only the default server has, where that does nothing but
    ``return 444``."""
    defaults = {socket.default for socket in sockets}
    lines = [_return_444(server.context) for server in defaults]
    others = [server for socket in sockets for server in socket.servers if server not in defaults]
    names = tuple(dict.fromkeys(name for server in others for name in server.names if name))
    named = [line for server in others for line in server.context.by_name.get("server_name", ())]
    odd = any(name.startswith("~") or name.endswith(".*") or "$" in name for name in names)
    if not names or odd or None in lines or any("" in server.names for server in others):
        return {}
    return {
        "virtual_hosts": _stated(names, named[0] if named else None, sockets),
        "unknown_host": _stated("close", lines[0], sockets),
    }


def _return_444(server: Context) -> Directive | None:
    """The line by which a server closes every connection."""
    if server.unseen or any(child.name == "if" for child in server.children):
        return None
    levels = [server]
    if not server.by_name.get("return") and not server.by_name.get("rewrite"):
        locations = list(server.locations())
        if len(locations) == 1 and locations[0].args == ("/",):
            levels = locations
    lines = levels[0].by_name.get("return", ())
    first = next(iter(lines), None)
    return first if first is not None and first.args[:1] == _CLOSES else None


def _line(
    socket: ListeningSocket, parameter: str | None = None, other: Directive | None = None
) -> Directive | None:
    """The ``listen`` of a socket that has a parameter, if one is asked for; else ``other``."""
    for listen in socket.listens:
        if parameter is None or parameter in listen.parameters:
            return listen.directive
    return other


def _stated(value: Any, line: Directive | None, sockets: Sequence[ListeningSocket]) -> Fact[Any]:
    """A fact at a line; without one, at the first ``listen``, or at its server."""
    return Fact(value, _place(line, sockets), Standing.STATED)


def _place(line: Directive | None, sockets: Sequence[ListeningSocket]) -> Place:
    line = line or sockets[0].listens[0].directive or sockets[0].default.context.opener
    assert line is not None, "a server has a line of its own"
    return line.place()
