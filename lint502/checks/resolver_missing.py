"""resolver-missing: a name is looked up for each request, and nothing says where."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lint502.checks.site import Site
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.addresses import split_scheme
from lint502.nginx.hops import Hop

_REQUESTED_HOST = re.compile(
    r"\$\{?(host|http_host|ssl_server_name|ssl_preread_server_name)\b", re.ASCII
)


def check(site: Site) -> Iterator[Finding]:
    """One finding for each hop that needs a resolver and has none."""
    for hop in site.hops:
        names = dict.fromkeys(
            target.address.host for target in hop.targets if target.needs_resolver
        )
        asked = hop.unknown_host and _REQUESTED_HOST.search(_host(hop.value)) is not None
        if not (names or asked) or not hop.scope.absent("resolver"):
            continue
        yield _finding(hop, tuple(names))


def _host(value: str) -> str:
    return re.split(r"[/?:]", split_scheme(value)[1], maxsplit=1)[0]


def _finding(hop: Hop, names: tuple[str, ...]) -> Finding:
    certain = bool(names)
    every = certain and hop.unknown is None and not hop.blocks
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
    return Finding(
        rule="resolver-missing",
        severity=Severity.ERROR if certain else Severity.WARNING,
        status=500 if hop.kind == "stream" else 502,
        frequency="always" if every else "sometimes",
        message=message,
        place=hop.directive.place(f"{name} is looked up at run time"),
        hops=(hop.id,),
        log=f"no resolver defined to resolve {name if certain else '…'}",
        fix=_fix(hop, names),
    )


def _fix(hop: Hop, names: tuple[str, ...]) -> Fix:
    if len(names) == 1:
        target = next(target for target in hop.targets if target.needs_resolver)
        return Fix(
            f"resolver ADDRESS; with the DNS server that knows {names[0]}; or, if its address does "
            f"not change, upstream {names[0]} {{ server {target.address}; }} and {names[0]} "
            f"without a port in {hop.directive.name}"
        )
    return Fix("resolver ADDRESS; with the DNS server that knows these names")
