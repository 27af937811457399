"""resolver-mismatch: nginx asks a DNS server that does not know the upstream's name.

nginx's ``resolver`` asks the servers that it names, in turn, and nobody else: it reads neither
``/etc/hosts`` nor the search domains of ``/etc/resolv.conf``. Source: ``src/core/ngx_resolver.c``.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.failover import failing
from lint502.findings import Finding, Fix
from lint502.nginx.addresses import parse_address
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.pairing import Pair
from lint502.site import Site
from lint502.wording import declared, listed

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


def check(site: Site) -> Iterator[Finding]:
    """One finding for each name that is looked up at run time where it is not known."""
    for pair, exposure in failing(site, lambda pair: bool(unaware(pair)), "connect"):
        hop, target, listener = pair.hop, pair.target, pair.listener
        asked, wrong = resolvers(hop), unaware(pair)
        host, line = target.address.host, _line(hop)
        assert line is not None, "somebody is asked"
        known = listener.resolvers if listener is not None else None
        if known is None:
            why = "which knows public names only, and none without a dot"
        elif known.value:
            why = f"but {listed(known.value)} is what knows it"
        else:
            why = "but no DNS server knows it as it is written"
        every = len(wrong) == len(asked)
        yield Finding(
            rule="resolver-mismatch",
            severity=exposure.severity,
            status=500 if hop.kind == "stream" else 502,
            frequency=exposure.frequency if every else "sometimes",
            message=(
                f"nginx looks {host} up for each request and asks {listed(wrong)}, {why}"
                + (f"; {exposure.hint}" if exposure.hint else "")
            ),
            place=target.place(f"{host} is looked up at run time"),
            related=(
                *((declared(known, f"who knows {host}"),) if known is not None else ()),
                line.place("nginx asks here"),
            ),
            hops=(hop.id,),
            upstream=listener.upstream if listener is not None else None,
            log=f"{host} could not be resolved (…)",
            fix=_fix(pair),
        )


def unaware(pair: Pair) -> tuple[str, ...]:
    """The DNS servers that nginx asks for a name although they do not know it."""
    target, listener = pair.target, pair.listener
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
    line = _line(hop)
    servers = line.args if line is not None else ()
    return tuple(_plain(arg) for arg in servers if "=" not in arg)


def _line(hop: Hop) -> Directive | None:
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


def _fix(pair: Pair) -> Fix:
    host, listener = pair.target.address.host, pair.listener
    known = listener.resolvers if listener is not None else None
    if known is not None and known.value:
        return Fix(f"resolver {' '.join(known.value)};")
    return Fix(
        f"upstream {host} {{ server {pair.target.address}; }} and {host} without a port in "
        f"{pair.hop.directive.name}, for nginx looks that up by itself when it starts; or resolver "
        "with a DNS server that knows the whole name"
    )
