"""The locations of which one takes a request, where its URI is known in part only, or an expression
is left open.

Source: ``ngx_http_core_find_location()`` in ``src/http/ngx_http_core_module.c``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lint502.nginx.handlers import handlers
from lint502.nginx.locations import Within, within
from lint502.nginx.predicates import holds
from lint502.nginx.regexes import search
from lint502.nginx.requested_uris import Uri
from lint502.nginx.tree import Context

_SENDS_ON = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")


def locations_for(level: Context, uri: Uri) -> frozenset[Context | None]:
    """All locations below a server or a location that may take a URI, ``level`` itself where none
    does; None among them: nginx may send the client on to ``/uri/``."""
    return frozenset(found for found, _ in _search(level, uri))


def _search(level: Context, uri: Uri) -> set[tuple[Context | None, bool]]:
    """Each location with whether that is the last word."""
    here = within(level)
    if here.open:
        return {(level, False), *((location, False) for location in level.locations())}
    found: set[tuple[Context | None, bool]] = set()
    if not uri.open and uri.text in here.exact:
        return {(here.exact[uri.text], True)}
    best = next(
        (uri.text[:end] for end in range(len(uri.text), 0, -1) if uri.text[:end] in here.prefixes),
        None,
    )
    if uri.open:
        found.update((one, True) for name, one in here.exact.items() if name.startswith(uri.text))
    elif best != uri.text and f"{uri.text}/" in here.names:
        there = (here.exact.get(f"{uri.text}/"), here.prefixes.get(f"{uri.text}/"))
        if any(one is not None and _has_a_pass(one) for one in there):
            return {(None, True)}
    prefixes = [None if best is None else here.prefixes[best]]
    if uri.open:
        longer = (name for name in here.prefixes if name.startswith(uri.text) and name != best)
        prefixes += [here.prefixes[name] for name in longer]
    for prefix in prefixes:
        inner = {(level, False)} if prefix is None else _search(prefix, uri)
        found.update(one for one in inner if one[1])
        rest = {one for one, last in inner if not last}
        if rest and (prefix is None or not prefix.args[0].startswith("^~")):
            found.update(_unless_taken(here, uri, rest))
        else:
            found.update((one, False) for one in rest)
    return found


def _unless_taken(
    here: Within, uri: Uri, rest: Iterable[Context | None]
) -> Iterator[tuple[Context | None, bool]]:
    """What a prefix has found, and the locations that may take the request from it: by a regular
    expression, or by a variable."""
    for modifier, regex, location in here.regexes:
        matched = search(regex, uri.text, case=modifier == "~", whole=not uri.open).matches
        if matched is not False:
            for found, _ in _search(location, uri):
                yield found, True
        if matched:
            return
    for location in here.predicates:
        taken = holds(location)
        if taken is not False:
            for found, _ in _search(location, uri):
                yield found, True
        if taken:
            return
    for one in rest:
        yield one, False


def _has_a_pass(location: Context) -> bool:
    """Whether ``/uri`` is sent on to the location ``/uri/``."""
    return any(line.name in _SENDS_ON for line in handlers(location))
