"""The passes that a request may get to: every way that nginx may take it, from the server's own
lines on.

It is all ways, not the likely one: who asks has to rule out the others by something else. Sources:
``src/http/ngx_http_core_module.c`` (the phases of a request) and
``src/http/ngx_http_special_response.c`` (``error_page``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct, field

from lint502.behaviour.level_ways import LevelWays, level_ways
from lint502.behaviour.rewriting import Asked, Request, Rewritten, rewritten, texts
from lint502.nginx.hops import Hop
from lint502.nginx.location_search import locations_for
from lint502.nginx.locations import named_location
from lint502.nginx.parse import Directive
from lint502.nginx.requested_uris import Uri
from lint502.nginx.tree import Context
from lint502.nginx.variables import Variables

_MOST_STEPS = 400

_BEFORE_A_LOCATION = frozenset((400, 408, 414, 494, 495, 496, 497))
"""What a request may be answered with before its location is known."""

_ELSEWHERE = ("$scheme", "${scheme}")

_OF_A_PASS = frozenset((400, 408, 411, 413, 414, 415, 499, 500, 501, 502, 503, 504))
"""What a pass, or nginx before it, may answer with by itself."""


class Arrival(NamedTuple):
    """A request at a pass."""

    hop: Hop
    request: Request


Point = tuple[Context, Request]
"""A request at a level."""

How = Literal["entered", "found", "rewrite", "try_files", "index", "error_page", "post_action"]
"""What has led a request to a level; ``found``: the level is the location of its URI."""


class Came(NamedTuple):
    """From where a request has come to a level, and by what; ``line`` is the ``rewrite``, if one
    has done it. ``status`` is what an ``error_page`` was for, None where it may be several;
    ``shown`` what the client gets then (:meth:`ErrorPage.shown`)."""

    before: Point | None
    how: How
    line: Directive | None = None
    status: int | None = None
    shown: int | None = None


class End(NamedTuple):
    """A request that nginx answers by itself at a level, without a pass: with a ``status`` and by a
    ``line``, where these are known. ``file``: it depends on which files there are. ``there``: an
    ``if`` has found a file. ``whole``: no ``error_page`` counts. ``elsewhere``: one sends the
    client to another URL."""

    point: Point
    status: int | None = None
    line: Directive | None = None
    file: bool = False
    there: bool = False
    whole: bool = False
    elsewhere: bool = False


class Ways(Struct):
    """Where a request may arrive; ``anywhere``: code, or too many ways, may lead to any pass of the
    server.

    ``at`` has the point of each arrival, ``came`` how a request has first come to a point. ``ends``
    are in the order in which they were found. ``open`` are the points at which it is not known
    whether a condition of other things than files holds.
    """

    arrivals: set[Arrival] = field(default_factory=set)
    anywhere: bool = False
    at: dict[Arrival, Point] = field(default_factory=dict)
    came: dict[Point, Came] = field(default_factory=dict)
    ends: dict[End, None] = field(default_factory=dict)
    open: set[Point] = field(default_factory=set)

    def trail(self, point: Point) -> tuple[tuple[Point, Came], ...]:
        """The points on the way to one, that itself the last."""
        found: list[tuple[Point, Came]] = []
        here: Point | None = point
        while here is not None:
            came = self.came[here]
            found.append((here, came))
            here = came.before
        return tuple(reversed(found))


class Passes:
    """The passes of a root by the level that they stand in."""

    def __init__(self, hops: Iterable[Hop]) -> None:
        self.of_level: dict[Context, list[Hop]] = {}
        self.of_server: dict[Context, list[Hop]] = {}
        self.variables: dict[Context, Variables] = {}
        for hop in hops:
            self.of_level.setdefault(hop.context, []).append(hop)
            server = hop.context.enclosing("server")
            if server is not None:
                self.of_server.setdefault(server, []).append(hop)
            area = hop.context.enclosing("http", "stream")
            if area is not None:
                self.variables.setdefault(area, hop.variables)

    def variables_of(self, area: Context) -> Variables:
        """The variables of an ``http{}``."""
        if area not in self.variables:
            self.variables[area] = Variables(area)
        return self.variables[area]


def ways(server: Context, request: Request, asked: Asked, passes: Passes) -> Ways:
    """The passes of a server of ``http{}`` that a request may get to."""
    area = server.enclosing("http")
    if area is None:
        return Ways()
    walk = _Walk(server, asked, passes, passes.variables_of(area))
    walk.enter(request)
    walk.answered(server, _BEFORE_A_LOCATION, request)
    return walk.finish()


def ways_from(location: Context, request: Request, asked: Asked, passes: Passes) -> Ways:
    """The passes that a request may get to from a named location on."""
    server, area = location.enclosing("server"), location.enclosing("http")
    if area is None or server is None:
        return Ways()
    walk = _Walk(server, asked, passes, passes.variables_of(area))
    walk.at(location, request)
    return walk.finish()


class _Walk:
    """The ways of one request. Steps wait until their turn, and each is taken once."""

    def __init__(self, server: Context, asked: Asked, passes: Passes, variables: Variables) -> None:
        self._server = server
        self._asked = asked
        self._passes = passes
        self._variables = variables
        self._waiting: list[Point] = []
        self._found = Ways()
        self._here: Point | None = None
        self._for: tuple[int | None, int | None] = (None, None)

    def enter(self, request: Request) -> None:
        """Take a request into the server."""
        self._add(self._server, request, "entered")

    def at(self, location: Context, request: Request) -> None:
        """Take a request into a location."""
        self._add(location, request, "entered")

    def finish(self) -> Ways:
        """All ways from here."""
        while self._waiting:
            if len(self._found.came) > _MOST_STEPS:
                self._found.anywhere = True
                break
            self._here = self._waiting.pop()
            level, request = self._here
            if level is self._server:
                self._in_server(request)
            else:
                self._in_location(level, request)
        return self._found

    def _add(
        self, level: Context, request: Request, how: How, line: Directive | None = None
    ) -> None:
        point = (level, request)
        if point not in self._found.came:
            self._found.came[point] = Came(self._here, how, line, *self._for)
            self._waiting.append(point)

    def _end(
        self,
        request: Request,
        status: int | None = None,
        line: Directive | None = None,
        *,
        file: bool = False,
    ) -> None:
        """Note that nginx may answer here by itself."""
        if self._here is not None:
            self._found.ends[End(self._here, status, line, file, request.there)] = None

    def _answers(self, found: Rewritten, request: Request) -> None:
        """Note what the lines of the rewrite module answer, and whether they leave it open."""
        if self._here is None:
            return
        if found.open:
            self._found.open.add(self._here)
        for level, status, line, whole, there in found.answered:
            there = there or request.there
            page = (
                None if whole or self._is_last(level, request) else self._facts(level).page(status)
            )
            if page is not None and page.elsewhere:
                end = End(self._here, page.shown(status), line, there=there, elsewhere=True)
            else:
                end = End(self._here, status, line, there=there, whole=whole)
            self._found.ends[end] = None
            if not whole:
                self.answered(level, {status}, request._replace(there=there))

    def _facts(self, level: Context) -> LevelWays:
        return level_ways(level)

    def _in_server(self, request: Request) -> None:
        self._found.anywhere |= self._facts(self._server).code
        found = rewritten(self._server, request, self._asked, self._variables)
        self._answers(found, request)
        for left in found.left:
            self._find(left.request, left.by)

    def _find(self, request: Request, line: Directive | None) -> None:
        """Look for the location of a URI, which a ``rewrite`` may have made."""
        for location in locations_for(self._server, request.uri):
            if location is None:
                self._end(request, 301)
                self.answered(self._server, {301}, request)
            elif location is self._server:
                self._content(self._server, self._server, request)
            elif "internal" in location.by_name and not request.internal:
                self._end(request, 404, location.by_name["internal"][0])
                self.answered(location, {404}, request)
            else:
                self._add(location, request, "found" if line is None else "rewrite", line)

    def _in_location(self, location: Context, request: Request) -> None:
        facts = self._facts(location)
        self._found.anywhere |= facts.code
        limit = facts.limit
        if limit is not None and request.method not in facts.unlimited:
            self._content(location, limit, request)
            return
        found = rewritten(location, request, self._asked, self._variables)
        self._answers(found, request)
        for left in found.left:
            if left.changed:
                self._find(left.request, left.by)
            else:
                self._content(location, left.level, left.request)

    def _content(self, location: Context, level: Context, request: Request) -> None:
        """What answers at a location whose settings are those of ``level``: itself, or an ``if`` or
        a ``limit_except`` in it."""
        facts = self._facts(level)
        self._found.anywhere |= facts.code
        if facts.turns_away:
            self.answered(level, None, request)
        if facts.post_action:
            self._follow(facts.post_action, request, level, "post_action")
        if not facts.tried:
            self._handler(location, level, facts, request)
            return
        for name in facts.tried[:-1]:
            if request.file and name.endswith("/"):
                continue
            for uri in self._texts(name, request, level):
                self._handler(location, level, facts, request._replace(uri=uri), tried=True)
        last = facts.tried[-1]
        if last.startswith("="):
            if last[1:].isdecimal():
                line = level.by_name["try_files"][-1]
                self._end(request, int(last[1:]), line, file=len(facts.tried) > 1)
                self.answered(level, {int(last[1:])}, request)
        else:
            self._follow(last, request, level, "try_files")

    def _handler(
        self,
        location: Context,
        level: Context,
        facts: LevelWays,
        request: Request,
        *,
        tried: bool = False,
    ) -> None:
        hops = self._passes.of_level.get(level, ())
        if not hops and not facts.handled:
            hops = self._passes.of_level.get(location, ())
            if not hops and self._facts(location).handled:
                self._end(request, file=tried)
                self.answered(level, None, request)
                return
        running = [hop for hop in hops if not self._facts(hop.context).is_overridden(hop)]
        for hop in running:
            arrival = Arrival(hop, request)
            self._found.arrivals.add(arrival)
            if self._here is not None:
                self._found.at.setdefault(arrival, self._here)
            self.answered(level, None if facts.intercepts else _OF_A_PASS, request)
        if not running:
            self._end(request, file=tried or not facts.handled)
            if not facts.handled:
                self.answered(level, {404}, request)
            self.answered(level, None, request)
            if not facts.handled:
                self._index(facts, request)

    def _index(self, facts: LevelWays, request: Request) -> None:
        uri = request.uri
        if not (uri.open or uri.text.endswith("/")):
            return
        for name in facts.index:
            base = "" if name.startswith("/") or uri.open else uri.text
            for found in self._texts(name, request, self._server):
                path = uri if uri.open else Uri(base + found.text, found.open)
                self._add(self._server, request.redirected(path, file=True), "index")

    def answered(self, level: Context, statuses: Iterable[int] | None, request: Request) -> None:
        """Follow the pages for an answer; None stands for any status."""
        facts = self._facts(level)
        if self._is_last(level, request):
            return
        one = next(iter(statuses)) if isinstance(statuses, set) and len(statuses) == 1 else None
        page_of_it = None if one is None else facts.page(one)
        if one is not None and page_of_it is not None:
            self._for = one, page_of_it.shown(one)
        for page in facts.pages(statuses):
            method = request.method
            if not page.startswith("@") and method != "HEAD":
                method = "GET"
            failed = request._replace(errored=True, method=method)
            if page.startswith("@"):
                self._go(Uri(page), failed, "error_page")
            elif page.startswith(("/", "$")) and not page.startswith(_ELSEWHERE):
                self._follow(page, failed, level, "error_page")
        self._for = None, None

    def _is_last(self, level: Context, request: Request) -> bool:
        """Whether an ``error_page`` has led here, and no other counts any more."""
        return request.errored and not self._facts(level).recursive

    def _follow(self, page: str, request: Request, level: Context, how: How) -> None:
        """Go to what a text with variables becomes."""
        for uri in self._texts(page, request, level):
            if uri.open and not uri.text:
                self._found.anywhere = True
            else:
                self._go(uri, request, how)

    def _go(self, uri: Uri, request: Request, how: How) -> None:
        """An internal redirect to a URI, or to a named location."""
        if uri.text.startswith("@"):
            location = named_location(self._server, uri.text)
            if location is not None:
                self._add(location, request._replace(internal=True), how)
        elif not uri.text.startswith(("http://", "https://")):
            path, asks, _ = uri.text.partition("?")
            self._add(self._server, request.redirected(Uri(path, uri.open and not asks)), how)

    def _texts(self, template: str, request: Request, level: Context) -> list[Uri]:
        return texts(template, request, self._asked, self._variables, level)
