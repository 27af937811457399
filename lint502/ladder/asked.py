"""What ``auth_request`` asks before a request is passed on, and what becomes of that.

Source: ``ngx_http_auth_request_handler()`` in ``src/http/modules/ngx_http_auth_request_module.c``:
but for 2xx, 401 and 403 the client gets a 500, whatever was answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from lint502.behaviour.rewriting import Request
from lint502.behaviour.ways import Passes, ways
from lint502.ladder.entries import Entry
from lint502.ladder.model import Outcome, Rung
from lint502.ladder.rungs import hop_rung, upstream_rung
from lint502.ladder.seen import paged
from lint502.ladder.slow import Attempt, connecting_attempt, endings, slow_attempt
from lint502.ladder.wanted import Wanted
from lint502.nginx.requested_uris import Uri
from lint502.nginx.scope import Scope
from lint502.nginx.tree import Context
from lint502.nginx.values import format_time
from lint502.pairing import Pair

_FAILED = 500
_SAYS = "but for 2xx, 401 and 403 that is a 500"


class Asked(Struct, frozen=True):
    """The rungs of the pass that is asked, and how a request ends that gets no answer there."""

    rungs: tuple[Rung, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


def asked_before(entry: Entry, level: Context, wanted: Wanted) -> Asked:
    """What is asked for the requests of a level, where one pass takes that."""
    path = _path(level)
    if path is None:
        return Asked()
    asked = Request(Uri(path), "GET").redirected(Uri(path))
    led = ways(entry.server.context, asked, wanted.asked(), Passes(entry.site.every_hop))
    arrivals = [one for one in led.arrivals if not one.request.errored]
    if led.anywhere or len({one.hop.id for one in arrivals}) != 1:
        return Asked()
    hop = arrivals[0].hop
    pairs = entry.site.pairs.get(hop.id, ())
    rung = hop_rung(hop, known=True)
    rungs = (Rung(rung.kind, f"auth_request {path}: {rung.title}", rung.place, rung.figures),)
    found = [paged(Scope(level, entry.site.version), one) for one in _outcomes(path, pairs)]
    return Asked((*rungs, *map(upstream_rung, pairs)), tuple(found))


def _path(level: Context) -> str | None:
    """The path of the ``auth_request`` in effect, if one is."""
    name = "auth_request"
    lines = next((one.by_name[name] for one in level.up() if name in one.by_name), [])
    if len(lines) != 1 or lines[0].args[:1] in ((), ("off",)) or "$" in lines[0].args[0]:
        return None
    return lines[0].args[0].partition("?")[0]


def _outcomes(path: str, pairs: tuple[Pair, ...]) -> Iterator[Outcome]:
    ends: tuple[tuple[str, Callable[[Pair], Attempt | None]], ...] = (
        ("answers", slow_attempt),
        ("accepts a connection", connecting_attempt),
    )
    methods = frozenset(("GET",))
    for does, attempt in ends:
        found = endings(pairs, attempt, methods if attempt is slow_attempt else frozenset())
        if found:
            first = min(found, key=lambda one: one.after)
            limit = format_time(first.after)
            yield Outcome(
                "auth-request",
                f"nobody {does} within {limit} at {path}, which auth_request asks",
                first.last.by,
                _FAILED,
                f"it ends there with {first.last.status}, and {_SAYS}",
                first.after,
            )
    if pairs:
        when = f"every server refuses the connection at {path}, which auth_request asks"
        yield Outcome("auth-request", when, "nginx", _FAILED, _SAYS, 0)
