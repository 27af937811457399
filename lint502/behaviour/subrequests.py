"""Hops that are only asked beside the request of the client: by ``auth_request`` and ``mirror``.

``auth_request`` answers 500 to whatever is neither 2xx, 401 nor 403; nobody sees what a ``mirror``
gets. Source: ``ngx_http_auth_request_handler()`` in
``src/http/modules/ngx_http_auth_request_module.c``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

from lint502.behaviour.internal_redirects import error_pages, subrequests
from lint502.nginx.hops import Hop
from lint502.nginx.locations import exact_location, find_location
from lint502.nginx.reached import is_cut_off
from lint502.nginx.scope import Scope
from lint502.nginx.tree import Context, once_a_context
from lint502.nginx.version import NEWEST, Version

Asking = Literal["auth_request", "mirror"]

_ASKING: tuple[Asking, ...] = ("auth_request", "mirror")


def asked_beside(hop: Hop) -> Asking | None:
    """What asks a hop; None where clients do.

    A location that is called like the URI is taken to be there for it alone, with ``internal`` or
    without, as the documentation of oauth2-proxy has it.
    """
    location, server = hop.context.enclosing("location"), hop.context.enclosing("server")
    if location is None or server is None or not location.args:
        return None
    for asking in _ASKING:
        name = location.args[-1]
        named = name in _asked_paths(server)[asking] and location.args[0] not in ("~", "~*")
        if named and _location_for(server, name) in (location, None):
            return asking
        if "internal" in location.by_name and location in _asked_locations(server)[asking]:
            return asking
    return None


@once_a_context
def _asked_paths(server: Context) -> Mapping[Asking, frozenset[str]]:
    """The URIs that are asked beside a request, without their arguments."""
    return {
        asking: frozenset(uri.partition("?")[0] for uri in subrequests(server, asking))
        for asking in _ASKING
    }


@once_a_context
def _asked_locations(server: Context) -> Mapping[Asking, frozenset[Context | None]]:
    """The locations that handle these URIs."""
    return {
        asking: frozenset(find_location(server, path) for path in paths)
        for asking, paths in _asked_paths(server).items()
    }


def askers(hop: Hop) -> Iterator[tuple[Context, Callable[[Context], bool]]]:
    """The locations of whose requests ``auth_request`` asks a hop first; with each whether another
    location asks it as well. Those that only make error pages are left out."""
    location, server = hop.context.enclosing("location"), hop.context.enclosing("server")
    if location is None or server is None:
        return
    for level, uri in _askers(server).get(location, ()):
        yield level, partial(_asks_for, uri, hop.scope.version)


@once_a_context
def _askers(server: Context) -> Mapping[Context, Sequence[tuple[Context, str]]]:
    """For each location that ``auth_request`` asks, those of whose requests it does so, each with
    the URI."""
    pages = error_pages(server)
    found: dict[Context, list[tuple[Context, str]]] = {}
    for level in server.locations():
        if level.args[-1] in pages or is_cut_off(level):
            continue
        uri = asked_first(level, NEWEST)  # no release has another default
        asked = None if uri is None else _location_for(server, uri)
        if uri is not None and asked is not None and asked is not level:
            found.setdefault(asked, []).append((level, uri))
    return found


def _asks_for(uri: str, version: Version, level: Context) -> bool:
    return asked_first(level, version) == uri


def asked_first(level: Context, version: Version) -> str | None:
    """The URI that has to let requests at a place through; None where there is none, or where it
    may not have to."""
    scope = Scope(level, version)
    setting, satisfy = scope.setting("auth_request"), scope.word("satisfy")
    if setting is None or satisfy is None or satisfy.value == "any":
        return None
    return None if setting.value in ("", "off") else setting.value


def gate(hop: Hop) -> Context | None:
    """The location that ``auth_request`` asks before any request gets to a hop."""
    location, server = hop.context.enclosing("location"), hop.context.enclosing("server")
    if location is None or server is None or asked_beside(hop) is not None:
        return None
    uri = asked_first(location, hop.scope.version)
    return None if uri is None else _location_for(server, uri)


def _location_for(server: Context, uri: str) -> Context | None:
    path = uri.partition("?")[0]
    return exact_location(server, path) or find_location(server, path)
