"""``error_page 502 = …`` answers with another status in the place of nginx's own 502.

Without the ``=`` the client still gets the 502, with another body. Source:
``ngx_http_send_error_page()`` in ``src/http/ngx_http_special_response.c``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lint502.checks.redirects import error_pages
from lint502.findings import Finding, Severity
from lint502.nginx.hops import Hop

_OWN = ("502", "504")
"""The statuses that nginx itself answers for a hop; an upstream's own pass through."""


def masked_statuses(hop: Hop) -> frozenset[int]:
    """The statuses of a hop that the client does not get to see."""
    if hop.kind == "stream":
        return frozenset()
    setting = hop.scope.setting("error_page")
    if setting is None or not setting.lines or _is_error_page(hop):
        return frozenset()
    return frozenset(
        int(code) for line in setting.lines if _replaces(line) for code in line if code in _OWN
    )


def _is_error_page(hop: Hop) -> bool:
    """Whether requests get to a hop by ``error_page``, whose own errors it does not handle."""
    recursive = hop.scope.flag("recursive_error_pages")
    if recursive is not None and recursive.value:
        return False
    server = hop.context.enclosing("server")
    return server is not None and hop.location in error_pages(server)


def _replaces(line: tuple[str, ...]) -> bool:
    """Whether a line gives another status: what its page answers, or one that is no error."""
    responses = [arg[1:] for arg in line if arg.startswith("=")]
    return any(not response or response < "500" for response in responses)


def as_the_client_sees(finding: Finding, masked: Mapping[str, frozenset[int]]) -> Finding:
    """An error that ``error_page`` hides at every hop is a warning: the upstream still fails."""
    if finding.severity is not Severity.ERROR or not finding.hops:
        return finding
    if not all(finding.status in masked[hop] for hop in finding.hops):
        return finding
    return replace(
        finding,
        severity=Severity.WARNING,
        frequency="sometimes",
        message=f"{finding.message}; error_page answers in its place",
    )
