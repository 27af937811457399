"""resolver-missing: a name is looked up for each request, and nothing says where."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from lint502.behaviour.unset import unset_place
from lint502.disagreements import Disagreement
from lint502.findings import Finding, Fix, Severity
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.patterns import regex
from lint502.rule import Rule
from lint502.site import Site

_REQUESTED_HOST = regex(
    r"\$\{?(host|http_host|ssl_server_name|ssl_preread_server_name)\b", re.ASCII
)
_SCHEME = regex(r"(\$\{?\w+\}?|[a-z]+)://", re.ASCII | re.IGNORECASE)
_DOMAIN = regex(r"(?<=[\w}])(\.[\w-]+)*\.[a-z][\w-]*\.?$", re.ASCII | re.IGNORECASE)
"""What is written out after the last variable of a host that can be no IP address."""


def check(site: Site) -> Iterator[Disagreement | Finding]:
    """One for each hop that needs a resolver and has none."""
    known: frozenset[str] | None = None
    for hop in site.hops:
        names = dict.fromkeys(
            target.address.host for target in hop.targets if target.needs_resolver
        )
        host = _host(hop.value) if hop.unknown_host else ""
        below = _DOMAIN.search(host)
        asked = below is not None or _REQUESTED_HOST.search(host) is not None
        if not (names or asked) or not hop.scope.absent("resolver"):
            continue
        every_value = False
        if below is not None:
            known = _known(site) if known is None else known
            every_value = not any(name.endswith(below[0].lower()) for name in known)
        yield from _found(site, hop, (*names, host) if every_value else tuple(names), every_value)


def _host(value: str) -> str:
    written = _SCHEME.match(value)
    rest = value[written.end() :] if written is not None else value
    return re.split(r"[/?:]", rest, maxsplit=1)[0]


def _known(site: Site) -> frozenset[str]:
    """The names that need no resolver: those of blocks, and of passes without a variable."""
    known = {block.name for block in site.blocks}
    known.update(
        target.address.host
        for hop in site.every_hop
        for target in hop.targets
        if not target.needs_resolver
    )
    return frozenset(known)


def _found(
    site: Site, hop: Hop, names: tuple[str, ...], every_value: bool
) -> Iterator[Disagreement | Finding]:
    certain = bool(names)
    every = certain and (every_value or hop.unknown is None) and not hop.blocks
    every = every and all(target.needs_resolver for target in hop.targets)
    name = names[0] if names else "the requested host"
    message = (
        f"{hop.directive.name} holds a variable, so nginx looks {name} up for each request, but no "
        "resolver is set"
    )
    if not certain:
        message += "; only an IP address or the name of an upstream block would do"
    elif not every:
        message += "; its other values need none"
    finding = RULE.finding(
        severity=Severity.ERROR if certain else Severity.WARNING,
        status=500 if hop.kind == "stream" else 502,
        frequency="always" if every else "sometimes",
        message=message,
        place=hop.directive.place(f"{name} is looked up at run time"),
        hops=(hop.id,),
        log=error_log.line("no-resolver", host="…" if "$" in name or not certain else name),
        cause=unset_place(hop, "no resolver is set"),
        fix=_fix(hop, names),
    )
    looked_up = [pair for pair in site.pairs[hop.id] if pair.target.needs_resolver]
    if every and looked_up and not every_value:
        at_each = replace(finding, hops=())
        yield from (Disagreement(pair, "address", at_each) for pair in looked_up)
    else:
        yield finding


def _fix(hop: Hop, names: tuple[str, ...]) -> Fix:
    target = next((target for target in hop.targets if target.needs_resolver), None)
    if len(names) == 1 and target is not None:
        return Fix(
            f"resolver ADDRESS; with the DNS server that knows {names[0]}; or, if its address does "
            f"not change, upstream {names[0]} {{ server {target.address}; }} and {names[0]} "
            f"without a port in {hop.directive.name}"
        )
    return Fix("resolver ADDRESS; with the DNS server that knows these names")


RULE = Rule("resolver-missing", check, "usual.once")
