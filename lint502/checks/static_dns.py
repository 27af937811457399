"""static-dns: the upstream's address changes, and nginx looks its name up once, when it starts.

Source: ``ngx_inet_resolve_host()`` in ``src/core/ngx_inet.c``, which is called while the
configuration is read; ``ngx_http_upstream_resolve()`` looks up again, from 1.27.3 on.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.names import RESOLVE, found_once
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, nothing_listens


def check(site: Site) -> Iterator[Disagreement]:
    """One for each name that is looked up once and whose address changes."""
    for pair in filter(_moves, site.each_pair()):
        listener, target, hop = pair.meant, pair.target, pair.hop
        assert listener is not None and listener.dynamic_address is not None, "that is what moves"
        host = target.address.host
        status, log = nothing_listens(hop.datagrams)
        message = (
            f"nginx looks {host} up once, when it starts, but the address of {listener.upstream} "
            "changes while it runs: from then on nginx connects to the old one, until it is "
            "reloaded"
        )
        if _borrowed(pair):
            message += (
                f"; the variable does not help, for another pass directive names {host} without one"
            )
        note = f"the address of {listener.upstream} changes"
        yield RULE.disagreement(
            pair,
            "connect",
            status=status,
            message=message,
            place=target.place(f"{host} is looked up once"),
            related=(declared(listener.dynamic_address, note),),
            log=log,
            fix=_fix(pair, site.version),
        )


def _moves(pair: Pair) -> bool:
    changes = pair.meant.dynamic_address if pair.meant is not None else None
    return changes is not None and changes.value and found_once(pair.target)


def _borrowed(pair: Pair) -> bool:
    """Whether the pass holds a variable, and its value is what another pass names literally."""
    return "$" in pair.hop.value and pair.target.block is None


def _fix(pair: Pair, version: Version) -> Fix:
    """From 1.27.3 on ``resolve``, before a variable; either takes a resolver."""
    target, hop = pair.target, pair.hop
    host, name = target.address.host, hop.directive.name
    resolver = "" if hop.scope.absent("resolver") is False else "resolver ADDRESS; "
    if version >= RESOLVE:
        again = f"{resolver}server {target.address} resolve;"
        if target.block is not None:
            return Fix(f"zone {target.block.name} 64k; {again} in the block")
        return Fix(
            f"upstream {host} {{ zone {host} 64k; {again} }} and {host} without a port in {name}"
        )
    variable = "$" + "".join(letter if letter.isalnum() else "_" for letter in host)
    scheme, separator, _ = hop.value.partition("://")
    passed = f"{name} {scheme if separator else ''}{separator}{variable}:{target.address.port};"
    where = f"wherever {host} is named" if _borrowed(pair) else "instead"
    if hop.kind == "stream":
        return Fix(f'{resolver}map "" {variable} {{ default {host}; }} and {passed} {where}')
    return Fix(f"{resolver}set {variable} {host}; {passed} {where}")


RULE = Rule("static-dns", check, "names.moved")
