"""keepalive-unused: a pool of idle connections is declared, but no connection gets into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lint502.behaviour.keepalive import (
    Reuse,
    closing_line,
    connection_end,
    kept_all_the_same,
    nginx_may_close_first,
    reuses,
    users,
)
from lint502.behaviour.unset import unset
from lint502.edits.propose import (
    Edits,
    in_place_of,
    insertion,
    place_for,
    place_of,
    removal,
    rewritten,
    set_to,
)
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.upstreams import KEEPALIVE_BY_DEFAULT, Block
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.places import Place
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import listed


def check(site: Site) -> Iterator[Finding]:
    """One finding for each block with a pool that none of its hops can use."""
    if any(hop.unknown_host for hop in site.hops):  # it may be the name of any block
        return
    for block, hops in users(site).items():
        pool = block.pool(site.version)
        area = block.context.parent
        if pool is None or pool.directive is None or pool.connections == 0:
            continue
        if area is None or area.unseen:  # a hop that cannot be seen may use it
            continue
        if all(server.address and server.address.socket for server in block.servers):
            continue  # a unix socket takes no port
        found = [reuses(site)[hop.id] for hop in hops]
        if any(item.kept is not False for item in found):
            continue
        if any(_kept_all_the_same(pair) for hop in hops for pair in site.pairs[hop.id]):
            continue
        exhausting = any(nginx_may_close_first(hop, site.version) for hop in hops)
        yield RULE.finding(
            severity=Severity.WARNING if exhausting else Severity.INFO,
            message=(
                f'the pool of "{block.context.args[0]}" stays empty, for {found[0].why}: each '
                "request opens a connection, "
                + (
                    "and under load nginx runs out of local ports"
                    if exhausting
                    else "which takes time"
                )
            ),
            place=pool.directive.place("no connection gets in here"),
            related=tuple(
                item.cause.place('where "close" comes from') for item in found[:1] if item.cause
            ),
            hops=tuple(hop.id for hop in hops),
            cause=_cause(hops[0], found[0]),
            fix=_fix(site, block, hops, found),
        )


def _cause(hop: Hop, found: Reuse) -> Place | None:
    """What keeps the pools of many blocks empty."""
    note = 'where "close" comes from'
    if found.cause is not None:
        return found.cause.place(note)
    if hop.kind != "proxy":
        return None
    headers = hop.scope.setting("proxy_set_header")
    if headers is not None and headers.origin == "inherited":
        closing = headers.directives_named("Connection")
        if closing:
            return closing[-1].place(note)
    return unset(hop, hop.scope.setting("proxy_http_version"))


def _kept_all_the_same(pair: Pair) -> bool:
    """Whether the server never says "close", so that nginx does keep its connection."""
    end = connection_end(pair.meant, pair.hop) if pair.meant is not None else None
    return end is not None and kept_all_the_same(pair.hop, end)


def _fix(site: Site, block: Block, hops: Sequence[Hop], found: Sequence[Reuse]) -> Fix:
    """What lets the first hop keep its connections; the edits are for all of them. It is safe where
    it is known when their servers close them, for then another rule says what comes of it."""
    first, hop = found[0], hops[0]
    each = [_edits(hop, item, site.version) for hop, item in zip(hops, found, strict=True)]
    edits = tuple(dict.fromkeys(edit for of_hop in each for edit in of_hop)) if all(each) else ()
    safe = not any(closing_line(hop, site.version) for hop in hops) and all(
        pair.meant is not None and pair.meant.idle_timeout is not None
        for hop in hops
        for pair in site.pairs[hop.id]
    )
    if first.cause is not None:
        name = first.cause.name or "''"
        where = f"(line {first.cause.line})"
        return Fix(f'{name} ""; in the place of {name} close; {where}', edits=edits)
    if hop.kind == "proxy":
        text = f'proxy_http_version 1.1; proxy_set_header Connection "";{_where(hops)}'
        return Fix(text, safe, edits)
    if hop.kind == "fastcgi":
        return Fix(f"fastcgi_keep_conn on;{_where(hops)}", safe, edits)
    pool = block.pool(site.version)
    line = pool.directive if pool is not None else None
    alone = line is not None and all(hop.kind in ("uwsgi", "scgi") for hop in hops)
    return Fix("remove the keepalive line", edits=removal(line) if line and alone else ())


_SHOWN = 3


def _where(hops: Sequence[Hop]) -> str:
    """Words on where that belongs, and the lines that stand there already. An inner level that
    sets one header has none of those around it."""
    old: list[Directive] = []
    beside: list[Directive] = []
    for hop in hops:
        http = hop.kind == "proxy"
        kept = hop.scope.setting("proxy_http_version" if http else "fastcgi_keep_conn")
        headers = hop.scope.setting("proxy_set_header") if http else None
        settings = () if kept is None else kept.directives
        own = [] if headers is None else headers.directives_named("Connection")
        old += (*settings, *own)
        if not (settings and (own or not http)):
            first = headers.directives[:1] if headers is not None else ()
            beside.append(first[0] if first else hop.directive)
    near = listed((place_of(line) for line in beside), _SHOWN)
    return f"{f' beside {near}' if near else ''}{in_place_of(old)}"


def _edits(hop: Hop, found: Reuse, version: Version) -> Edits:
    """What lets one hop keep its connections; empty where nothing can be written."""
    if hop.kind == "fastcgi":
        return set_to(hop, [(hop.scope.setting("fastcgi_keep_conn"), "on")])
    spoken, headers = hop.scope.setting("proxy_http_version"), hop.scope.setting("proxy_set_header")
    if hop.kind != "proxy" or headers is None or spoken is None:
        return ()
    edits: Edits = ()
    before = place_for(hop.context, ["proxy_set_header"])
    if headers.origin != "default":
        before = headers.directives[0]
    lines = headers.directives_named("Connection")
    ahead: list[str] = []
    cause = found.cause or closing_line(hop, version)
    if cause is not None:
        edits += rewritten(cause, f'{cause.args[0]} ""' if cause.name == "set" else '""')
    elif lines:
        for line in lines:
            if "$" not in line.args[-1] and "close" in line.args[-1].lower():
                edits += rewritten(line, f'{line.args[0]} ""')
    elif version < KEEPALIVE_BY_DEFAULT:
        ahead.append('proxy_set_header Connection ""')
    if spoken.value == "1.0":
        version_edits = set_to(hop, [(spoken, "1.1")])
        same = place_for(hop.context, ["proxy_http_version"])
        if not spoken.directives and ahead and same is before:
            ahead.insert(0, "proxy_http_version 1.1")
        else:
            edits += version_edits
    if ahead:
        if before is None:
            return ()
        edits += (insertion(before, ahead),)
    return edits


RULE = Rule("keepalive-unused", check, "reuse.crowd")
