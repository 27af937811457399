"""localhost-family: the process is bound to one address family, and nginx goes to ``localhost``.

nginx takes every address that ``getaddrinfo()`` gives for a name as a server of its own. Source:
``ngx_inet_resolve_host()`` in ``src/core/ngx_inet.c``.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.ejection import NO_LIVE, out_for
from lint502.behaviour.failover import is_backup, retries
from lint502.checks.bind_mismatch import covers
from lint502.checks.static_dns import says_resolve
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.addresses import is_loopback, literal_ip
from lint502.nginx.hops import Target
from lint502.pairing import Pair
from lint502.site import Site
from lint502.wording import declared, listed, refusal, replacement

FAMILIES = ("127.0.0.1", "::1")
"""The addresses of ``localhost``."""


def check(site: Site) -> Iterator[Finding]:
    """One finding for each ``localhost`` of which one address refuses connections."""
    for pair in site.each_pair():
        refused, listener = refuses(pair), pair.listener
        if refused is None:
            continue
        assert listener is not None and listener.bind is not None, "that is what refuses"
        retried = retries(pair.hop, "connect")
        if retried and not passed_over(pair.target):
            continue
        bound = listed(listener.bind.value)
        status, log = refusal(pair.hop.datagrams)
        yield Finding(
            rule="localhost-family",
            severity=Severity.WARNING if retried or is_backup(pair) else Severity.ERROR,
            status=status,
            frequency="sometimes",
            message=(
                f"localhost is {refused} as well where nginx's /etc/hosts says so, but "
                f"{listener.upstream} is bound to {bound} only; {_hint(retried=retried)}"
            ),
            place=pair.target.place(f"localhost is {' and '.join(FAMILIES)}"),
            related=(declared(listener.bind, f"{listener.upstream} is bound to {bound}"),),
            hops=(pair.hop.id,),
            upstream=listener.upstream,
            log=NO_LIVE if retried else log,
            fix=_fix(pair.target, next(host for host in FAMILIES if host != refused)),
        )


def refuses(pair: Pair) -> str | None:
    """The one address of ``localhost`` at which nothing is bound; None where there is no such one,
    or where it is not known."""
    listener, target = pair.listener, pair.target
    if listener is None or listener.bind is None or target.address.host != "localhost":
        return None
    if target.needs_resolver or says_resolve(target):
        return None
    bound = [item.lower().strip("[]") for item in listener.bind.value]
    if any(literal_ip(item) is None and not is_loopback(item) for item in bound):
        return None
    missed = [host for host in FAMILIES if not any(covers(item, host) for item in bound)]
    return missed[0] if len(missed) == 1 else None


def passed_over(target: Target) -> bool:
    """Whether nginx passes over the addresses of a name once they have failed; a pass directive's
    own for 10 seconds (``ngx_http_upstream_init_round_robin()``)."""
    return target.server is None or bool(out_for((target.server,)))


def _hint(*, retried: bool) -> str:
    if retried:
        return (
            "nginx then tries the other address, and when that fails too, as while the upstream "
            "restarts, it asks neither of them for fail_timeout (10s by default)"
        )
    return "nginx does not try the other address"


def _fix(target: Target, bound: str) -> Fix | None:
    """The address that is bound. In a pass directive it also changes the ``Host`` that is sent."""
    new = f"[{bound}]" if ":" in bound else bound
    safe = target.server is not None and not target.tls
    return replacement(target.written, target.arg, "localhost", new, safe=safe)
