"""How requests get from one location to another: ``error_page``, ``try_files``, subrequests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, once_a_context


class Origin(Struct, frozen=True):
    """A level whose requests may go on elsewhere, and the line that says so."""

    level: Context
    line: Directive

    @property
    def is_error_page(self) -> bool:
        """Whether only what has failed goes on there."""
        return self.line.name == "error_page"


@once_a_context
def error_pages(server: Context) -> frozenset[str]:
    """The URIs and named locations that some ``error_page`` of a server leads to."""
    return frozenset(
        line.args[-1]
        for level in _levels(server)
        for line in level.by_name.get("error_page", ())
        if line.args
    )


@once_a_context
def origins(server: Context) -> Mapping[str, tuple[Origin, ...]]:
    """For each URI or named location of a server, the levels whose requests may go on there; what
    the server takes over from around it counts as its own."""
    found: dict[str, list[Origin]] = {}
    if "error_page" not in server.by_name:
        around = (
            level.by_name["error_page"] for level in server.up() if "error_page" in level.by_name
        )
        for line in next(around, ()):
            if line.args:
                found.setdefault(line.args[-1], []).append(Origin(server, line))
    for level in _levels(server):
        for name in ("try_files", "error_page"):
            for line in level.by_name.get(name, ()):
                if line.args:
                    found.setdefault(line.args[-1], []).append(Origin(level, line))
    return {name: tuple(levels) for name, levels in found.items()}


def subrequests(server: Context, directive: Literal["auth_request", "mirror"]) -> frozenset[str]:
    """The URIs of a server that an ``auth_request`` or a ``mirror`` asks beside the request."""
    return _subrequests(server)[directive]


@once_a_context
def _subrequests(server: Context) -> Mapping[str, frozenset[str]]:
    levels = (*server.up(), *_levels(server))
    return {
        directive: frozenset(
            line.args[0]
            for level in levels
            for line in level.by_name.get(directive, ())
            if line.args and line.args[0] != "off"
        )
        for directive in ("auth_request", "mirror")
    }


def _levels(level: Context) -> Iterator[Context]:
    yield level
    for child in level.children:
        yield from _levels(child)
