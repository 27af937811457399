"""``error_page 502 = …`` answers with another status in the place of nginx's own 502.

Without the ``=`` the client still gets the 502, with another body, unless the page is a URL: then
it is sent there. Source: ``ngx_http_send_error_page()`` in
``src/http/ngx_http_special_response.c``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lint502.checks.redirects import error_pages
from lint502.findings import Finding, Severity
from lint502.nginx.hops import Hop

LEAST_ERROR = 500
"""From here on a status says that the server has failed."""

_OWN = ("502", "504")
"""The statuses that nginx itself answers for a hop; an upstream's own pass through."""


ITS_OWN = 0
"""Stands for the status that an error page answers with by itself."""

_REDIRECT = 302


def replaced_statuses(hop: Hop) -> dict[int, int]:
    """The statuses of a hop that the client does not get to see, and what it sees instead."""
    if hop.kind == "stream":
        return {}
    setting = hop.scope.setting("error_page")
    if setting is None or not setting.lines or _is_error_page(hop):
        return {}
    found: dict[int, int] = {}
    for line in setting.lines:
        instead = _instead(line)
        if instead is not None:
            for code in line:
                if code in _OWN and int(code) != instead:
                    found.setdefault(int(code), instead)  # the first line counts
    return found


def _is_error_page(hop: Hop) -> bool:
    """Whether requests get to a hop by ``error_page``, whose own errors it does not handle."""
    recursive = hop.scope.flag("recursive_error_pages")
    if recursive is not None and recursive.value:
        return False
    server = hop.context.enclosing("server")
    return server is not None and hop.location in error_pages(server)


def _instead(line: tuple[str, ...]) -> int | None:
    """The status that a line gives; None where it leaves the one that there was."""
    for arg in line:
        if arg.startswith("="):
            return int(arg[1:]) if arg[1:].isdecimal() else ITS_OWN
    return _REDIRECT if line[-1].lower().startswith(("http://", "https://", "$scheme")) else None


def as_the_client_sees(finding: Finding, replaced: Mapping[str, Mapping[int, int]]) -> Finding:
    """An error that ``error_page`` hides at every hop is a warning: the upstream still fails. What
    it makes another error of is one still, with that status."""
    if finding.severity is Severity.INFO or finding.status is None or not finding.hops:
        return finding
    seen = {replaced[hop].get(finding.status, finding.status) for hop in finding.hops}
    if finding.status in seen:
        return finding
    if len(seen) == 1 and (status := seen.pop()) >= LEAST_ERROR:
        message = f"{finding.message}; error_page makes {status} of it"
        return replace(finding, status=status, message=message)
    if finding.severity is not Severity.ERROR:
        return finding
    return replace(
        finding,
        severity=Severity.WARNING,
        frequency="sometimes",
        message=f"{finding.message}; error_page answers in its place",
    )
