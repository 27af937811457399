"""Names of upstreams: who looks them up, when, and whom nginx asks."""

from __future__ import annotations

from lint502.behaviour.ejection import out_for
from lint502.nginx.addresses import parse_address
from lint502.nginx.hops import Hop, Target
from lint502.nginx.parse import Directive
from lint502.nginx.version import Version
from lint502.pairing import Pair

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


PUBLIC = frozenset(
    ("1.0.0.1", "1.1.1.1", "8.8.4.4", "8.8.8.8", "9.9.9.9", "149.112.112.112", "208.67.220.220",
     "208.67.222.222", "2001:4860:4860::8844", "2001:4860:4860::8888", "2606:4700:4700::1001",
     "2606:4700:4700::1111", "2620:fe::9", "2620:fe::fe", "2620:119:35::35", "2620:119:53::53")
)  # fmt: skip
"""DNS servers for everybody, which know public names only. Sources: https://1.1.1.1/dns,
https://developers.google.com/speed/public-dns, https://quad9.net, https://www.opendns.com.
"""


_TOP_LEVEL = 2
"""Some names without a dot are hosts all the same: those of countries, of two letters."""


def unaware(pair: Pair) -> tuple[str, ...]:
    """The DNS servers that nginx asks for a name although they do not know it."""
    target, listener = pair.target, pair.meant
    if not target.needs_resolver:
        return ()
    asked = resolvers(pair.hop)
    known = listener.resolvers if listener is not None else None
    if known is not None:
        those = {_plain(server) for server in known.value}
        return tuple(server for server in asked if server not in those)
    host = target.address.host.rstrip(".")
    if "." in host or len(host) <= _TOP_LEVEL or not PUBLIC.issuperset(asked):
        return ()
    return asked


def resolvers(hop: Hop) -> tuple[str, ...]:
    """The DNS servers that nginx asks at a hop; none where they are not known."""
    line = resolver_line(hop)
    servers = line.args if line is not None else ()
    return tuple(_plain(arg) for arg in servers if "=" not in arg)


def resolver_line(hop: Hop) -> Directive | None:
    """The ``resolver`` in effect at a hop; None where it is not known whom it names."""
    setting = hop.scope.setting("resolver")
    line = setting.directives[-1] if setting is not None and setting.directives else None
    return None if line is None or any("$" in arg for arg in line.args) else line


def _plain(server: str) -> str:
    """A DNS server without the port that it has anyway."""
    try:
        address, _ = parse_address(server, 53, uri=False)
    except ValueError:
        return server.lower()
    return address.host if address.port == 53 else f"{address.host}:{address.port}"
