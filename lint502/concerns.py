"""Which rules may find something in a root, told without loading them.

A run is short, and a small site needs few of the rules: those are loaded that compare with what is
there. The tests run the others too, and see that they find nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lint502.site import Site


def concerns(rule: str, site: Site) -> bool:
    """Whether a rule may find something in a root, in whatever version of nginx."""
    fact = _FACTS.get(rule)
    if fact is not None:
        return any(
            getattr(listener, fact) is not None
            for upstream in site.spec.upstreams
            for listener in upstream.listeners
        )
    needs = _NEEDS.get(rule)
    return needs is None or needs(site)


def _blocks(site: Site) -> bool:
    return any(hop.blocks for hop in site.hops)


def _sockets(site: Site) -> bool:
    return any(pair.target.address.socket is not None for pair in site.each_pair())


def _tls(site: Site) -> bool:
    return any(pair.target.tls is not False for pair in site.each_pair())


def _fronts(site: Site) -> bool:
    return bool(site.spec.fronts)


_FACTS: Mapping[str, str] = {
    "bind-mismatch": "bind",
    "client-certificate-missing": "tls_client_certificate",
    "client-not-allowed": "allowed_clients",
    "localhost-family": "bind",
    "resolver-ipv6": "bind",
    "socket-permission": "socket",
    "static-dns": "dynamic_address",
    "tls-verify-depth": "tls_chain_depth",
    "tls-version-mismatch": "tls_versions",
    "unserved-host": "virtual_hosts",
    "websocket-upgrade": "websocket",
}
"""The fact of a listener that a rule compares with."""

_NEEDS: Mapping[str, Callable[[Site], bool]] = {
    "declaration-drift": lambda site: bool(site.spec.drifts),
    "error-status-ejection": _blocks,
    "front-keepalive-race": _fronts,
    "front-proxy-protocol": _fronts,
    "front-read-timeout": _fronts,
    "front-response-headers": _fronts,
    "front-sni-rejected": _fronts,
    "keepalive-order": _blocks,
    "keepalive-race": _blocks,
    "keepalive-unsupported": _blocks,
    "keepalive-unused": _blocks,
    "max-conns": _blocks,
    "no-live-peer": _blocks,
    "pool-shared": _blocks,
    "retry-ineffective": _blocks,
    "retry-off": _blocks,
    "single-failure-ejection": _blocks,
    "socket-path-mismatch": _sockets,
    "tls-name-mismatch": _tls,
    "unix-socket-in-tmp": _sockets,
    "unix-url-colon": _sockets,
    "unknown-host": lambda site: site.spec.viewpoint is not None,
}
"""What a rule looks at, where that is neither a fact nor always there."""
