"""bind-mismatch: the process is bound to an address that nginx does not reach it by."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.failover import failing
from lint502.declared.listeners import Listener
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.addresses import is_loopback, literal_ip
from lint502.nginx.hops import Target
from lint502.pairing import Pair
from lint502.site import Site
from lint502.wording import declared, listed, refusal, replacement


def check(site: Site) -> Iterator[Finding]:
    """One finding for each target at whose address nothing is bound."""
    for pair, exposure in failing(site, lambda pair: refused(pair) is not None, "connect"):
        certain = refused(pair)
        listener, target = pair.listener, pair.target
        assert listener is not None and listener.bind is not None, "that is what fails"
        bound = listed(listener.bind.value)
        status, log = refusal(pair.hop.datagrams)
        message = (
            f"nginx connects to {target.address}, but {listener.upstream} is bound to {bound} only"
        )
        if not certain:
            message += ", unless that name is a loopback address where nginx runs"
        if exposure.hint:
            message += f"; {exposure.hint}"
        yield Finding(
            rule="bind-mismatch",
            severity=exposure.severity if certain else Severity.WARNING,
            status=status,
            frequency=exposure.frequency if certain else "sometimes",
            message=message,
            place=target.place(f"nginx connects to {target.address}"),
            related=(declared(listener.bind, f"{listener.upstream} is bound to {bound}"),),
            hops=(pair.hop.id,),
            upstream=listener.upstream,
            log=log,
            fix=_fix(target, listener),
        )


def _fix(target: Target, listener: Listener) -> Fix | None:
    """The address that is bound, where there is one that can be reached; the other way is to bind
    more."""
    assert listener.bind is not None
    bound = listener.bind.value
    if len(bound) != 1 or literal_ip(bound[0]) is None:
        return None
    elsewhere = listener.same_host is not None and not listener.same_host.value
    if elsewhere and is_loopback(bound[0]):
        return None
    written = target.written.args[target.arg]
    port = f":{target.address.port}"
    host = target.address.host if target.address.host in written else f"[{target.address.host}]"
    new = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    if host + port not in written:
        return None
    if f"[{host}]" in written:
        host = f"[{host}]"
    return replacement(target.written, target.arg, host + port, new + port, safe=False)


def refused(pair: Pair) -> bool | None:
    """True: nothing is bound there; False: likely so; None: something is, or it is not known."""
    listener, address = pair.listener, pair.target.address
    if listener is None or listener.bind is None or address.socket is not None:
        return None
    bound = [item.lower().strip("[]") for item in listener.bind.value]
    if not bound or any(item == "*" or (literal_ip(item) is None and not is_loopback(item))
                        for item in bound):  # fmt: skip
        return None
    ip = address.ip
    if ip is not None:
        return None if any(covers(item, str(ip)) for item in bound) else True
    if address.is_loopback:  # by name: either family may be meant
        meant = ("::1",) if address.host.startswith("ip6-") else ("127.0.0.1", "::1")
        return None if any(covers(item, host) for item in bound for host in meant) else True
    if not all(_is_loopback_only(item) for item in bound):
        return None
    same_host = listener.same_host.value if listener.same_host is not None else None
    return None if same_host else same_host is False


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
