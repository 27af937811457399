"""Which addresses a process is bound to, and whether nginx reaches it at one of them."""

from __future__ import annotations

from functools import lru_cache

from lint502.behaviour.names import FAMILIES, says_resolve
from lint502.nginx.addresses import is_loopback, literal_ip
from lint502.pairing import Pair

_REMEMBERED = 1 << 10  # many hops reach one listener


def refused(pair: Pair) -> bool | None:
    """True: nothing is bound there; False: likely so; None: something is, or it is not known."""
    listener, address = pair.meant, pair.target.address
    if listener is None or listener.bind is None or address.socket is not None:
        return None
    bound = listener.bind.value
    if not bound or not _all_known(bound):
        return None
    ip = address.ip
    if ip is not None:
        return None if _covered(bound, str(ip)) else True
    if address.is_loopback:  # by name: either family may be meant
        meant = ("::1",) if address.host.startswith("ip6-") else ("127.0.0.1", "::1")
        return None if any(_covered(bound, host) for host in meant) else True
    if not _all_loopback_only(bound):
        return None
    same_host = listener.same_host.value if listener.same_host is not None else None
    return None if same_host else same_host is False


@lru_cache(_REMEMBERED)
def _plain(bound: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item.lower().strip("[]") for item in bound)


@lru_cache(_REMEMBERED)
def _all_known(bound: tuple[str, ...]) -> bool:
    return all(
        item != "*" and (literal_ip(item) is not None or is_loopback(item))
        for item in _plain(bound)
    )


@lru_cache(_REMEMBERED)
def _covered(bound: tuple[str, ...], host: str) -> bool:
    return any(covers(item, host) for item in _plain(bound))


@lru_cache(_REMEMBERED)
def _all_loopback_only(bound: tuple[str, ...]) -> bool:
    return all(map(_is_loopback_only, _plain(bound)))


def covers(bound: str, host: str) -> bool:
    """Whether a process bound to ``bound`` is reached at the address ``host``.

    ``0.0.0.0`` and ``::`` as a destination are the loopback address; a process bound to ``::`` is
    taken to listen on both families, as Linux does by default (``net.ipv6.bindv6only`` = 0).
    """
    if literal_ip(bound) is None:  # localhost
        return host in ("127.0.0.1", "::1", "0.0.0.0", "::")
    wanted, has = literal_ip(host), literal_ip(bound)
    assert wanted is not None and has is not None, "both are literal"
    if has.is_unspecified:
        return has.version == 6 or wanted.version == 4
    if wanted.is_unspecified:
        return has.version == wanted.version and str(has) in ("127.0.0.1", "::1")
    return has == wanted


def _is_loopback_only(bound: str) -> bool:
    ip = literal_ip(bound)
    return is_loopback(bound) and not (ip is not None and ip.is_unspecified)


def refuses(pair: Pair) -> str | None:
    """The one address of ``localhost`` at which nothing is bound; None where there is no such one,
    or where it is not known."""
    listener, target = pair.meant, pair.target
    if listener is None or listener.bind is None or target.address.host != "localhost":
        return None
    if target.needs_resolver or says_resolve(target):
        return None
    bound = listener.bind.value
    if any(literal_ip(item) is None and not is_loopback(item) for item in _plain(bound)):
        return None
    missed = [host for host in FAMILIES if not _covered(bound, host)]
    return missed[0] if len(missed) == 1 else None
