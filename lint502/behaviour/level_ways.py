"""What bears, at one level, on where its requests go: what is in effect there, read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from lint502.nginx.handlers import handlers, overridden_by
from lint502.nginx.hops import Hop
from lint502.nginx.reached import limit_of
from lint502.nginx.scope import Scope
from lint502.nginx.setting_lines import SettingLines, once_for_lines
from lint502.nginx.tree import Context, once_a_context
from lint502.nginx.version import NEWEST
from lint502.patterns import regex

_CODE = regex(
    r"(server_)?rewrite_by_lua.*|access_by_lua.*|content_by_lua.*|precontent_by_lua.*"
    r"|header_filter_by_lua.*|js_(access|content)|perl|echo_exec"
)
"""Directives that may send a request on to any location."""

_TURN_AWAY = ("deny", "auth_basic", "auth_request", "auth_jwt", "limit_req", "limit_conn")
_OPEN = ("rewrite", "return", "break")


_REDIRECTS = (301, 302, 303, 307, 308)
_ELSEWHERE = ("http://", "https://", "$scheme", "${scheme}")


class ErrorPage(NamedTuple):
    """A line of ``error_page``. ``code`` is what stands behind its ``=``: 0 where nothing does,
    None where there is no ``=``."""

    statuses: frozenset[int]
    page: str
    code: int | None

    @property
    def elsewhere(self) -> bool:
        """Whether the client is sent on to another URL."""
        return self.page.startswith(_ELSEWHERE)

    def shown(self, status: int) -> int | None:
        """What the client gets for a status, which the page's own answer does not change; None
        where that answer decides."""
        if self.elsewhere:
            return self.code if self.code in _REDIRECTS else 302
        return status if self.code is None else self.code or None


class LevelWays(Struct, frozen=True):
    """``error_pages`` are the lines by status, of several the first, and ``every_page`` is where
    all of them lead; ``pages_vary``: some hold variables. ``tried`` are the arguments of
    ``try_files``. ``limit`` is the ``limit_except`` of a location, and ``unlimited`` are the
    methods that it leaves alone. ``handled``: something there is the content handler.
    ``turns_away``: requests may be answered before that. ``code`` may send them anywhere."""

    error_pages: Mapping[int, ErrorPage]
    every_page: tuple[str, ...]
    pages_vary: bool
    recursive: bool
    tried: tuple[str, ...]
    index: tuple[str, ...]
    limit: Context | None
    unlimited: frozenset[str]
    handled: bool
    intercepts: bool
    turns_away: bool
    post_action: str
    code: bool

    def page(self, status: int) -> ErrorPage | None:
        """The page for a status, of several lines the first."""
        return self.error_pages.get(status)

    def pages(self, statuses: Iterable[int] | None) -> tuple[str, ...]:
        """The pages for some statuses; None is any."""
        if statuses is None:
            return self.every_page
        found = (self.page(status) for status in (statuses if self.error_pages else ()))
        return tuple(dict.fromkeys(page.page for page in found if page is not None))

    def is_overridden(self, hop: Hop) -> bool:
        """Whether another handler runs in the place of a pass."""
        return overridden_by(hop.context, hop.directive) is not None


@once_a_context
def level_ways(level: Context) -> LevelWays:
    """What is in effect at a server, a location, an ``if`` or a ``limit_except``."""
    scope = Scope(level, NEWEST)
    limit = limit_of(level) if level.name == "location" else None
    listed = {arg.upper() for arg in limit.args} if limit is not None else set()
    listed |= {"HEAD"} if "GET" in listed else set()
    flag = scope.flag("recursive_error_pages")
    here = handlers(level)
    intercepting = {
        f"{line.name.removesuffix('_pass')}_intercept_errors"
        for line in (*here, *(handlers(level.parent) if level.parent is not None else ()))
        if line.name.endswith("_pass")
    }
    return LevelWays(
        *_error_pages(scope),
        flag is None or flag.value,
        _last(level, "try_files"),
        _index(scope),
        limit,
        frozenset(listed),
        bool(here),
        any(_is_on(scope, name) for name in intercepting),
        any(scope.absent(name) is not True for name in _TURN_AWAY),
        _first(scope, "post_action"),
        any(map(_CODE.fullmatch, (*level.by_name, *level.uncertain)))
        or not level.uncertain.keys().isdisjoint(_OPEN),
    )


def _is_on(scope: Scope, name: str) -> bool:
    flag = scope.flag(name)
    return flag is None or flag.value


def _error_pages(scope: Scope) -> tuple[Mapping[int, ErrorPage], tuple[str, ...], bool]:
    setting = scope.setting("error_page")
    return ({}, (), False) if setting is None else _read(setting.lines)


@once_for_lines
def _read(lines: SettingLines) -> tuple[Mapping[int, ErrorPage], tuple[str, ...], bool]:
    first: dict[int, ErrorPage] = {}
    found = list(_each_page(lines))
    for page in found:
        for status in page.statuses:
            first.setdefault(status, page)
    pages = tuple(dict.fromkeys(page.page for page in found))
    return first, pages, any("$" in page for page in pages)


def _each_page(lines: SettingLines) -> Iterator[ErrorPage]:
    for line in lines:
        statuses = frozenset(int(code) for code in line[:-1] if code.isdecimal())
        if line and statuses:
            code = next((arg[1:] for arg in line[:-1] if arg.startswith("=")), None)
            shown = None if code is None else int(code) if code.isdecimal() else 0
            yield ErrorPage(statuses, line[-1], shown)


def _index(scope: Scope) -> tuple[str, ...]:
    setting = scope.setting("index")
    if setting is None or not setting.lines:
        return ("index.html",)
    return _all_of(setting.lines)


@once_for_lines
def _all_of(lines: SettingLines) -> tuple[str, ...]:
    return tuple(name for line in lines for name in line)


def _last(level: Context, name: str) -> tuple[str, ...]:
    lines = level.by_name.get(name, ())
    return lines[-1].args if lines else ()


def _first(scope: Scope, name: str) -> str:
    for level in scope.context.up():
        for line in level.by_name.get(name, ()):
            return line.args[0] if line.args and line.args[0] != "off" else ""
    return ""
