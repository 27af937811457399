"""keepalive-race: nginx keeps idle connections longer than the upstream does."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.checks.failover import is_backup
from lint502.checks.methods import NOT_IDEMPOTENT, allowed_methods
from lint502.checks.reuse import reuse
from lint502.checks.site import Site
from lint502.checks.wording import by_profile, declared, listed
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope, Value
from lint502.nginx.upstreams import KEEPALIVE_BY_DEFAULT, Block
from lint502.nginx.values import format_time, parse_time
from lint502.nginx.version import Version
from lint502.pairing import Pair

DEFAULT_MARGIN = "1s"
"""How much sooner than the upstream nginx has to close; ``[rules.keepalive-race] margin``."""


def check(site: Site) -> Iterator[Finding]:
    """One finding for each block whose pool outlives its upstream's idle connections."""
    margin = parse_time(str(site.options.get("keepalive-race", {}).get("margin", DEFAULT_MARGIN)))
    meeting = _meeting_kept_connections(site)
    for pair in site.each_pair():
        own = meeting.get((pair.target.block, pair.hop.id))
        if own is None:
            continue
        timeout, listener = _outlives(pair, site.version, margin), pair.listener
        block = pair.target.block
        if timeout is None or block is None or listener is None or listener.idle_timeout is None:
            continue
        hit = _hit(pair.hop)
        if hit is None:
            continue
        severity, requests = hit
        idle = listener.idle_timeout
        closes, keeps = format_time(idle.value), format_time(timeout.value)
        backup = is_backup(pair)
        unset = "" if timeout.directive is not None else "without a keepalive_timeout here, "
        yield Finding(
            rule="keepalive-race",
            severity=severity if own and not backup else Severity.WARNING,
            status=502,
            frequency="sometimes",
            message=(
                f"{listener.upstream} closes idle connections after {closes}{by_profile(idle)}, "
                f"but nginx keeps them for {timeout.described(f'up to {keeps}')}: a request on a "
                f"connection that is just being closed answers 502 ({requests})"
                + _by_default(block, site.version)
                + ("; nginx uses this backup server only while the others fail" if backup else "")
                + ("" if own else "; other locations leave connections open for this one")
            ),
            place=_line(block, timeout, site.version).place(f"{unset}nginx keeps them for {keeps}"),
            related=(declared(idle, f"{listener.upstream} closes them after {closes}"),),
            hops=(pair.hop.id,),
            upstream=listener.upstream,
            log="upstream prematurely closed connection while reading response header from "
            "upstream",
            fix=_fix(idle.value - margin, site.version),
        )


def _by_default(block: Block, version: Version) -> str:
    pool = block.pool(version)
    if pool is None or pool.directive is not None:
        return ""
    return f"; nginx {version} keeps connections in every upstream block, as all do from 1.29.7 on"


def _meeting_kept_connections(site: Site) -> dict[tuple[Block | None, str], bool]:
    """The blocks, each with the ids of hops whose requests may go over a kept connection; whether
    they keep connections themselves.

    A pool belongs to its block: what one hop leaves open another one takes, even if it closes its
    own. Only a pool that is ``local``, as that by default is, belongs to one location.
    """
    users: dict[Block, list[Hop]] = {}
    for hop in site.hops:
        for block in hop.blocks:
            users.setdefault(block, []).append(hop)
    found: dict[tuple[Block | None, str], bool] = {}
    for block, hops in users.items():
        pool = block.pool(site.version)
        if pool is None or pool.connections == 0:
            continue
        keeps = {hop.id: bool(reuse(hop, site.version).kept) for hop in hops}
        local = pool.directive is None or "local" in pool.directive.args
        shared = not local and any(keeps.values())
        found.update(((block, hop), own) for hop, own in keeps.items() if own or shared)
    return found


def _outlives(pair: Pair, version: Version, margin: int) -> Value[int] | None:
    """How long nginx keeps an idle connection, where that is too long."""
    block, listener = pair.target.block, pair.listener
    if block is None or listener is None or listener.idle_timeout is None:
        return None
    if listener.keepalive is not None and not listener.keepalive.value:
        return None
    scope = Scope(block.context, version)
    timeout, requests = scope.time("keepalive_timeout"), scope.number("keepalive_requests")
    if timeout is None or timeout.value == 0 or (requests is not None and requests.value <= 1):
        return None
    return timeout if timeout.value + margin > listener.idle_timeout.value else None


def _line(block: Block, timeout: Value[int], version: Version) -> Directive:
    """The line to look at: the timeout, else the pool, else the block."""
    pool = block.pool(version)
    declared_pool = pool.directive if pool is not None else None
    return timeout.directive or declared_pool or block.opener


def _hit(hop: Hop) -> tuple[Severity, str] | None:
    """How bad it is, and which requests answer 502, as a clause; None where nginx sends every one
    of them again.

    A failure on a kept connection buys one more try, whatever ``*_next_upstream_tries`` says
    (``ngx_http_upstream_next()``), but a stream of HTTP/2 cannot be sent again there.
    """
    if hop.kind == "grpc":
        calls = "every call, for a gRPC call is a POST, which nginx does not send again"
        return Severity.ERROR, calls
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    if words is not None and ("off" in words.value or "error" not in words.value):
        return Severity.ERROR, "every method, for nothing is sent again here"
    version = hop.scope.word("proxy_http_version") if hop.kind == "proxy" else None
    if version is not None and version.value == "2":
        return Severity.ERROR, "every method, for HTTP/2 requests are not sent again"
    again = words is not None and "non_idempotent" in words.value
    methods = allowed_methods(hop) & NOT_IDEMPOTENT
    if hop.kind != "memcached" and methods and not again:
        named = listed(method for method in ("POST", "PATCH", "LOCK") if method in methods)
        return Severity.ERROR, f"{named}, which nginx does not send again"
    buffered = hop.scope.flag(f"{hop.kind}_request_buffering")
    if buffered is not None and not buffered.value:
        return Severity.WARNING, "uploads that are still being sent, for they are not buffered"
    return None


def _fix(longest: int, version: Version) -> Fix:
    seconds = longest // 1000
    if seconds >= 1:
        return Fix(f"keepalive_timeout {seconds}s;", safe=True)
    if version >= KEEPALIVE_BY_DEFAULT:
        return Fix("keepalive 0;", safe=True)
    return Fix("remove the keepalive line", safe=True)
