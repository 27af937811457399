"""The passes that a request may get to: every way that nginx may take it, from the server's own
lines on.

It is all ways, not the likely one: who asks has to rule out the others by something else. Sources:
``src/http/ngx_http_core_module.c`` (the phases of a request) and
``src/http/ngx_http_special_response.c`` (``error_page``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct, field

from lint502.behaviour.level_ways import LevelWays, level_ways
from lint502.behaviour.rewriting import Asked, Request, rewritten, texts
from lint502.nginx.hops import Hop
from lint502.nginx.location_search import locations_for
from lint502.nginx.locations import named_location
from lint502.nginx.requested_uris import Uri
from lint502.nginx.tree import Context, once_a_context
from lint502.nginx.variables import Variables

_MOST_STEPS = 400

_BEFORE_A_LOCATION = frozenset((400, 408, 414, 494, 495, 496, 497))
"""What a request may be answered with before its location is known."""

_ELSEWHERE = ("$scheme", "${scheme}")

_OF_A_PASS = frozenset((400, 408, 411, 413, 414, 415, 499, 500, 501, 502, 503, 504))
"""What a pass, or nginx before it, may answer with by itself."""


class Depends(NamedTuple):
    """What the ways in a server depend on besides path and method: the host of the request, and its
    arguments."""

    host: bool
    target: bool


@once_a_context
def depends(server: Context) -> Depends:
    """What the lines of a server that lead requests on look at."""
    around = (arg for level in server.up() for arg in _leading_at(level))
    text = " ".join((*around, *_leading(server)))
    return Depends(
        "host" in text, re.search(r"\$\{?(arg|is_args|query|request_uri)", text) is not None
    )


def _leading(level: Context) -> Iterator[str]:
    yield from _leading_at(level)
    for child in level.children:
        if child.name == "if":
            yield from child.args
        yield from _leading(child)


def _leading_at(level: Context) -> Iterator[str]:
    for name in ("rewrite", "error_page", "try_files", "post_action"):
        for line in level.by_name.get(name, ()):
            yield from (arg for arg in line.args if "$" in arg)


class Arrival(NamedTuple):
    """A request at a pass."""

    hop: Hop
    request: Request


class Ways(Struct):
    """Where a request may arrive; ``anywhere``: code, or too many ways, may lead to any pass of the
    server."""

    arrivals: set[Arrival] = field(default_factory=set)
    anywhere: bool = False


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


def ways(server: Context, request: Request, asked: Asked, passes: Passes) -> Ways:
    """The passes of a server of ``http{}`` that a request may get to."""
    area = server.enclosing("http")
    variables = None if area is None else passes.variables.get(area)
    if variables is None:
        return Ways()
    walk = _Walk(server, asked, passes, variables)
    walk.enter(request)
    walk.answered(server, _BEFORE_A_LOCATION, request)
    return walk.finish()


def ways_from(location: Context, request: Request, asked: Asked, passes: Passes) -> Ways:
    """The passes that a request may get to from a named location on."""
    server, area = location.enclosing("server"), location.enclosing("http")
    variables = None if area is None else passes.variables.get(area)
    if variables is None or server is None:
        return Ways()
    walk = _Walk(server, asked, passes, variables)
    walk.at(location, request)
    return walk.finish()


class _Walk:
    """The ways of one request. Steps wait until their turn, and each is taken once."""

    def __init__(self, server: Context, asked: Asked, passes: Passes, variables: Variables) -> None:
        self._server = server
        self._asked = asked
        self._passes = passes
        self._variables = variables
        self._waiting: list[tuple[Context, Request]] = []
        self._seen: set[tuple[Context, Request]] = set()
        self._found = Ways()

    def enter(self, request: Request) -> None:
        """Take a request into the server."""
        self._add(self._server, request)

    def at(self, location: Context, request: Request) -> None:
        """Take a request into a location."""
        self._add(location, request)

    def finish(self) -> Ways:
        """All ways from here."""
        while self._waiting:
            if len(self._seen) > _MOST_STEPS:
                self._found.anywhere = True
                break
            level, request = self._waiting.pop()
            if level is self._server:
                self._in_server(request)
            else:
                self._in_location(level, request)
        return self._found

    def _add(self, level: Context, request: Request) -> None:
        if (level, request) not in self._seen:
            self._seen.add((level, request))
            self._waiting.append((level, request))

    def _facts(self, level: Context) -> LevelWays:
        return level_ways(level)

    def _in_server(self, request: Request) -> None:
        self._found.anywhere |= self._facts(self._server).code
        found = rewritten(self._server, request, self._asked, self._variables)
        for level, status in found.answered:
            self.answered(level, {status}, request)
        for left in found.left:
            self._find(left.request)

    def _find(self, request: Request) -> None:
        for location in locations_for(self._server, request.uri):
            if location is None:
                self.answered(self._server, {301}, request)
            elif location is self._server:
                self._content(self._server, self._server, request)
            elif "internal" in location.by_name and not request.internal:
                self.answered(location, {404}, request)
            else:
                self._add(location, request)

    def _in_location(self, location: Context, request: Request) -> None:
        facts = self._facts(location)
        self._found.anywhere |= facts.code
        limit = facts.limit
        if limit is not None and request.method not in facts.unlimited:
            self._content(location, limit, request)
            return
        found = rewritten(location, request, self._asked, self._variables)
        for level, status in found.answered:
            self.answered(level, {status}, request)
        for left in found.left:
            if left.changed:
                self._find(left.request)
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
            self._follow(facts.post_action, request, level)
        if not facts.tried:
            self._handler(location, level, facts, request)
            return
        for name in facts.tried[:-1]:
            if request.file and name.endswith("/"):
                continue
            for uri in self._texts(name, request, level):
                self._handler(location, level, facts, request._replace(uri=uri))
        last = facts.tried[-1]
        if last.startswith("="):
            if last[1:].isdecimal():
                self.answered(level, {int(last[1:])}, request)
        else:
            self._follow(last, request, level)

    def _handler(
        self, location: Context, level: Context, facts: LevelWays, request: Request
    ) -> None:
        hops = self._passes.of_level.get(level, ())
        if not hops and not facts.handled:
            hops = self._passes.of_level.get(location, ())
            if not hops and self._facts(location).handled:
                self.answered(level, None, request)
                return
        running = [hop for hop in hops if not self._facts(hop.context).is_overridden(hop)]
        for hop in running:
            self._found.arrivals.add(Arrival(hop, request))
            self.answered(level, None if facts.intercepts else _OF_A_PASS, request)
        if not running:
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
                self._add(self._server, request.redirected(path, file=True))

    def answered(self, level: Context, statuses: Iterable[int] | None, request: Request) -> None:
        """Follow the pages for an answer; None stands for any status."""
        facts = self._facts(level)
        if request.errored and not facts.recursive:
            return
        for page in facts.pages(statuses):
            method = request.method
            if not page.startswith("@") and method != "HEAD":
                method = "GET"
            failed = request._replace(errored=True, method=method)
            if page.startswith("@"):
                self._go(Uri(page), failed)
            elif page.startswith(("/", "$")) and not page.startswith(_ELSEWHERE):
                self._follow(page, failed, level)

    def _follow(self, page: str, request: Request, level: Context) -> None:
        """Go to what a text with variables becomes."""
        for uri in self._texts(page, request, level):
            if uri.open and not uri.text:
                self._found.anywhere = True
            else:
                self._go(uri, request)

    def _go(self, uri: Uri, request: Request) -> None:
        """An internal redirect to a URI, or to a named location."""
        if uri.text.startswith("@"):
            location = named_location(self._server, uri.text)
            if location is not None:
                self._add(location, request._replace(internal=True))
        elif not uri.text.startswith(("http://", "https://")):
            path, asks, _ = uri.text.partition("?")
            self._add(self._server, request.redirected(Uri(path, uri.open and not asks)))

    def _texts(self, template: str, request: Request, level: Context) -> list[Uri]:
        return texts(template, request, self._asked, self._variables, level)
