"""Which methods a hop passes on: ``limit_except`` with ``deny all`` keeps the others out, and so
does ``if ($request_method …) { return …; }``."""

from __future__ import annotations

import re

from lint502.behaviour.subrequests import asked_beside
from lint502.nginx.hops import Hop
from lint502.nginx.reached import leads_to, level_returns, limit_of, passing_limit
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex

ALL = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "OPTIONS", "PROPFIND",
     "PROPPATCH", "LOCK", "UNLOCK", "PATCH")
)  # fmt: skip
"""The methods that ``limit_except`` knows."""

_MATCHES = regex(r"(?P<not>!?)~(?P<folded>\*?)")

NOT_IDEMPOTENT = frozenset(("POST", "LOCK", "PATCH"))
"""The methods that nginx does not send twice by itself. Source: ``ngx_http_upstream_next()``."""


def allowed_methods(hop: Hop) -> frozenset[str]:
    """The methods that reach the upstream; all of them where nothing limits them.

    ``limit_except`` takes its methods out of the location before anything in it runs, with its own
    pass or with that of the location. ``auth_request`` asks by GET, whatever the client does
    (``ngx_http_subrequest()``).
    """
    if asked_beside(hop) == "auth_request":
        return frozenset(("GET",))
    server = hop.context.enclosing("server")
    location = hop.context.enclosing("location")
    left = ALL if server is None else ALL - _turned_away(server, location)
    if location is None:
        return left
    limit = limit_of(location)
    if hop.context.name == "limit_except":
        return left - _listed(hop.context)
    direct = frozenset() if hop.context is location and level_returns(location) else ALL
    direct -= _turned_away(location, None)
    if limit is None:
        return left & direct
    direct &= _listed(limit)
    if hop.context is location and passing_limit(location) is not None:
        direct |= ALL - _listed(limit)
    return left & direct


def sends_bodies(hop: Hop) -> bool:
    """Whether nginx passes the bodies of requests on."""
    if hop.kind in ("stream", "memcached"):
        return False
    if hop.kind == "grpc":
        return True
    if allowed_methods(hop) <= {"GET", "HEAD"}:
        return False
    body = hop.scope.setting("proxy_set_body") if hop.kind == "proxy" else None
    if body is not None and body.lines:
        return False
    flag = hop.scope.flag(f"{hop.kind}_pass_request_body")
    return flag is not None and flag.value


def _listed(limit: Context) -> frozenset[str]:
    """The methods that a ``limit_except`` leaves to the location: HEAD goes with GET."""
    methods = {arg.upper() for arg in limit.args}
    return frozenset(methods | ({"HEAD"} if "GET" in methods else set())) & ALL


def _turned_away(level: Context, named: Context | None) -> frozenset[str]:
    """The methods to which an ``if`` of the location or the server answers by itself, unless an
    ``error_page`` leads from the answer to this location."""
    return frozenset(
        method
        for method, status in _answered(level)
        if named is None or not leads_to(level, status, named)
    )


@once_a_context
def _answered(level: Context) -> tuple[tuple[str, str], ...]:
    """The methods for which an ``if`` holds that answers, each with the status."""
    return tuple(
        (method, child.by_name["return"][0].args[0])
        for child in level.children
        if child.name == "if" and "return" in child.by_name and not child.conditional
        for method in ALL
        if _holds(child, method)
    )


def _holds(condition: Context, method: str) -> bool:
    """Whether the condition of an ``if`` is about the method, and holds for one."""
    if len(condition.args) != 3 or condition.args[0] != "$request_method":
        return False
    operator, wanted = condition.args[1:]
    if operator in ("=", "!="):
        return (method == wanted) is (operator == "=")
    match = _MATCHES.fullmatch(operator)
    if match is None:
        return False
    try:
        found = re.search(wanted, method, re.IGNORECASE if match["folded"] else 0)
    except re.error:  # PCRE knows more
        return False
    return (found is not None) is not bool(match["not"])
