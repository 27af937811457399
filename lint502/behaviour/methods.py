"""Which methods a hop passes on: ``limit_except`` with ``deny all`` keeps the others out, and so
does ``if ($request_method …) { return …; }``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lint502.behaviour.subrequests import asked_beside
from lint502.nginx.hops import Hop
from lint502.nginx.tree import Context

ALL = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "OPTIONS", "PROPFIND",
     "PROPPATCH", "LOCK", "UNLOCK", "PATCH")
)  # fmt: skip
"""The methods that ``limit_except`` knows."""

_MATCHES = re.compile(r"(?P<not>!?)~(?P<folded>\*?)")

NOT_IDEMPOTENT = frozenset(("POST", "LOCK", "PATCH"))
"""The methods that nginx does not send twice by itself. Source: ``ngx_http_upstream_next()``."""


def allowed_methods(hop: Hop) -> frozenset[str]:
    """The methods that reach the upstream; all of them where nothing limits them.

    ``auth_request`` asks by GET, whatever the client does (``ngx_http_subrequest()``).
    """
    if asked_beside(hop) == "auth_request":
        return frozenset(("GET",))
    return _let_through(hop) - frozenset(_turned_away(hop))


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


def _let_through(hop: Hop) -> frozenset[str]:
    location = hop.context.enclosing("location")
    if location is None or hop.context.name == "limit_except":
        return ALL
    for child in location.children:
        if child.name != "limit_except":
            continue
        denies = child.by_name.get("deny", ())
        allows = child.by_name.get("allow", ())
        if not allows and any(line.args == ("all",) for line in denies):
            methods = {arg.upper() for arg in child.args}
            return frozenset(methods | ({"HEAD"} if "GET" in methods else set())) & ALL
    return ALL


def _turned_away(hop: Hop) -> Iterator[str]:
    """The methods to which an ``if`` of the location or the server answers by itself."""
    for level in (hop.context.enclosing("location"), hop.context.enclosing("server")):
        for child in level.children if level is not None else ():
            if child.name == "if" and "return" in child.by_name:
                yield from (method for method in ALL if _holds(child, method))


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
