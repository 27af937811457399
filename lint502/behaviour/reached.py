"""Whether any request gets to a hop.

It is said only where it is certain: code (Lua, njs, Perl), server side includes, and what was not
seen may lead anywhere. An ``X-Accel-Redirect`` of an upstream may lead to a named location too,
which hardly anybody does, and counts for nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lint502.behaviour.internal_redirects import origins, subrequests
from lint502.nginx.handlers import overridden_by
from lint502.nginx.hops import Hop
from lint502.nginx.literals import Literal
from lint502.nginx.locations import find_location, prefix_of
from lint502.nginx.parse import Directive
from lint502.nginx.predicates import PREDICATES, holds, is_predicate
from lint502.nginx.reached import ANY_URI, Unreached, denial, is_cut_off
from lint502.nginx.scope import Scope
from lint502.nginx.servers import VirtualServer, is_open, servers_of
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex

_LEADS_ANYWHERE = regex(
    r".*_by_lua(_block|_file)?|js_.*|perl|echo_.*|post_action|ssi|add_(before|after)_body"
)
"""Directives that may make a request of any location."""

_REGEX = ("~", "~*")

_CUT_OFF = frozenset(("return", "rewrite", "deny"))
"""Without one of them nothing is cut off."""

_DENY = frozenset(("deny",))


def unreached(hop: Hop) -> Unreached | None:
    """Why no request gets to a hop; None where one does, or may."""
    if not hop.scope.nowhere(_CUT_OFF) and is_cut_off(hop.context):
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
        _of_a_predicate(hop)
        or _of_a_name_that_nobody_uses(location, server)
        or _of_a_regex_before(location)
        or (None if hop.scope.nowhere(_DENY) else _of_nobody_allowed(hop, location, server))
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
    looked_at: set[tuple[VirtualServer, ...]] = set()
    for socket in servers.sockets:
        alike = (socket.default, *socket.servers)
        if alike in looked_at:
            continue
        looked_at.add(alike)
        owners: dict[str, VirtualServer] = {}
        for server in socket.servers:
            if is_open(server.context):
                found.add(server)
                continue
            taken = [owners.setdefault(name, server) for name in server.names]
            if server is socket.default or server in taken:
                found.add(server)
            else:
                lost.setdefault(server, taken[0])
    return {server.context: other for server, other in lost.items() if server not in found}


def _of_a_predicate(hop: Hop) -> Unreached | None:
    """A location that a variable decides on, with a variable that is never true, or an nginx that
    takes its name for the beginning of a URI."""
    for level in hop.context.up():
        if level.name != "location" or not is_predicate(level):
            continue
        name = level.args[0]
        if hop.scope.version < PREDICATES:
            return Unreached(
                f"location {name} is the beginning of a URI before nginx {PREDICATES}, and no URI "
                "begins so",
                level.opener,
            )
        if holds(level) is False:
            why = f"{name} is always empty or 0, so that location {name} takes no request"
            return Unreached(why, reported=False)
    return None


def _of_a_name_that_nobody_uses(location: Context, server: Context) -> Unreached | None:
    """A named location to which no line leads."""
    name = location.args[-1] if location.args else ""
    if not name.startswith("@") or UNKNOWN in name:
        return None
    used = _named_locations_used(server)
    return None if used is None or name in used else Unreached(f"nothing leads to {name}")


@once_a_context
def _named_locations_used(server: Context) -> frozenset[str] | None:
    """The last arguments of the lines that can lead to a named location; None where others may."""
    if not server.seen_whole or _leads_anywhere(server):
        return None
    outside = [level for level in server.up() if level is not server]
    if any(level.partial or level.unseen for level in outside):
        return None
    levels = (server, *server.locations(), *_ifs(server), *outside)
    if any(level.uncertain_of("error_page", "try_files") for level in levels):
        return None
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
        for name in (*level.by_name, *level.uncertain)
    )


def _levels(level: Context) -> Iterator[Context]:
    for child in level.children:
        yield child
        yield from _levels(child)


def _of_a_regex_before(location: Context) -> Unreached | None:
    """A location beside or below one whose regular expression takes all its requests.

    A regular expression comes before what is found by the beginning of the URI, also before the
    locations within; not beside ``^~``, nor where the one within is exact or an expression itself.
    """
    for inner in location.up():
        args, level = inner.args, inner.parent
        if inner.name != "location" or level is None or not args:
            return None
        if args[0] == "=" or args[0].startswith("@"):
            return None
        if args[0] != "^~":
            other = _regexes(level).before(inner, prefix_of(location))
            if other is not None:
                return Unreached(
                    f"location {' '.join(other.args)} takes all requests before", other.opener
                )
        if args[0] in _REGEX:
            return None
    return None


class _Regexes:
    """The locations of a level with regular expressions, in their order."""

    def __init__(self, level: Context) -> None:
        self._locations = [
            child
            for child in level.children
            if child.name == "location" and len(child.args) == 2 and child.args[0] in _REGEX
            if not child.conditional and UNKNOWN not in child.args[1]
        ]
        self._first: dict[tuple[str, ...], Context] = {}
        self._orders: dict[int, int] = {}
        for order, child in enumerate(self._locations):
            self._orders[id(child)] = order
            self._first.setdefault(child.args, child)
        self._any_uri = next(
            (child for child in self._locations if ANY_URI.fullmatch(child.args[1])), None
        )
        self._literals = [
            (literal, child)
            for child in self._locations
            if (literal := Literal.of(*child.args)) is not None
        ]

    def before(self, location: Context, prefix: str | None) -> Context | None:
        """The one that is tried before a location of the level and takes all its requests;
        ``prefix`` is what their URIs start with, None where that is not known."""
        end = self._orders.get(id(location), len(self._locations))
        same = self._first.get(location.args, location)
        if same is not location:
            return same
        if self._any_uri is not None and self._orders[id(self._any_uri)] < end:
            return self._any_uri
        if prefix is None:
            return None
        return next((child for literal, child in self._literals if literal.is_in(prefix)), None)


@once_a_context
def _regexes(level: Context) -> _Regexes:
    return _Regexes(level)


def _of_nobody_allowed(hop: Hop, location: Context, server: Context) -> Unreached | None:
    """Access rules that begin with ``deny all``. They do not hold for what is asked beside a
    request (``ngx_http_core_access_phase()``)."""
    line = _denial_around(hop.context)
    if line is None or _may_be_asked(location, server) or _leads_anywhere(server):
        return None
    satisfy = Scope(location, hop.scope.version).word("satisfy")
    if satisfy is None or satisfy.value == "any":
        return None
    return Unreached(f"{_line(line)} turns everybody away", line)


def _denial_around(context: Context) -> Directive | None:
    """The ``deny all`` that holds at a place."""
    for level in context.up():
        if level.uncertain_of("allow", "deny"):
            return None
        line = denial(level)
        if line is not None or "allow" in level.by_name or "deny" in level.by_name:
            return line
    return None


def _may_be_asked(location: Context, server: Context) -> bool:
    """Whether a location may be asked beside a request, or be where what is asked goes on."""
    asked = _asked(server)
    if asked is None or id(location) in asked:
        return True
    return bool(asked) and bool(location.args) and location.args[-1] in origins(server)


@once_a_context
def _asked(server: Context) -> frozenset[int] | None:
    """The ids of the locations that are asked beside a request; None where others may be."""
    uris = subrequests(server, "auth_request") | subrequests(server, "mirror")
    found = [find_location(server, uri.partition("?")[0]) for uri in uris]
    return None if None in found else frozenset(map(id, found))


def _line(line: Directive) -> str:
    """A line as a clause names it."""
    written = " ".join((line.name, *line.args))
    return f"{written} ({line.source.name}:{line.line})"
