"""How requests get from one location to another: ``error_page``, ``try_files``, subrequests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from lint502.nginx.tree import Context


@lru_cache(maxsize=1024)
def error_pages(server: Context) -> frozenset[str]:
    """The URIs and named locations that some ``error_page`` of a server leads to."""
    return frozenset(
        line.args[-1]
        for level in _levels(server)
        for line in level.by_name.get("error_page", ())
        if line.args
    )


@lru_cache(maxsize=1024)
def origins(server: Context) -> Mapping[str, tuple[Context, ...]]:
    """For each named location of a server, the levels whose requests may go on there."""
    found: dict[str, list[Context]] = {}
    for level in _levels(server):
        for name in ("try_files", "error_page"):
            for line in level.by_name.get(name, ()):
                if line.args and line.args[-1].startswith("@"):
                    found.setdefault(line.args[-1], []).append(level)
    return {name: tuple(levels) for name, levels in found.items()}


@lru_cache(maxsize=1024)
def subrequests(server: Context, directive: str) -> frozenset[str]:
    """The URIs of a server that an ``auth_request`` or a ``mirror`` asks beside the request."""
    return frozenset(
        line.args[0]
        for level in (*server.up(), *_levels(server))
        for line in level.by_name.get(directive, ())
        if line.args and line.args[0] != "off"
    )


def _levels(level: Context) -> Iterator[Context]:
    yield level
    for child in level.children:
        yield from _levels(child)
