"""resolver-ipv6: nginx asks for IPv6 addresses too, and the upstream is bound to IPv4 alone.

nginx's resolver asks for both kinds of addresses, unless it has ``ipv6=off``. Source:
``ngx_resolve_name_locked()`` in ``src/core/ngx_resolver.c``.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.binding import refused
from lint502.behaviour.names import RESOLVE, passed_over, says_resolve
from lint502.behaviour.next_upstream import retries
from lint502.behaviour.resolving import resolver_line
from lint502.disagreements import Disagreement
from lint502.nginx import error_log
from lint502.nginx.addresses import literal_ip
from lint502.nginx.parse import Directive
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed, nothing_listens, replacement


def check(site: Site) -> Iterator[Disagreement]:
    """One for each name that is looked up at run time, also for IPv6, where only IPv4 is
    bound and a refused connection is not hidden."""
    for pair in site.each_pair():
        resolver = asked(pair, site.version)
        if resolver is None:
            continue
        listener, target, hop = pair.meant, pair.target, pair.hop
        assert listener is not None and listener.bind is not None, "that is what refuses"
        bound, host = listed(listener.bind.value), target.address.host
        retried = retries(hop, "connect")
        status, log = nothing_listens(hop.datagrams)
        last = len(resolver.args) - 1
        yield RULE.disagreement(
            pair,
            "connect",
            status=status,
            message=(
                f"nginx asks for the IPv6 addresses of {host} too, but {listener.upstream} is "
                f"bound to {bound} only: if the name has one, it refuses connections; "
                f"{_hint(retried=retried)}"
            ),
            place=target.place(f"{host} is looked up at run time"),
            related=(
                declared(listener.bind, f"{listener.upstream} is bound to {bound}"),
                resolver.place("without ipv6=off"),
            ),
            log=error_log.line("no-live-upstreams") if retried else log,
            fix=replacement(
                resolver, last, resolver.args[last], f"{resolver.args[last]} ipv6=off", safe=False
            ),
        )


def asked(pair: Pair, version: Version) -> Directive | None:
    """The ``resolver`` that is asked for addresses of both families, where only those of IPv4 can
    be bound and the client notices; None where that is not so, or not known.

    A name in a pass directive is looked up for each request, and what it learns of an address is
    forgotten with it: where nginx tries the next one, nobody notices. The servers of a block are
    remembered.
    """
    target = pair.target
    remembered = says_resolve(target) and version >= RESOLVE
    if not (target.needs_resolver or remembered) or not _ipv4_alone(pair):
        return None
    if retries(pair.hop, "connect") and not (remembered and passed_over(target)):
        return None
    resolver = resolver_line(pair.hop, target)
    if resolver is None or "ipv6=off" in resolver.args:
        return None
    return resolver


def _ipv4_alone(pair: Pair) -> bool:
    """Whether a process is bound to IPv4 addresses only, by which nginx may reach it."""
    if pair.meant is None or pair.meant.bind is None:
        return False
    ips = [literal_ip(item.strip("[]")) for item in pair.meant.bind.value]
    only = bool(ips) and all(ip is not None and ip.version == 4 for ip in ips)
    return only and pair.target.address.ip is None and refused(pair) is None


def _hint(*, retried: bool) -> str:
    if retried:
        return (
            "nginx then tries the others, and when these fail too, as while the upstream restarts, "
            "it asks none of them for fail_timeout (10s by default)"
        )
    return "nginx does not try the next one"


RULE = Rule("resolver-ipv6", check, "names.both_families")
