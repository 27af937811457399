"""What the client sees where nginx and its upstream do not speak the same: as it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from lint502.behaviour.protocol_table import GARBAGE, Ending, Known, Outcome, known
from lint502.declared.listeners import Listener
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.values import format_time
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.wording import server_of

_DEFAULT_TIMEOUT = 60_000


class Consequence(Struct, frozen=True):
    """The status that the client sees, the line of the error log, if any, and a clause that says
    more, "" where a 502 says it all.

    Bytes that are no HTTP have the status 200, as :class:`~lint502.findings.Finding` counts them.
    """

    status: int
    log: str | None
    clause: str = ""


def fits(hop: Hop, listener: Listener) -> bool | None:
    """Whether a hop of ``http{}`` speaks what a listener does; None where that is not declared."""
    if listener.protocol is None:
        return None
    protocol = listener.protocol.value
    if hop.kind == "proxy":
        if protocol != "grpc":
            return protocol == "http"
        version = hop.scope.word("proxy_http_version")
        return version is None or version.value == "2"
    if hop.kind == "grpc" and protocol == "http":
        return listener.http_versions is not None and "2" in listener.http_versions.value
    return hop.kind == protocol


def consequence(pair: Pair) -> Consequence:
    """What comes of a pair whose sides do not speak the same."""
    found = measured(pair, pair.hop.scope.version)
    if found is None:
        return Consequence(502, error_log.line("closed-early"))
    ways = _told_apart(_ways(pair.hop, found.endings))
    return Consequence(ways[0].status, ways[0].log, _clause(ways, typical=found.typical))


def measured(pair: Pair, version: Version) -> Known | None:
    """How a request ends where the sides of a pair do not speak the same, as it was measured."""
    listener = pair.meant
    assert listener is not None
    return known(server_of(listener), _spoken(pair, listener), passed(pair), version)


def _spoken(pair: Pair, listener: Listener) -> str:
    """What a listener expects, as ``protocol_table.toml`` calls it."""
    tls = listener.tls is not None and listener.tls.value
    protocol = listener.protocol.value if listener.protocol is not None else _expected(pair.hop)
    versions = listener.http_versions.value if listener.http_versions is not None else ()
    if protocol == "grpc" or (protocol == "http" and versions == ("2",)):
        return "h2" if tls else "h2c"
    if protocol == "http":
        return "https" if tls else "http"
    return "suwsgi" if protocol == "uwsgi" and tls else protocol


def _expected(hop: Hop) -> str:
    return "http" if hop.kind in ("proxy", "stream") else hop.kind


def passed(pair: Pair) -> str:
    """How nginx passes requests on, as ``protocol_table.toml`` calls it."""
    kind, tls = pair.hop.kind, pair.target.tls
    if kind == "stream":
        return "https"  # the handshake is the same
    if kind == "proxy":
        version = pair.hop.scope.word("proxy_http_version")
        scheme = "https" if tls else "http"
        return scheme if version is None else f"{scheme}/{version.value}"
    return {"grpc": "grpcs", "uwsgi": "suwsgi"}.get(kind, kind) if tls else kind


def _ways(hop: Hop, endings: Sequence[Ending]) -> Iterator[Consequence]:
    """The ways in which a request may end with the hop's timeouts."""
    for ending in endings:
        outcome = ending.outcome
        if not outcome.timed_out:
            yield _way(outcome)
            continue
        name, timeout = _timeout(hop, outcome)
        gives_up = None if ending.seconds is None else ending.seconds * 1000
        if gives_up is None or timeout <= gives_up:
            after = f"after {name} ({format_time(timeout)})"
            if hop.kind == "stream":  # ngx_stream_proxy_ssl_handshake() has no word for it
                yield Consequence(502, None, f"502 {after}")
            else:
                yield Consequence(outcome.status, outcome.log, f"{outcome.status} {after}")
        if ending.later is not None and gives_up is not None and timeout >= gives_up:
            way = _way(ending.later)
            clause = f"{way.clause} after {ending.seconds}s, when the server gives up"
            yield Consequence(way.status, way.log, clause)


def _told_apart(ways: Iterable[Consequence]) -> list[Consequence]:
    """Of those that look alike to the client and in the log, the one that takes fewest words."""
    found: dict[tuple[int, str | None], Consequence] = {}
    for way in ways:
        other = found.setdefault((way.status, way.log), way)
        if len(way.clause) < len(other.clause):
            found[way.status, way.log] = way
    return list(found.values())


def _timeout(hop: Hop, outcome: Outcome) -> tuple[str, int]:
    """The directive that limits the wait, and its value in milliseconds."""
    family = "proxy" if hop.kind == "stream" else hop.kind
    part = "connect" if outcome.says("handshake-timed-out") else "read"
    name = f"{family}_{part}_timeout"
    value = hop.scope.time(name)
    return name, _DEFAULT_TIMEOUT if value is None else value.value


def _way(outcome: Outcome) -> Consequence:
    if outcome.status == GARBAGE:
        clause = "bytes that are no HTTP (status 200, 009 in nginx's access log)"
        return Consequence(200, outcome.log, clause)
    if not outcome.log:
        return Consequence(outcome.status, None, f"the server's own {outcome.status}")
    return Consequence(outcome.status, outcome.log, f"{outcome.status}")


def _clause(ways: Sequence[Consequence], *, typical: bool) -> str:
    clauses = list(dict.fromkeys(way.clause for way in ways))
    if clauses == ["502"]:
        return ""
    return " or ".join(clauses) + (", with most servers" if typical else "")
