"""Which methods a hop passes on: ``limit_except`` with ``deny all`` keeps the others out."""

from __future__ import annotations

from lint502.nginx.hops import Hop

ALL = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "OPTIONS", "PROPFIND",
     "PROPPATCH", "LOCK", "UNLOCK", "PATCH")
)  # fmt: skip
"""The methods that ``limit_except`` knows."""

NOT_IDEMPOTENT = frozenset(("POST", "LOCK", "PATCH"))
"""The methods that nginx does not send twice by itself. Source: ``ngx_http_upstream_next()``."""


def allowed_methods(hop: Hop) -> frozenset[str]:
    """The methods that reach the upstream; all of them where nothing limits them."""
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
