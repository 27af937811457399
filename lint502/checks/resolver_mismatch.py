"""resolver-mismatch: nginx asks a DNS server that does not know the upstream's name.

nginx's ``resolver`` asks the servers that it names, in turn, and nobody else: it reads neither
``/etc/hosts`` nor the search domains of ``/etc/resolv.conf``. Source: ``src/core/ngx_resolver.c``.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.names import resolver_line, resolvers, unaware
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed


def check(site: Site) -> Iterator[Disagreement]:
    """One for each name that is looked up at run time where it is not known."""
    for pair in site.each_pair():
        hop, target, listener = pair.hop, pair.target, pair.meant
        asked, wrong = resolvers(hop), unaware(pair)
        if not wrong:
            continue
        host, line = target.address.host, resolver_line(hop)
        assert line is not None, "somebody is asked"
        known = listener.resolvers if listener is not None else None
        if known is None:
            why = "which knows public names only, and none without a dot"
        elif known.value:
            why = f"but {listed(known.value)} is what knows it"
        else:
            why = "but no DNS server knows it as it is written"
        every = len(wrong) == len(asked)
        yield RULE.disagreement(
            pair,
            "address",
            status=500 if hop.kind == "stream" else 502,
            frequency="always" if every else "sometimes",
            message=f"nginx looks {host} up for each request and asks {listed(wrong)}, {why}",
            place=target.place(f"{host} is looked up at run time"),
            related=(
                *((declared(known, f"who knows {host}"),) if known is not None else ()),
                line.place("nginx asks here"),
            ),
            log=error_log.line("not-resolved", host=host),
            fix=_fix(pair),
        )


def _fix(pair: Pair) -> Fix:
    host, listener = pair.target.address.host, pair.meant
    known = listener.resolvers if listener is not None else None
    if known is not None and known.value:
        return Fix(f"resolver {' '.join(known.value)};")
    return Fix(
        f"upstream {host} {{ server {pair.target.address}; }} and {host} without a port in "
        f"{pair.hop.directive.name}, for nginx looks that up by itself when it starts; or resolver "
        "with a DNS server that knows the whole name"
    )


RULE = Rule("resolver-mismatch", check, "names.unknown_to_dns")
