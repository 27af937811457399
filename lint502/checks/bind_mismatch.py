"""bind-mismatch: the process is bound to an address that nginx does not reach it by."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.binding import refused
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx.addresses import is_loopback, literal_ip
from lint502.nginx.hops import Target
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed, nothing_listens, replacement


def check(site: Site) -> Iterator[Disagreement]:
    """One for each target at whose address nothing is bound."""
    for pair in site.each_pair():
        certain, listener, target = refused(pair), pair.meant, pair.target
        if certain is None or listener is None or listener.bind is None:
            continue
        bound = listed(listener.bind.value)
        status, log = nothing_listens(pair.hop.datagrams)
        message = (
            f"nginx connects to {target.address}, but {listener.upstream} is bound to {bound} only"
        )
        if not certain:
            message += ", unless that name is a loopback address where nginx runs"
        yield RULE.disagreement(
            pair,
            "connect",
            certain=certain,
            status=status,
            message=message,
            place=target.place(f"nginx connects to {target.address}"),
            related=(declared(listener.bind, f"{listener.upstream} is bound to {bound}"),),
            log=log,
            fix=_fix(target, listener),
        )


def _fix(target: Target, listener: Listener) -> Fix:
    """The address that is bound, where there is one that can be reached; else what to bind."""
    return _bound_address(target, listener) or Fix(_what_to_bind(target, listener))


def _what_to_bind(target: Target, listener: Listener) -> str:
    """Words on an address at which nginx would reach the process."""
    address, name = target.address, listener.upstream
    if address.is_loopback and address.ip is None:
        return f"bind {name} to 127.0.0.1 and ::1, which {address.host} is"
    if address.ip is None:
        return f"bind {name} to 0.0.0.0, or to the address that {address.host} has there"
    if address.ip.is_unspecified:
        return f"bind {name} to {address.ip}"
    return f"bind {name} to {address.ip}, or to {'0.0.0.0' if address.ip.version == 4 else '::'}"


def _bound_address(target: Target, listener: Listener) -> Fix | None:
    assert listener.bind is not None
    bound = listener.bind.value
    ip = literal_ip(bound[0]) if len(bound) == 1 else None
    if ip is None or ip.is_unspecified:
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


RULE = Rule("bind-mismatch", check, "usual.once")
