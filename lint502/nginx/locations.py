"""Which location of a server handles a request.

Source: ``ngx_http_core_find_location()`` in ``src/http/ngx_http_core_module.c``, and
https://nginx.org/en/docs/http/ngx_http_core_module.html#location
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lint502.nginx.servers import matches
from lint502.nginx.tree import Context

_PLAIN_URI = re.compile(r"/[A-Za-z0-9/_.-]*", re.ASCII)
_REGEX = ("~", "~*")
_MODIFIERS = ("^~", "=")


def find_location(level: Context, uri: str) -> Context | None:
    """The location for a URI below a server or a location, which is ``level`` where it has none;
    None where that is not certain, or nginx redirects instead."""
    if not _PLAIN_URI.fullmatch(uri) or "//" in uri or "/." in uri:
        return None
    found, _ = _find(level, uri)
    return found


def prefix_of(location: Context) -> str | None:
    """What the URIs of a location start with; None for a regular expression, or a name."""
    args = location.args
    name = args[-1]
    if len(args) == 2 and args[0] not in _MODIFIERS:
        return None
    return name if name.startswith("/") else None


def takes_all_below(server: Context, location: Context, prefix: str) -> bool:
    """Whether no other location of a server can take a request whose URI starts with a prefix."""
    return all(
        other is location or not (prefix_of(other) or prefix).startswith(prefix)
        for other in server.locations()
        if not other.args[0].startswith("@")
    )


def _find(level: Context, uri: str) -> tuple[Context | None, bool]:
    """The location, and whether that is the last word: of an exact one, or a regular expression."""
    best: Context | None = None
    longest = ""
    for modifier, name, location in _locations(level):
        if modifier in _REGEX or name.startswith("@"):
            continue
        if name == uri and modifier == "=":
            return location, True
        if name == f"{uri}/":
            return None, True  # nginx may send the client there
        if modifier != "=" and uri.startswith(name) and len(name) > len(longest):
            best, longest = location, name
    found: Context | None = level
    if best is not None:
        found, last = _find(best, uri)
        if last:
            return found, True
        if best.args[0].startswith("^~"):
            return found, False
    for modifier, name, location in _locations(level):
        if modifier in _REGEX:
            matched = matches(name, uri, case=modifier == "~")
            if matched is None:
                return None, True
            if matched:
                return _find(location, uri)[0], True
    return found, False


def _locations(level: Context) -> Iterator[tuple[str, str, Context]]:
    """Modifier, name and context of the locations directly within a level."""
    for child in level.children:
        if child.name != "location" or not child.args:
            continue
        if len(child.args) > 1:
            yield child.args[0], child.args[1], child
        else:
            modifier = next((m for m in ("~*", "^~", "=", "~") if child.args[0].startswith(m)), "")
            yield modifier, child.args[0][len(modifier) :], child
