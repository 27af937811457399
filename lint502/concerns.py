"""Which rules may find something in a root, told without loading them.

A run is short, and a small site needs few of the rules: those are loaded that compare with what is
there. The tests run the others too, and see that they find nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from lint502.nginx.lines import lines_in
from lint502.nginx.parse import Directive
from lint502.nginx.upstreams import Block
from lint502.site import Site

_Condition = Callable[[Site], bool]


def concerns(rule: str, site: Site) -> bool:
    """Whether a rule may find something in a root, in whatever version of nginx."""
    return all(condition(site) for condition in _CONDITIONS.get(rule, ()))


def _stated(*facts: str) -> _Condition:
    """Whether one of these facts is known of some listener."""

    def condition(site: Site) -> bool:
        return any(
            getattr(listener, fact) is not None
            for fact in facts
            for upstream in site.spec.upstreams
            for listener in upstream.listeners
        )

    return condition


def _of_a_front(*facts: str) -> _Condition:
    """Whether one of these facts is known of some front."""
    return lambda site: any(
        getattr(front, fact) is not None for front in site.spec.fronts for fact in facts
    )


def _lines(site: Site, *names: str) -> Iterator[Directive]:
    """The lines of these names, wherever they stand."""
    for area in site.tree.main.children:
        if area.name in ("http", "stream"):
            of = lines_in(area).of
            yield from chain.from_iterable(of.get(name, ()) for name in names)


def _written(*names: str) -> _Condition:
    """Whether one of these directives is there."""
    return lambda site: any(True for _ in _lines(site, *names))


def _of_families(name: str) -> tuple[str, ...]:
    families = ("proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached")
    return tuple(f"{family}_{name}" for family in families)


def _used(condition: Callable[[Block], bool]) -> _Condition:
    """Whether something holds for a block that some hop reaches."""
    return lambda site: any(condition(block) for hop in site.hops for block in hop.blocks)


def _blocks(site: Site) -> bool:
    return any(hop.blocks for hop in site.hops)


def _sockets(site: Site) -> bool:
    return any(pair.target.address.socket is not None for pair in site.each_pair())


def _tls(site: Site) -> bool:
    return any(pair.target.tls is not False for pair in site.each_pair())


def _tls_on_one_side(site: Site) -> bool:
    """Whether nginx speaks TLS somewhere, or a listener may want it."""
    return _tls(site) or any(
        listener.tls is not None and listener.tls.value
        for upstream in site.spec.upstreams
        for listener in upstream.listeners
    )


def _asked_for_names(site: Site) -> bool:
    """Whether a server may want its name in the TLS handshake, be it that of a client's."""
    chosen = any(hop.unknown_host for hop in site.hops)
    return chosen or _tls(site) or _stated("tls_sni")(site)


def _mismatches(site: Site) -> bool:
    return any(pair.mismatch is not None for pair in site.each_pair())


def _undeclared(site: Site) -> bool:
    return any(pair.undeclared for pair in site.each_pair())


def _without_a_port(site: Site) -> bool:
    """Whether a server of a block has no port."""
    return any(
        pair.target.server is not None and not pair.target.address.port_written
        for pair in site.each_pair()
    )


def _lookups(site: Site) -> bool:
    """Whether nginx looks a name up while it runs."""
    return any(hop.unknown_host or any(t.needs_resolver for t in hop.targets) for hop in site.hops)


def _http2(site: Site) -> bool:
    """Whether nginx may speak HTTP/2."""
    return any(hop.kind == "grpc" for hop in site.hops) or any(
        line.args != ("1.1",) and line.args != ("1.0",)
        for line in _lines(site, "proxy_http_version")
    )


def _upgrades(site: Site) -> bool:
    """Whether a header ``Connection`` may say "upgrade"."""
    return any(
        line.args[0].lower() == "connection"
        and ("$" in line.args[1] or "up" in line.args[1].lower())
        for line in _lines(site, "proxy_set_header")
        if len(line.args) == 2
    )


def _no_time(site: Site) -> bool:
    """Whether a timeout may be 0."""
    names = map(_of_families, ("connect_timeout", "send_timeout", "read_timeout"))
    lines = _lines(site, *chain.from_iterable(names), "proxy_timeout")
    return any(
        not any(digit in line.args[0] for digit in "123456789") for line in lines if line.args
    )


_CONDITIONS: Mapping[str, tuple[_Condition, ...]] = {
    "bind-loopback": (_written(*_of_families("bind")),),
    "bind-mismatch": (_stated("bind"),),
    "cached-error": (_written(*_of_families("cache")),),
    "client-certificate-missing": (_stated("tls_client_certificate"),),
    "client-not-allowed": (_stated("allowed_clients"),),
    "connection-header": (_upgrades,),
    "declaration-drift": (lambda site: bool(site.spec.drifts),),
    "error-status-ejection": (_blocks, _written(*_of_families("next_upstream"))),
    "front-keepalive-race": (_of_a_front("idle_timeout"),),
    "front-proxy-protocol": (_of_a_front("proxy_protocol"),),
    "front-read-timeout": (lambda site: bool(site.spec.fronts), _stated("response_timeout")),
    "front-response-headers": (_of_a_front("response_headers"), _stated("response_headers")),
    "front-sni-rejected": (_of_a_front("sni"),),
    "http2-connection-header": (_http2,),
    "http-version-mismatch": (_stated("http_versions"),),
    "implicit-port-80": (_without_a_port,),
    "invalid-address": (lambda site: any(hop.unknown is not None for hop in site.hops),),
    "keepalive-order": (_used(lambda block: block.balanced_last is not None),),
    "keepalive-race": (_blocks, _stated("idle_timeout")),
    "keepalive-unsupported": (_blocks, _stated("keepalive", "max_requests")),
    "keepalive-unused": (_blocks, _written("keepalive")),
    "localhost-family": (_stated("bind"),),
    "loopback-in-container": (_mismatches,),
    "max-conns": (_used(lambda block: any(one.max_conns for one in block.servers)),),
    "misspelt-block": (_undeclared,),
    "no-live-peer": (_used(lambda block: all(one.down for one in block.servers)),),
    "pool-shared": (_blocks, _written("keepalive")),
    "port-mismatch": (_mismatches,),
    "proxy-protocol-mismatch": (_stated("proxy_protocol"),),
    "read-timeout": (_stated("request_timeout", "response_timeout"),),
    "request-body-limit": (_stated("request_body"),),
    "request-header-limit": (_stated("request_headers"),),
    "request-timeout": (_stated("request_timeout"),),
    "resolver-ipv6": (_stated("bind"),),
    "resolver-mismatch": (_written("resolver"),),
    "resolver-missing": (_lookups,),
    "retry-ineffective": (_blocks, _written("grpc_next_upstream")),
    "retry-off": (_used(lambda block: len(block.servers) > 1),),
    "single-failure-ejection": (_used(lambda block: len(block.servers) > 1),),
    "sni-missing": (_asked_for_names,),
    "socket-path-mismatch": (_sockets, _mismatches),
    "socket-permission": (_stated("socket"),),
    "static-dns": (_stated("dynamic_address"),),
    "tls-mismatch": (_tls_on_one_side,),
    "tls-name-mismatch": (_tls,),
    "tls-verify-depth": (_stated("tls_chain_depth"),),
    "tls-version-mismatch": (_stated("tls_versions"),),
    "undeclared-upstream": (_undeclared,),
    "unix-socket-in-tmp": (_sockets,),
    "unix-url-colon": (_sockets,),
    "unknown-host": (lambda site: site.spec.viewpoint is not None,),
    "unreached-hop": (lambda site: any(one.reported for one in site.unreached.values()),),
    "unserved-host": (_stated("virtual_hosts"),),
    "websocket-upgrade": (_stated("websocket"),),
    "zero-timeout": (_no_time,),
}
"""What has to be there for a rule to find something: all of these."""
