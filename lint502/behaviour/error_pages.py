"""What the client does not see of nginx's own 502.

``error_page 502 = …`` answers with another status in the place of nginx's own 502.

Without the ``=`` the client still gets the 502, with another body, unless the page is a URL: then
it is sent there, whatever the status; or unless a ``return 503;`` makes the page. Of several lines
for one status the first counts. Source: ``ngx_http_special_response_handler()`` and
``ngx_http_send_error_page()`` in ``src/http/ngx_http_special_response.c``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from lint502.behaviour.internal_redirects import origins
from lint502.behaviour.subrequests import asked_beside, askers
from lint502.findings import Finding, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.locations import find_location, named_location
from lint502.nginx.reached import certain_answer
from lint502.nginx.scope import Scope
from lint502.nginx.setting_lines import first_with
from lint502.nginx.tree import Context, once_a_context

LEAST_ERROR = 500
"""From here on a status says that the server has failed."""

_OWN = (500, 502, 504)
"""The statuses that nginx itself answers for a hop; an upstream's own pass through."""

_FAILED = (*_OWN, 503)
"""The statuses of a pass that has failed."""


class Instead(NamedTuple):
    """The status that the client sees, and which directive brings that about."""

    status: int
    by: str


_CYCLE = Instead(500, "error_page")
"""What comes of a page that fails as what has led to it, again and again: nginx gives up after ten
redirects, and has no page for that (``ngx_http_internal_redirect()``)."""

ITS_OWN = 0
"""Stands for the status that an error page answers with by itself."""

_REDIRECT = 302
_REDIRECTS = (301, 302, 303, 307, 308)
"""The statuses that an error page elsewhere can have; 302 stands for any other."""

_NOWHERE = 500
"""What nginx answers where the error page is a named location that there is not."""


def replaced_statuses(hop: Hop) -> dict[int, Instead]:
    """The statuses of a hop that the client does not get to see, and what it sees instead."""
    if hop.kind == "stream":
        return {}
    asked = asked_beside(hop)
    if asked == "mirror":
        return {code: Instead(ITS_OWN, "mirror") for code in _OWN}
    location = hop.context.enclosing("location")
    found: dict[int, Instead] = {}
    for code in () if _is_error_page(hop) else _OWN:
        instead = _page(hop.scope, code, lambda page: page is location)
        if instead is not None:
            found[code] = instead
    return found if asked is None else _asked_for_leave(hop, found)


def _asked_for_leave(hop: Hop, found: Mapping[int, Instead]) -> dict[int, Instead]:
    """What becomes of the statuses of a hop that ``auth_request`` asks: 2xx lets the request go on,
    401 and 403 are the client's, and all else is 500, for which there may be a page again."""
    result = dict(found)
    pages = [_page(Scope(level, hop.scope.version), 500, again) for level, again in askers(hop)]
    for code in _OWN:
        status = found[code].status if code in found else code
        if status == ITS_OWN or 200 <= status < 300 or status in (401, 403):
            continue
        if pages and pages[0] is not None and None not in pages:
            result[code] = pages[0]
        elif code == 500:
            result.pop(code, None)
        else:
            result[code] = Instead(500, "auth_request")
    return result


class Fallback(Struct, frozen=True):
    """Where the requests come from that get to a hop only by ``error_page``: they failed below one
    of the ``levels``, with one of the ``statuses``."""

    levels: frozenset[Context]
    statuses: frozenset[int]


def fallback(hop: Hop) -> Fallback | None:
    """What a hop stands in for; None where requests get there in other ways too.

    Only for the errors of an upstream: ``error_page 404 = @app`` is how files come before an
    application, and a ``return 503`` needs no pass that fails.
    """
    location, server = hop.context.enclosing("location"), hop.context.enclosing("server")
    if location is None or server is None or not _is_led_to(location):
        return None
    found = origins(server).get(location.args[-1], ())
    statuses = {arg for one in found for arg in one.line.args[:-1] if not arg.startswith("=")}
    if not all(one.is_error_page for one in found) or not statuses <= set(map(str, _FAILED)):
        return None
    levels = frozenset(one.level for one in found)
    if any(not statuses.isdisjoint(_returned(level)) for level in levels):
        return None
    return Fallback(levels, frozenset(map(int, statuses))) if levels else None


@once_a_context
def _returned(level: Context) -> frozenset[str]:
    """The statuses that lines below a level answer with, so that no pass has to fail for them."""
    here = (line.args[0] for line in level.by_name.get("return", ()) if len(line.args) == 1)
    tried = (line.args[-1][1:] for line in level.by_name.get("try_files", ()) if line.args)
    return frozenset((*here, *tried)).union(*map(_returned, level.children))


def _is_led_to(location: Context) -> bool:
    """Whether no client gets to a location by itself."""
    named = bool(location.args) and location.args[-1].startswith("@")
    return named or (bool(location.args) and "internal" in location.by_name)


def _is_error_page(hop: Hop) -> bool:
    """Whether requests get to a hop by ``error_page``, whose own errors nginx does not handle: if
    it does, the place of the first error says (``recursive_error_pages``)."""
    location, server = hop.context.enclosing("location"), hop.context.enclosing("server")
    if location is None or server is None or not _is_led_to(location):
        return False
    found = (one.level for one in origins(server).get(location.args[-1], ()) if one.is_error_page)
    flags = (Scope(level, hop.scope.version).flag("recursive_error_pages") for level in found)
    return any(flag is None or not flag.value for flag in flags)


def _page(scope: Scope, status: int, again: Callable[[Context], bool]) -> Instead | None:
    """What ``error_page`` makes of a status at a place; None where the status stays. ``again`` says
    of a location whether what has failed would fail there too."""
    line = first_line(scope, status)
    found = None if line is None else _instead(line, scope, again)
    return None if found is None or found.status == status else found


def instead_of(scope: Scope, status: int) -> Instead | None:
    """What the client gets in the place of a status that nginx answers at a level by itself; None
    where it stays."""
    return _page(scope, status, lambda _: False)


def first_line(scope: Scope, status: int) -> tuple[str, ...] | None:
    """The arguments of the ``error_page`` for a status: the first line counts."""
    setting = scope.setting("error_page")
    number = None if setting is None else first_with(setting.lines).get(str(status))
    return None if setting is None or number is None else setting.lines[number]


def _instead(
    line: tuple[str, ...], scope: Scope, again: Callable[[Context], bool]
) -> Instead | None:
    """The status that a line gives; None where it leaves the one that there was."""
    *_, before, page = line
    given: int | None = None
    if before.startswith("="):
        given = int(before[1:]) if before[1:].isdecimal() else ITS_OWN
    if page.startswith(_ELSEWHERE) or not page.startswith(_HERE):
        return Instead(given if given in _REDIRECTS else _REDIRECT, "error_page")
    server = scope.context.enclosing("server")
    location = page_location(scope, page)
    if location is None:
        nowhere = page.startswith("@") and server is not None and server.seen_whole
        return Instead(_NOWHERE, "error_page") if nowhere else _unless_kept(given)
    recursive = scope.flag("recursive_error_pages")
    if again(location):
        around = scope.context.enclosing("location") is location
        return _CYCLE if around and recursive is not None and recursive.value else None
    answer = certain_answer(location)
    if answer is None:
        return _unless_kept(given)
    inner = Scope(location, scope.version).setting("error_page")
    if inner is None or recursive is None:
        return Instead(ITS_OWN, "error_page")
    if recursive.value and str(answer.status) in first_with(inner.lines):
        return Instead(ITS_OWN, "error_page")
    if answer.final or given == ITS_OWN:
        return Instead(answer.status, "error_page")
    return _unless_kept(given)


def _unless_kept(given: int | None) -> Instead | None:
    return None if given is None else Instead(given, "error_page")


def page_location(scope: Scope, page: str) -> Context | None:
    """The location that makes a page, where that is certain."""
    server = scope.context.enclosing("server")
    if server is None:
        return None
    if not page.startswith("@"):
        return find_location(server, page.partition("?")[0])
    return named_location(server, page)


_HERE = ("/", "@", "$")
"""What a page of this server begins with, or one of which nobody knows."""

_ELSEWHERE = ("$scheme:", "${scheme}:")


def as_the_client_sees(finding: Finding, replaced: Mapping[str, Mapping[int, Instead]]) -> Finding:
    """An error that is hidden at every hop is a warning: the upstream still fails. What becomes
    another error is one still, with that status."""
    if finding.severity is Severity.INFO or finding.status is None or not finding.hops:
        return finding
    seen = list(dict.fromkeys(replaced[hop].get(finding.status) for hop in finding.hops))
    first = seen[0]
    if first is None or None in seen:
        return finding
    if len(seen) == 1 and first.status >= LEAST_ERROR:
        message = f"{finding.message}; {first.by} makes {first.status} of it"
        return replace(finding, status=first.status, message=message)
    if finding.severity is not Severity.ERROR:
        return finding
    return replace(
        finding,
        severity=Severity.WARNING,
        frequency="sometimes",
        message=f"{finding.message}; {first.by} answers in its place",
    )
