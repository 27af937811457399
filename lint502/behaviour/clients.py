"""From which address nginx connects, and whether the upstream accepts connections from there.

PHP-FPM closes those from other addresses than ``listen.allowed_clients`` as soon as it has accepted
them (``fcgi_accept_request()`` in php-src's ``main/fastcgi.c``).
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from lint502.nginx.addresses import literal_ip
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.symbols import UNKNOWN
from lint502.pairing import Pair

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}


class Stranger(Struct, frozen=True):
    """Where nginx comes from, in words, and the line that says so, if one does. ``certain`` is
    False where the upstream's name may lead to nginx's own loopback."""

    address: str
    line: Directive | None
    certain: bool = True


def stranger(pair: Pair) -> Stranger | None:
    """What nginx is to an upstream that accepts no connections from it; None where it does, or that
    is not known."""
    listener, address = pair.meant, pair.target.address
    if listener is None or listener.allowed_clients is None or address.socket is not None:
        return None
    allowed = _addresses(listener.allowed_clients.value)
    line, bound, known = _bound(pair.hop)
    if not known:
        return None
    if bound is not None:
        return None if bound in allowed else Stranger(bound, line)
    if address.is_loopback:
        families = [4, 6] if address.ip is None else [address.ip.version]
        own = [_LOOPBACK[family] for family in families]
        return None if allowed.intersection(own) else Stranger(own[0], None)
    if not allowed <= set(_LOOPBACK.values()):
        return None  # one of the others may be nginx's
    elsewhere = listener.same_host is not None and not listener.same_host.value
    if listener.same_host is not None and listener.same_host.value and address.ip is None:
        return None
    return Stranger("an address of its network", None, elsewhere or address.ip is not None)


@lru_cache(maxsize=100)
def _addresses(written: tuple[str, ...]) -> frozenset[str]:
    return frozenset(str(literal_ip(one.strip("[]"))) for one in written)


def _bound(hop: Hop) -> tuple[Directive | None, str | None, bool]:
    """The line that says from which address a hop connects, that address, and whether it is known
    that it is this one, or the system's choice."""
    family = "proxy" if hop.kind == "stream" else hop.kind
    setting = hop.scope.setting(f"{family}_bind")
    if setting is None:
        return None, None, False
    if not setting.directives or setting.value.lower() == "off":
        return None, None, True
    texts = hop.variables.expand(setting.value, hop.context)
    if texts is None or len(texts) != 1 or UNKNOWN in texts[0].text:
        return None, None, False
    text = texts[0].text
    ip = literal_ip(text.strip("[]")) or literal_ip(text.rpartition(":")[0].strip("[]"))
    return setting.directives[-1], None if ip is None else str(ip), ip is not None
