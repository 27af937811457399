"""invalid-address: a variable gives a pass something that is no address, and nginx answers 500."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lint502.behaviour.invalid_addresses import Invalid, invalid_values
from lint502.findings import Finding, Fix
from lint502.nginx.hops import Hop
from lint502.nginx.symbols import UNKNOWN
from lint502.reading import shown
from lint502.rule import Rule
from lint502.site import Site

_LONGEST = 80


def check(site: Site) -> Iterator[Finding]:
    """One for each value that is no address; for one that is empty, where there is no other."""
    for hop in site.hops:
        found = invalid_values(hop)
        for value in found.values:
            if found.every or not value.empty:
                yield _finding(hop, value, every=found.every)


def _finding(hop: Hop, value: Invalid, *, every: bool) -> Finding:
    line, name = value.text.directive, hop.directive.name
    written = value.text.text.replace(UNKNOWN, "…")
    written = shown(written if len(written) <= _LONGEST else f"{written[: _LONGEST - 1]}…")
    place = hop.directive.place() if line is None else line.arg_place(value.text.arg)
    return RULE.finding(
        message=(
            f'{name} gets "{written}" from its variables, which is no address: {value.problem}; '
            "nginx finds out when a request comes, and answers 500"
        ),
        place=replace(place, note=value.problem),
        related=() if line is None else (hop.directive.place("it is used here"),),
        hops=(hop.id,),
        frequency="always" if every else "sometimes",
        log=value.log,
        fix=_fix(hop, value),
    )


def _fix(hop: Hop, value: Invalid) -> Fix | None:
    if value.empty:
        return Fix(f"give the variable of {hop.directive.name} an address")
    if value.problem == "invalid port":
        return Fix("a number from 1 to 65535 in the place of the port")
    if value.problem == "no port":
        return Fix("a port behind the host, or the name of an upstream block")
    if value.problem == "invalid URL prefix":
        return Fix(f"http:// or https:// before the value, or in {hop.directive.name}")
    return None


RULE = Rule("invalid-address", check, "names.no_address")
