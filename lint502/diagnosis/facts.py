"""What the configuration and the claims say of a hop, for the cause of a line of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from lint502.behaviour.containers import in_container
from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.keepalive import meeting_kept_connections, reuse
from lint502.behaviour.tls import gives_certificate, sends_name
from lint502.behaviour.tls_failures import sends_header, without_version
from lint502.declared.listeners import Fact, Listener
from lint502.diagnosis.known import NOTHING, Known
from lint502.findings import Severity
from lint502.nginx.addresses import literal_ip
from lint502.nginx.hops import Hop, Target
from lint502.nginx.scope import Scope
from lint502.pairing import Pair
from lint502.run import Result
from lint502.site import Site
from lint502.wording import server_of

T = TypeVar("T")

_KINDS = {"proxy": "http"}


class Facts:
    """The facts of the hops of a run. Where several pairs of a hop may be meant, only what is the
    same of all of them is known."""

    def __init__(self, result: Result) -> None:
        self._hops = {
            hop.id: (site, hop) for site in result.sites for hop in (*site.hops, *site.every_hop)
        }
        self._pools = {id(site): meeting_kept_connections(site).keys() for site in result.sites}
        self._contained = {id(site): in_container(site) for site in result.sites}
        self._found_by = {
            (finding.rule, *subject)
            for finding in result.apart
            if finding.severity is Severity.ERROR
            for subject in finding.subjects
        }
        self._found: dict[tuple[str, str], Known] = {}

    def of(self, hop: str, address: str) -> Known:
        """What is known of a hop, by its id, where it connects to an address
        (``127.0.0.1:3000``)."""
        key = (hop, address)
        if key not in self._found:
            self._found[key] = self._of(hop, address)
        return self._found[key]

    def _of(self, name: str, address: str) -> Known:
        if name not in self._hops:
            return NOTHING
        site, hop = self._hops[name]
        pairs = site.pairs.get(name, ())
        there = [pair for pair in pairs if str(pair.target.address) == address]
        every = [self._known(site, pair) for pair in there or pairs]
        if not every:
            return Known(
                kind=_kind(hop),
                http_version=_http_version(hop),
                sends_proxy_header=sends_header(hop),
                in_container=self._contained[id(site)],
            )
        return Known(
            **{
                name: _agreed([getattr(one, name) for one in every])
                for name in Known.__struct_fields__
            }
        )

    def _known(self, site: Site, pair: Pair) -> Known:
        hop, target, listener = pair.hop, pair.target, pair.meant
        name = sends_name(hop) if hop.kind != "memcached" else None
        return Known(
            upstream=None if listener is None else listener.upstream,
            kind=_kind(hop),
            tls=target.tls,
            http_version=_http_version(hop),
            pool=self._pool(site, hop, target),
            resolves_at_start=_resolves_at_start(target),
            sends_proxy_header=sends_header(hop),
            sends_name=None if name is None else name.value,
            sends_certificate=gives_certificate(hop) if target.tls else None,
            in_container=self._contained[id(site)],
            several_peers=_several(target),
            max_conns=None if target.server is None else bool(target.server.max_conns),
            port_differs=True if pair.mismatch is not None and pair.mismatch.certain else None,
            published=_published(pair, self._contained[id(site)]),
            **({} if listener is None else _of_listener(pair, listener)),
            **({} if listener is None else self._found_of(hop, listener)),
        )

    def _found_of(self, hop: Hop, listener: Listener) -> dict[str, Any]:
        """What ``lint502 check`` finds for sure of a hop, where both sides are known."""
        facts = {
            "http_versions_differ": ("http-version-mismatch", listener.http_versions),
            "response_head_exceeds": ("response-header-buffer", listener.response_headers),
        }
        return {
            name: (rule, hop.id, listener.upstream) in self._found_by
            for name, (rule, fact) in facts.items()
            if fact is not None and fact.standing.firm
        }

    def _pool(self, site: Site, hop: Hop, target: Target) -> bool | None:
        if target.block is None:
            return False
        if (target.block, hop.id) in self._pools[id(site)]:
            return True
        return False if reuse(hop, site.version).kept is False else None


def _kind(hop: Hop) -> str:
    if hop.kind == "stream":
        return "udp" if hop.datagrams else "tcp"
    return "http/2" if hop.kind == "proxy" and speaks_http2(hop) else _KINDS.get(hop.kind, hop.kind)


def _http_version(hop: Hop) -> str | None:
    """The version of HTTP that nginx speaks; None of another protocol."""
    if speaks_http2(hop):
        return "2"
    spoken = hop.scope.word("proxy_http_version") if hop.kind == "proxy" else None
    return None if spoken is None else spoken.value


def _resolves_at_start(target: Target) -> bool | None:
    """Whether nginx looks the name up once; of a literal address that is no question."""
    address = target.address
    if address.socket is not None or literal_ip(address.host) is not None:
        return None
    return not target.needs_resolver


def _several(target: Target) -> bool | None:
    if target.block is None:
        return False
    return len(target.block.servers) > 1 if target.block.known else None


def _of_listener(pair: Pair, listener: Listener) -> dict[str, Any]:
    sni, certificate = _value(listener.tls_sni), _value(listener.tls_client_certificate)
    server = server_of(listener)
    return {
        "protocol": _value(listener.protocol),
        "server": server or None,
        "listens_tls": _value(listener.tls),
        "expects_proxy_header": _value(listener.proxy_protocol),
        "needs_name": None if sni is None else sni == "required",
        "needs_certificate": None if certificate is None else certificate == "required",
        "on_socket": _on_socket(listener),
        "same_host": _value(listener.same_host),
        "dynamic_address": _value(listener.dynamic_address),
        "tls_versions_differ": without_version(pair),
        "pool_outlives": _pool_outlives(pair, listener),
        "gives_up_first": _gives_up_first(pair, listener),
    }


def _on_socket(listener: Listener) -> bool | None:
    if _value(listener.socket) is not None:
        return True
    return False if _value(listener.port) is not None else None


def _published(pair: Pair, contained: bool | None) -> bool | None:
    """Whether nginx connects to a port of the machine that leads into a container."""
    listener, port = pair.meant, pair.target.address.port
    if listener is None or listener.published is None or port is None:
        return None
    if port not in listener.published.value:
        return False
    own = _value(listener.port)
    if own == port:
        return None if contained is None else not contained
    return True


def _pool_outlives(pair: Pair, listener: Listener) -> bool | None:
    idle = _value(listener.idle_timeout)
    block = pair.target.block
    if idle is None or block is None:
        return None
    kept = Scope(block.context, pair.hop.scope.version).time("keepalive_timeout")
    return None if kept is None else kept.value >= idle


def _gives_up_first(pair: Pair, listener: Listener) -> bool | None:
    limit = _value(listener.request_timeout)
    if limit is None or pair.hop.kind in ("stream", "memcached"):
        return None
    waits = pair.hop.scope.time(f"{pair.hop.kind}_read_timeout")
    return None if waits is None else limit < waits.value


def _value(fact: Fact[T] | None) -> T | None:
    """What is firm enough to settle what a line means."""
    return None if fact is None or not fact.standing.firm else fact.value


def _agreed(values: Sequence[T | None]) -> T | None:
    return values[0] if len(set(values)) == 1 else None
