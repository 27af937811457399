"""What the client does not see of nginx's own 502.

``error_page 502 = …`` answers with another status in the place of nginx's own 502.

Without the ``=`` the client still gets the 502, with another body, unless the page is a URL: then
it is sent there, whatever the status. Of several lines for one status the first counts. Source:
``ngx_http_special_response_handler()`` and ``ngx_http_send_error_page()`` in
``src/http/ngx_http_special_response.c``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from lint502.behaviour.internal_redirects import origins, subrequests
from lint502.findings import Finding, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.locations import find_location
from lint502.nginx.scope import Scope
from lint502.nginx.tree import Context

LEAST_ERROR = 500
"""From here on a status says that the server has failed."""

_OWN = ("500", "502", "504")
"""The statuses that nginx itself answers for a hop; an upstream's own pass through."""

_FAILED = (*_OWN, "503")
"""The statuses of a pass that has failed."""


class Instead(NamedTuple):
    """The status that the client sees, and which directive brings that about."""

    status: int
    by: str


ITS_OWN = 0
"""Stands for the status that an error page answers with by itself."""

_REDIRECT = 302
_REDIRECTS = (301, 302, 303, 307, 308)
"""The statuses that an error page elsewhere can have; 302 stands for any other."""


def replaced_statuses(hop: Hop) -> dict[int, Instead]:
    """The statuses of a hop that the client does not get to see, and what it sees instead."""
    if hop.kind == "stream":
        return {}
    beside = _beside(hop)
    if beside is not None:
        return {int(code): beside for code in _OWN if int(code) != beside.status}
    setting = hop.scope.setting("error_page")
    if setting is None or not setting.lines or _is_error_page(hop):
        return {}
    found: dict[int, Instead | None] = {}
    for line in setting.lines:
        for code in line[:-1]:
            if code in _OWN:  # the first line counts
                found.setdefault(int(code), None if _leads_back(hop, line[-1]) else _instead(line))
    return {
        code: instead
        for code, instead in found.items()
        if instead is not None and instead.status != code
    }


@dataclass(frozen=True, slots=True)
class Fallback:
    """Where the requests come from that get to a hop only by ``error_page``: they failed below one
    of the ``levels``, with one of the ``statuses``."""

    levels: frozenset[Context]
    statuses: frozenset[int]


def fallback(hop: Hop) -> Fallback | None:
    """What a hop stands in for; None where requests get there in other ways too.

    Only for the errors of an upstream: ``error_page 404 = @app`` is how files come before an
    application.
    """
    location, server = hop.context.enclosing("location"), hop.context.enclosing("server")
    if location is None or server is None or not location.args:
        return None
    name = location.args[-1]
    if not name.startswith("@") and "internal" not in location.by_name:
        return None
    found = origins(server).get(name, ())
    statuses = {arg for one in found for arg in one.line.args[:-1] if not arg.startswith("=")}
    if not all(one.is_error_page for one in found) or not statuses <= set(_FAILED):
        return None
    levels = frozenset(one.level for one in found)
    return Fallback(levels, frozenset(map(int, statuses))) if levels else None


def _is_error_page(hop: Hop) -> bool:
    """Whether requests get to a hop by ``error_page``, whose own errors nginx does not handle: if
    it does, the place of the first error says (``recursive_error_pages``)."""
    server = hop.context.enclosing("server")
    if server is None:
        return False
    found = (one.level for one in origins(server).get(hop.location, ()) if one.is_error_page)
    flags = (Scope(level, hop.scope.version).flag("recursive_error_pages") for level in found)
    return any(flag is None or not flag.value for flag in flags)


def _leads_back(hop: Hop, page: str) -> bool:
    """Whether a page is made by the hop itself: it has failed already."""
    location, server = hop.context.enclosing("location"), hop.context.enclosing("server")
    if location is None or server is None:
        return False
    if page.startswith("@"):
        return location.args == (page,)
    return find_location(server, page.partition("?")[0]) is location


def _instead(line: tuple[str, ...]) -> Instead | None:
    """The status that a line gives; None where it leaves the one that there was."""
    *_, before, page = line
    given = before[1:] if before.startswith("=") else None
    status = int(given) if given and given.isdecimal() else ITS_OWN
    if page.startswith(_ELSEWHERE) or not page.startswith(_HERE):
        return Instead(status if status in _REDIRECTS else _REDIRECT, "error_page")
    return None if given is None else Instead(status, "error_page")


_HERE = ("/", "@", "$")
"""What a page of this server begins with, or one of which nobody knows."""

_ELSEWHERE = ("$scheme:", "${scheme}:")


def _beside(hop: Hop) -> Instead | None:
    """What becomes of the failures of a hop that is only asked beside the request.

    ``auth_request`` answers 500 to whatever is neither 2xx, 401 nor 403; nobody sees what a
    ``mirror`` gets.
    """
    location = hop.context.enclosing("location")
    server = hop.context.enclosing("server")
    if location is None or server is None or "internal" not in location.by_name:
        return None
    if hop.location.removeprefix("= ") in subrequests(server, "auth_request"):
        return Instead(500, "auth_request")
    if hop.location.removeprefix("= ") in subrequests(server, "mirror"):
        return Instead(ITS_OWN, "mirror")
    return None


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
