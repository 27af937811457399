"""static-dns: the upstream's address changes, and nginx looks its name up once, when it starts.

Source: ``ngx_inet_resolve_host()`` in ``src/core/ngx_inet.c``, which is called while the
configuration is read; ``ngx_http_upstream_resolve()`` looks up again, from 1.27.3 on.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.names import RESOLVE, found_once
from lint502.behaviour.uris import rewrite_for, written_uri
from lint502.declared.listeners import Fact
from lint502.disagreements import Disagreement
from lint502.edits.propose import in_place_of
from lint502.findings import Fix
from lint502.nginx.scope import Scope, Setting
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, nothing_listens

Known = Fact[tuple[str, ...]] | None
"""The DNS servers that know a name."""


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
            fix=_fix(pair, site),
        )


def _moves(pair: Pair) -> bool:
    changes = pair.meant.dynamic_address if pair.meant is not None else None
    return changes is not None and changes.value and found_once(pair.target)


def _borrowed(pair: Pair) -> bool:
    """Whether the pass holds a variable, and its value is what another pass names literally."""
    return "$" in pair.hop.value and pair.target.block is None


def _fix(pair: Pair, site: Site) -> Fix:
    """From 1.27.3 on ``resolve``, before a variable; either takes a resolver."""
    known = pair.meant.resolvers if pair.meant is not None else None
    if known is not None and not known.value:
        host = pair.target.address.host
        return Fix(f"reload nginx when the address changes, for no DNS server knows {host}")
    if site.version < RESOLVE:
        return Fix(_with_variable(pair, known))
    return Fix(_with_resolve(pair, site, known))


def _with_variable(pair: Pair, known: Known) -> str:
    """Words on a variable in the pass, with a ``rewrite`` where the pass has a URI."""
    target, hop = pair.target, pair.hop
    host, name = target.address.host, hop.directive.name
    variable = "$" + "".join(letter if letter.isalnum() else "_" for letter in host)
    setting = hop.scope.setting("resolver")
    resolver = _resolver(setting, known)
    same = setting.directives if setting is not None and setting.origin == "written" else ()
    old = in_place_of(same) if resolver else ""
    stream = hop.kind == "stream"
    made = f'map "" {variable} {{ default {host}; }} and' if stream else f"set {variable} {host};"
    if _borrowed(pair):
        made = made.removesuffix(" and").removesuffix(";")
        return f"{resolver}{made}; and {variable} wherever {host} is named{old}"
    scheme, separator, _ = hop.value.partition("://")
    to = f"{scheme if separator else ''}{separator}{variable}:{target.address.port}"
    rewrite = rewrite_for(hop)
    if rewrite is None:
        rewrite = f"a rewrite that does what {written_uri(hop)} does now;"
    return f"{resolver}{made} {f'{rewrite} ' if rewrite else ''}{name} {to}; instead{old}"


def _with_resolve(pair: Pair, site: Site, known: Known) -> str:
    """Words on a block whose server is looked up again. It has the ``resolver`` of ``http {}``, not
    that of a server or a location."""
    target, hop = pair.target, pair.hop
    host, name = target.address.host, hop.directive.name
    area = hop.context.enclosing("http", "stream") or hop.context
    around = Scope(area, site.version).setting("resolver")
    if target.block is not None and target.server is not None:
        block = target.block.context
        own = Scope(block, site.version).setting("resolver")
        in_effect = own if own is not None and own.directives else around
        zone = (
            ""
            if "zone" in block.by_name or block.uncertain_of("zone")
            else f"zone {target.block.name} 64k; "
        )
        words = " ".join(target.server.directive.args)
        return f"{zone}{_resolver(in_effect, known)}server {words} resolve; in the block"
    resolver = _resolver(around, known)
    if len(_ports(site, host)) < 2:
        called, where = host, f"{host} without a port"
    else:
        called = f"{host}-{target.address.port}"
        where = f"{called} in the place of {target.address}"
    return (
        f"upstream {called} {{ zone {called} 64k; {resolver}server {target.address} resolve; }} "
        f"and {where} in {name}"
    )


def _ports(site: Site, host: str) -> set[int | None]:
    """The ports with which passes name a host: nginx refuses one behind the name of a block."""
    return {
        target.address.port
        for hop in site.every_hop
        for target in hop.targets
        if target.block is None and target.address.host == host
    }


def _resolver(setting: Setting | None, known: Known) -> str:
    """The ``resolver`` that is missing, or asks nobody who knows the name."""
    if setting is None:
        return ""  # an include that is not here may have it
    asked = {word for line in setting.lines for word in line if "=" not in word}
    if asked and (known is None or not asked.isdisjoint(known.value)):
        return ""
    return f"resolver {' '.join(known.value) if known is not None else 'ADDRESS'}; "


RULE = Rule("static-dns", check, "names.moved")
