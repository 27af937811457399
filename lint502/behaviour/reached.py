"""Whether any request gets to a hop.

It is said only where it is certain: code (Lua, njs, Perl), server side includes, and what was not
seen may lead anywhere. An ``X-Accel-Redirect`` of an upstream may lead to a named location too,
which hardly anybody does, and counts for nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lint502.behaviour.internal_redirects import subrequests
from lint502.nginx.handlers import overridden_by
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.reached import ANY_URI, Unreached, denial, is_cut_off
from lint502.nginx.scope import Scope
from lint502.nginx.servers import VirtualServer, servers_of
from lint502.nginx.tree import Context, once_a_context

_LEADS_ANYWHERE = re.compile(
    r".*_by_lua(_block|_file)?|js_.*|perl|echo_.*|post_action|ssi|add_(before|after)_body"
)
"""Directives that may make a request of any location."""

_REGEX = ("~", "~*")


def unreached(hop: Hop) -> Unreached | None:
    """Why no request gets to a hop; None where one does, or may."""
    if is_cut_off(hop.context):
        return Unreached("a return answers before requests get here", reported=False)
    server, location = hop.context.enclosing("server"), hop.context.enclosing("location")
    found = _of_an_ignored_server(server) if server is not None else None
    if found is not None or location is None or server is None:
        return found
    other = overridden_by(hop.context, hop.directive)
    if other is not None:
        where = f"{other.source.name}:{other.line}"
        return Unreached(f"{other.name} ({where}) runs in its place", other, reported=False)
    return (
        _of_a_name_that_nobody_uses(location, server)
        or _of_a_regex_before(location)
        or _of_nobody_allowed(hop, location, server)
    )


def _of_an_ignored_server(server: Context) -> Unreached | None:
    """All names of a server belong to others on all its sockets: nginx warns of a "conflicting
    server name" and ignores it."""
    area = server.parent
    first = _ignored(area).get(server) if area is not None else None
    if first is None or first.context.opener is None:
        return None
    opener = first.context.opener
    names = " and ".join(filter(None, first.names[:2])) or "no name"
    return Unreached(
        f"the server at {opener.source.name}:{opener.line} has the same name on the same address "
        f"({names}), so that nginx ignores this one",
        opener,
    )


@once_a_context
def _ignored(area: Context) -> Mapping[Context, VirtualServer]:
    """The servers of an ``http{}`` or ``stream{}`` that get no connection, each with one that takes
    theirs. What a fragment is included into may hold any selection of them."""
    if area.partial or area.name not in ("http", "stream"):
        return {}
    servers = servers_of(area)
    lost: dict[VirtualServer, VirtualServer] = {}
    found: set[VirtualServer] = set()
    for socket in servers.sockets:
        owners: dict[str, VirtualServer] = {}
        for server in socket.servers:
            taken = [owners.setdefault(name, server) for name in server.names]
            if server is socket.default or server in taken or server.context.unseen:
                found.add(server)
            else:
                lost.setdefault(server, taken[0])
    return {server.context: other for server, other in lost.items() if server not in found}


def _of_a_name_that_nobody_uses(location: Context, server: Context) -> Unreached | None:
    """A named location to which no line leads."""
    name = location.args[-1] if location.args else ""
    used = _named_locations_used(server)
    if not name.startswith("@") or used is None or name in used:
        return None
    return Unreached(f"nothing leads to {name}")


@once_a_context
def _named_locations_used(server: Context) -> frozenset[str] | None:
    """The last arguments of the lines that can lead to a named location; None where others may."""
    if not server.seen_whole or _leads_anywhere(server):
        return None
    outside = [level for level in server.up() if level is not server]
    if any(level.partial or level.unseen for level in outside):
        return None
    levels = (server, *server.locations(), *_ifs(server), *outside)
    used = {
        str(line.args[-1])
        for level in levels
        for name in ("error_page", "try_files")
        for line in level.by_name.get(name, ())
        if line.args
    }
    if any("$" in name and not name.startswith(("/", "http")) for name in used):
        return None
    return frozenset(used)


def _ifs(level: Context) -> Iterator[Context]:
    for child in level.children:
        if child.name == "if":
            yield child
        yield from _ifs(child)


@once_a_context
def _leads_anywhere(server: Context) -> bool:
    return any(
        _LEADS_ANYWHERE.fullmatch(name)
        for level in (*server.up(), *_levels(server))
        for name in level.by_name
    )


def _levels(level: Context) -> Iterator[Context]:
    for child in level.children:
        yield child
        yield from _levels(child)


def _of_a_regex_before(location: Context) -> Unreached | None:
    """A location beside one whose regular expression takes all its requests."""
    args, level = location.args, location.parent
    if level is None or not args or args[0] in ("=", "^~") or args[0].startswith("@"):
        return None
    regexes = _regexes(level)
    other = regexes.any_uri
    if len(args) == 2:
        first = regexes.first.get(args, location)
        if first is location and (other is None or regexes.order(other) >= regexes.order(location)):
            return None
        other = other if first is location else first
    if other is None:
        return None
    return Unreached(f"location {' '.join(other.args)} takes all requests before", other.opener)


class _Regexes:
    """The locations of a level with regular expressions: the ``first`` of each, and the first one
    that any URI matches."""

    def __init__(self, level: Context) -> None:
        self.first: dict[tuple[str, ...], Context] = {}
        self.any_uri: Context | None = None
        self._orders: dict[int, int] = {}
        for child in level.children:
            if child.name == "location" and len(child.args) == 2 and child.args[0] in _REGEX:
                self._orders[id(child)] = len(self._orders)
                self.first.setdefault(child.args, child)
                if self.any_uri is None and ANY_URI.fullmatch(child.args[1]):
                    self.any_uri = child

    def order(self, location: Context) -> int:
        """Which of them a location is, in the order in which they are tried."""
        return self._orders[id(location)]


@once_a_context
def _regexes(level: Context) -> _Regexes:
    return _Regexes(level)


def _of_nobody_allowed(hop: Hop, location: Context, server: Context) -> Unreached | None:
    """Access rules that begin with ``deny all``. They do not hold for what is asked beside a
    request (``ngx_http_core_access_phase()``)."""
    asked = subrequests(server, "auth_request") | subrequests(server, "mirror")
    if location.args and any(uri.startswith(location.args[-1]) for uri in asked):
        return None
    satisfy = Scope(location, hop.scope.version).word("satisfy")
    if satisfy is None or satisfy.value == "any" or _leads_anywhere(server):
        return None
    for level in hop.context.up():
        if level.unseen:
            return None
        line = denial(level)
        if line is not None:
            return Unreached(f"{_line(line)} turns everybody away", line)
        if "allow" in level.by_name or "deny" in level.by_name:
            return None
    return None


def _line(line: Directive) -> str:
    """A line as a clause names it."""
    written = " ".join((line.name, *line.args))
    return f"{written} ({line.source.name}:{line.line})"
