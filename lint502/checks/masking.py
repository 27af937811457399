"""``error_page 502 = …`` answers with another status in the place of nginx's own 502.

Without the ``=`` the client still gets the 502, with another body. Source:
``ngx_http_send_error_page()`` in ``src/http/ngx_http_special_response.c``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lint502.findings import Finding, Severity
from lint502.nginx.hops import Hop

_OWN = ("502", "504")
"""The statuses that nginx itself answers for a hop; an upstream's own pass through."""


def masked_statuses(hop: Hop) -> frozenset[int]:
    """The statuses of a hop that the client does not get to see."""
    if hop.kind == "stream":
        return frozenset()
    setting = hop.scope.setting("error_page")
    if setting is None:
        return frozenset()
    return frozenset(
        int(code)
        for line in setting.lines
        if any(arg.startswith("=") for arg in line)
        for code in line
        if code in _OWN
    )


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
