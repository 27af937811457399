"""Names of upstreams: when nginx looks them up, and what it remembers of their addresses."""

from __future__ import annotations

from lint502.behaviour.ejection import out_for
from lint502.nginx.hops import Target
from lint502.nginx.version import Version

RESOLVE = Version(1, 27, 3)
"""From here on ``server NAME resolve`` is there without a subscription (CHANGES, 1.27.3)."""


def says_resolve(target: Target) -> bool:
    """Whether a ``server`` line says ``resolve``. Before 1.27.3 that takes a commercial nginx: any
    other refuses to start."""
    return target.server is not None and "resolve" in target.server.directive.args


def found_once(target: Target) -> bool:
    """Whether nginx finds a target by a name that it looks up when it starts, and never again."""
    address = target.address
    if address.socket is not None or address.ip is not None or address.is_loopback:
        return False
    return not target.needs_resolver and not says_resolve(target)


FAMILIES = ("127.0.0.1", "::1")
"""The addresses of ``localhost``."""


def passed_over(target: Target) -> bool:
    """Whether nginx passes over the addresses of a name once they have failed; a pass directive's
    own for 10 seconds (``ngx_http_upstream_init_round_robin()``)."""
    return target.server is None or bool(out_for((target.server,)))
