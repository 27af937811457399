"""two-protocols: nginx speaks to one address in two ways, of which a server takes one."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.shared_addresses import Clash, Way, by_scheme_alone, clashes, failure, way
from lint502.findings import Finding, Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.rule import Rule
from lint502.site import Site

_NAMES = {
    "http": "HTTP",
    "fastcgi": "FastCGI",
    "uwsgi": "the uwsgi protocol",
    "scgi": "SCGI",
    "memcached": "the memcached protocol",
}


def check(site: Site) -> Iterator[Finding]:
    """One for each line of those that are fewer at an address, or that have TLS there."""
    for clash in clashes(site.each_pair()):
        hops: dict[Directive, list[Hop]] = {}
        for pair in clash.one:
            hops.setdefault(pair.hop.directive, []).append(pair.hop)
        for line, found in hops.items():
            yield _finding(line, found, clash)
    for hop in site.hops:
        if by_scheme_alone(hop):
            yield _finding_of_scheme(hop)


def _finding(line: Directive, hops: list[Hop], clash: Clash) -> Finding:
    one, other = clash.one[0], clash.other[0]
    address, elsewhere = one.target.address, other.hop.directive
    here, there = _spoken(way(one)), _spoken(way(other))
    alike = line is elsewhere
    where = f"elsewhere ({elsewhere.source.name}:{elsewhere.line})"
    return RULE.finding(
        message=(
            f"nginx speaks {here} to {address} here and {there} "
            f"{'for other requests' if alike else where}: a server takes one of them at an "
            "address, so that the other fails"
        ),
        place=line.place(f"nginx speaks {here}"),
        related=() if alike else (elsewhere.place(f"nginx speaks {there}"),),
        hops=tuple(dict.fromkeys(hop.id for hop in hops)),
        log=failure(clash),
        fix=_one_scheme() if alike else Fix(f"the address that takes {here}, or {there} here too"),
    )


def _finding_of_scheme(hop: Hop) -> Finding:
    return RULE.finding(
        message=(
            "nginx speaks HTTP in TLS to this port for requests that came in TLS, and plain HTTP "
            "for the others: a server takes one of them on a port, so that the other fails"
        ),
        place=hop.directive.place("with TLS and without"),
        hops=(hop.id,),
        log=error_log.line("wrong-version-number"),
        fix=_one_scheme(),
    )


def _one_scheme() -> Fix:
    return Fix("http:// or https:// in the place of the scheme of the request")


def _spoken(spoken: Way) -> str:
    name = _NAMES[spoken.protocol]
    return f"{name} in TLS" if spoken.tls else name


RULE = Rule("two-protocols", check, "protocols.other_protocol")
