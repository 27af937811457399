"""localhost-family: the process is bound to one address family, and nginx goes to ``localhost``.

nginx takes every address that ``getaddrinfo()`` gives for a name as a server of its own. Source:
``ngx_inet_resolve_host()`` in ``src/core/ngx_inet.c``.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.binding import refuses
from lint502.behaviour.names import FAMILIES, passed_over
from lint502.behaviour.next_upstream import retries
from lint502.disagreements import Disagreement
from lint502.findings import Fix, Severity
from lint502.nginx import error_log
from lint502.nginx.hops import Target
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed, nothing_listens, replacement


def check(site: Site) -> Iterator[Disagreement]:
    """One for each ``localhost`` of which one address refuses connections."""
    for pair in site.each_pair():
        refused, listener = refuses(pair), pair.meant
        if refused is None:
            continue
        assert listener is not None and listener.bind is not None, "that is what refuses"
        retried = retries(pair.hop, "connect")
        if retried and not passed_over(pair.target):
            continue
        bound = listed(listener.bind.value)
        status, log = nothing_listens(pair.hop.datagrams)
        yield RULE.disagreement(
            pair,
            "connect",
            severity=Severity.WARNING if retried else Severity.ERROR,
            status=status,
            message=(
                f"localhost is {refused} as well where nginx's /etc/hosts says so, but "
                f"{listener.upstream} is bound to {bound} only; {_hint(retried=retried)}"
            ),
            place=pair.target.place(f"localhost is {' and '.join(FAMILIES)}"),
            related=(declared(listener.bind, f"{listener.upstream} is bound to {bound}"),),
            log=error_log.line("no-live-upstreams") if retried else log,
            fix=_fix(pair.target, next(host for host in FAMILIES if host != refused)),
        )


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


RULE = Rule("localhost-family", check, "names.one_family")
