"""cached-error: nginx keeps its own 502 in the cache, and goes on answering it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lint502.behaviour.methods import allowed_methods
from lint502.findings import Finding, Fix
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Setting
from lint502.nginx.setting_lines import first_with, words_of
from lint502.nginx.values import format_time, parse_time
from lint502.rule import Rule
from lint502.site import Site

_FAMILIES = frozenset(("proxy", "fastcgi", "uwsgi", "scgi"))
_OWN = ("502", "504")
"""The errors of nginx's own that it stores (``ngx_http_upstream_finalize_request()``)."""

_SHORT = 10_000
"""Milliseconds: no longer than nginx passes over a server that has failed, by default."""


class Kept(Struct, frozen=True):
    """The line by which nginx keeps an error of its own, which one, and for how many
    milliseconds."""

    line: Directive
    status: str
    time: int


def check(site: Site) -> Iterator[Finding]:
    """One finding for each line by which a hop's failures are kept."""
    for hop in site.hops:
        kept = kept_error(hop)
        if kept is None:
            continue
        name = kept.line.name
        yield RULE.finding(
            status=int(kept.status),
            message=(
                f'"{name} {" ".join(kept.line.args)}" is for the {kept.status} that nginx itself '
                "answers, too: after one failed attempt all who ask for the same URL get it for "
                f"{format_time(kept.time)}, also when the upstream is back"
            ),
            place=kept.line.place(f"keeps {kept.status} for {format_time(kept.time)}"),
            hops=(hop.id,),
            fix=Fix(f"{name} 502 504 0; before this line", safe=True),
        )


def kept_error(hop: Hop) -> Kept | None:
    """The error that a hop keeps longest of those that nginx makes; None where it keeps none for
    long, or that is not known."""
    if hop.kind not in _FAMILIES:
        return None
    zone = hop.scope.setting(f"{hop.kind}_cache")
    if zone is None or zone.value in ("", "off") or "$" in zone.value:
        return None
    if "GET" not in allowed_methods(hop):
        return None
    valid = hop.scope.setting(f"{hop.kind}_cache_valid")
    bypass = hop.scope.setting(f"{hop.kind}_cache_bypass")
    if valid is None or not valid.complete or bypass is None:
        return None
    if any(word not in ("", "0") and "$" not in word for word in words_of(bypass.lines)):
        return None
    found = [kept for status in _OWN for kept in (_first(valid, status),) if kept]
    return max(found, key=lambda kept: kept.time, default=None)


def _first(valid: Setting, status: str) -> Kept | None:
    """The first line for a status, which is the one that counts."""
    first = first_with(valid.lines)
    numbers = [first[word] for word in (status, "any") if word in first]
    if not numbers or not valid.directives:
        return None
    line = valid.directives[min(numbers)]
    try:
        time = parse_time(line.args[-1])
    except ValueError:
        return None
    return Kept(line, status, time) if time > _SHORT else None


RULE = Rule("cached-error", check, "failures.cached")
