"""keepalive-unsupported: the upstream closes a connection after so many responses without saying
so, and nginx keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.keepalive import (
    ANNOUNCING,
    ConnectionEnd,
    connection_end,
    kept_all_the_same,
    kept_by_default,
    line_of,
    meeting_kept_connections,
)
from lint502.behaviour.next_upstream import not_sent_again
from lint502.disagreements import Disagreement
from lint502.edits.pools import with_setting, without_pool, written
from lint502.edits.propose import in_place_of
from lint502.findings import Fix
from lint502.nginx.scope import Scope
from lint502.nginx.upstreams import Block
from lint502.nginx.version import Version
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared


def check(site: Site) -> Iterator[Disagreement]:
    """One for each block whose pool gets connections that the upstream is closing."""
    meeting = meeting_kept_connections(site)
    for pair in site.each_pair():
        block, listener, hop = pair.target.block, pair.meant, pair.hop
        if block is None or listener is None:
            continue
        end = connection_end(listener, hop)
        if end is None or not _keeps_longer(block, end.responses, site.version):
            continue
        own = meeting.get((block, hop.id))
        if not own and kept_all_the_same(hop, end) and _has_pool(block, site.version):
            own = True
        requests = not_sent_again(hop)
        if own is None or requests is None:
            continue
        yield RULE.disagreement(
            pair,
            "reuse",
            certain=own and not end.if_silent,
            message=_message(pair, end, requests)
            + kept_by_default(block, site.version)
            + ("" if own else "; other locations leave connections open for this one"),
            place=line_of(block, site.version).place("nginx keeps connections"),
            related=(declared(end.stated, f"{listener.upstream} closes them after {end.counted}"),),
            fix=_fix(block, end.responses, site.version),
        )


def _has_pool(block: Block, version: Version) -> bool:
    pool = block.pool(version)
    return pool is not None and pool.connections > 0


def _keeps_longer(block: Block, responses: int, version: Version) -> bool:
    """Whether nginx would send one more request on a connection after so many responses: it closes
    one itself after ``keepalive_requests``."""
    scope = Scope(block.context, version)
    timeout, requests = scope.time("keepalive_timeout"), scope.number("keepalive_requests")
    if timeout is None or timeout.value == 0 or requests is None:
        return False
    return requests.value > responses


def _message(pair: Pair, end: ConnectionEnd, requests: str) -> str:
    assert pair.meant is not None
    name, source = pair.meant.upstream, by_profile(end.stated)
    closes = f"{name} closes a connection after {end.counted}{source}"
    then = (
        "a request that follows at once, on the connection that is just being closed, answers 502 "
        f"({requests})"
    )
    if end.if_silent:
        said = "GOAWAY" if pair.hop.kind == "grpc" else '"Connection: close"'
        return (
            f"{closes}; unless it says {said}, nginx keeps that connection, and {then}; if it "
            "does, declare keepalive = { max_requests = 1, announces_close = true }"
        )
    silent = " without saying so" if pair.hop.kind in ANNOUNCING else ""
    return f"{closes}{silent}, and nginx keeps that connection: {then}"


def _fix(block: Block, responses: int, version: Version) -> Fix:
    if responses <= 1:
        return without_pool(block, version, line_of(block, version))
    edits = with_setting(block, "keepalive_requests", str(responses), version)
    where = in_place_of(written(block, "keepalive_requests", version))
    return Fix(f"keepalive_requests {responses};{where}", True, edits)


RULE = Rule("keepalive-unsupported", check, "reuse.unannounced")
