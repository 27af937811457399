"""resolver-mismatch: nginx asks a DNS server that does not know the upstream's name.

nginx's ``resolver`` asks the servers that it names, in turn, and nobody else: it reads neither
``/etc/hosts`` nor the search domains of ``/etc/resolv.conf``. Source: ``src/core/ngx_resolver.c``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lint502.behaviour.resolving import (
    RESENT_AFTER,
    Unaware,
    is_private,
    named_servers,
    perhaps_unaware,
    public_servers,
    unaware,
)
from lint502.disagreements import Disagreement
from lint502.edits.propose import rewritten
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.addresses import literal_ip
from lint502.nginx.parse import Directive
from lint502.pairing import Pair
from lint502.patterns import regex
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed

_PLAIN = regex(r"[\w.:=\[\]-]+", re.ASCII)


_MOST_SERVERS = 20
"""As many DNS servers as a line has for which another one is proposed."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each name that is looked up at run time where it is not known, or may not be."""
    yield from _unknown_names(site)
    for pair in site.each_pair():
        found = perhaps_unaware(pair, site.version)
        if found is not None:
            yield _doubt(pair, found)


def _doubt(pair: Pair, found: Unaware) -> Disagreement:
    in_block = pair.target.block is not None
    return RULE.disagreement(
        pair,
        "absent" if in_block else "address",
        certain=False,
        status=500 if pair.hop.kind == "stream" and not in_block else 502,
        message=(
            f"nginx looks localhost up at {listed(found.servers)}, not in /etc/hosts; not every "
            "public DNS server says that it is the loopback address"
        ),
        place=pair.target.place("localhost is looked up at run time"),
        related=(found.line.place("nginx asks here"),),
        log=error_log.line("no-live-upstreams")
        if in_block
        else error_log.line("not-resolved", host="localhost"),
        fix=Fix("127.0.0.1 in the place of localhost"),
    )


def _unknown_names(site: Site) -> Iterator[Disagreement]:
    named = named_servers(site.spec)
    for pair in site.each_pair():
        found = unaware(pair, site.version, named)
        if found is None:
            continue
        hop, target = pair.hop, pair.target
        host = target.address.host
        known = pair.meant.resolvers if pair.meant is not None else None
        in_block = target.block is not None
        stream_variable = hop.kind == "stream" and not in_block
        lookups = "while it runs" if in_block else "for each request"
        yield RULE.disagreement(
            pair,
            "absent" if in_block else "address",
            certain=found.certain,
            status=500 if stream_variable else 502,
            frequency="always" if found.every else "sometimes",
            message=f"nginx looks {host} up {lookups} and asks {_who_knows(pair, found)}",
            place=target.place(f"{host} is looked up at run time"),
            related=(
                *((declared(known, f"who knows {host}"),) if known is not None else ()),
                found.line.place("nginx asks here"),
            ),
            log=error_log.line("no-live-upstreams")
            if in_block
            else error_log.line("not-resolved", host=host),
            fix=_fix(pair, found),
        )


def _who_knows(pair: Pair, found: Unaware) -> str:
    known = pair.meant.resolvers if pair.meant is not None else None
    if not found.every:
        return _in_turn(pair, found)
    asked = listed(found.servers)
    if known is None:
        return f"{asked}, which knows public names only, and none {_of_what_kind(pair)}"
    if known.value:
        return f"{asked}, but {listed(known.value)} is what knows it"
    return f"{asked}, but no DNS server knows it as it is written"


def _of_what_kind(pair: Pair) -> str:
    name = pair.target.address.host.rstrip(".")
    return f"below .{name.rpartition('.')[2]}" if "." in name else "without a dot"


def _in_turn(pair: Pair, found: Unaware) -> str:
    """Where some of those that are asked know the name, or may know it."""
    host = pair.target.address.host
    unaware_of_it = found.answering or found.servers
    several = len(unaware_of_it) > 1
    message = f"{listed(found.asked)} in turn, but {listed(unaware_of_it)} "
    message += "do not know it" if several else "does not know it"
    final = "and nginx then asks nobody else"
    if found.answering:
        if is_private(host) and public_servers().issuperset(found.answering):
            who = "they know" if several else "it knows"
            message += f", for {who} public names only, and none {_of_what_kind(pair)}"
        return f"{message}: that is {'their' if several else 'its'} answer, {final}"
    message += (
        f": if one of them answers, it says so, {final}; if "
        if several
        else (f": if it answers, it says so, {final}; if ")
    )
    message += "one" if several else "it"
    timeout = pair.hop.scope.time("resolver_timeout")
    seconds = RESENT_AFTER // 1000
    if pair.target.block is None and timeout is not None and timeout.value <= found.longest_wait:
        return (
            f"{message} says nothing, nginx asks the next one after {seconds} seconds, and "
            "resolver_timeout may be over by then"
        )
    return f"{message} says nothing, nginx asks the next one after {seconds} seconds"


def _fix(pair: Pair, found: Unaware) -> Fix | None:
    if len(found.asked) > _MOST_SERVERS:
        return None
    host, listener = pair.target.address.host, pair.meant
    known = listener.resolvers if listener is not None else None
    instead = known.value if known is not None else ()
    if instead or not found.every:
        kept = instead or [server for server in found.asked if server not in found.servers]
        return _other_servers(found.line, kept)
    if pair.target.block is not None:
        return Fix(
            f"server {pair.target.address} without resolve, for nginx looks that up by itself when "
            "it starts; or resolver with a DNS server that knows the whole name"
        )
    return Fix(
        f"upstream {host} {{ server {pair.target.address}; }} and {host} without a port in "
        f"{pair.hop.directive.name}, for nginx looks that up by itself when it starts; or resolver "
        "with a DNS server that knows the whole name"
    )


def _other_servers(line: Directive, servers: Iterable[str]) -> Fix:
    """The line with other servers; what else it says stays. Other names of its may need the ones
    that it has."""
    named = (f"[{one}]" if literal_ip(one) and ":" in one else one for one in servers)
    words = [*named, *(arg for arg in line.args if "=" in arg)]
    text = " ".join(words)
    plain = all(_PLAIN.fullmatch(word) for word in words)
    edits = rewritten(line, text) if plain else ()
    return Fix(f"resolver {text};", False, edits)


RULE = Rule("resolver-mismatch", check, "names.unknown_to_dns")
