"""From merged claims to upstreams and fronts, with the documented defaults filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lint502.declared import front_profiles, profiles
from lint502.declared.claims import Claims
from lint502.declared.listeners import Fact, Front, Listener, Upstream
from lint502.standing import Standing

FIELDS: Mapping[str, str] = {
    "port": "port",
    "published": "published",
    "bind": "bind",
    "allowed_clients": "allowed_clients",
    "dynamic_address": "dynamic_address",
    "resolvers": "resolvers",
    "socket": "socket",
    "socket.owner": "socket_owner",
    "socket.group": "socket_group",
    "socket.mode": "socket_mode",
    "socket.directory": "socket_directory",
    "socket.directories": "socket_directories",
    "server": "server",
    "protocol": "protocol",
    "http_versions": "http_versions",
    "proxy_protocol": "proxy_protocol",
    "same_host": "same_host",
    "websocket": "websocket",
    "virtual_hosts": "virtual_hosts",
    "unknown_host": "unknown_host",
    "tls": "tls",
    "tls.versions": "tls_versions",
    "tls.names": "tls_names",
    "tls.sni": "tls_sni",
    "tls.client_certificate": "tls_client_certificate",
    "tls.chain_depth": "tls_chain_depth",
    "timeouts.request": "request_timeout",
    "timeouts.response": "response_timeout",
    "keepalive": "keepalive",
    "keepalive.idle_timeout": "idle_timeout",
    "keepalive.max_requests": "max_requests",
    "keepalive.announces_close": "announces_close",
    "limits.request_headers": "request_headers",
    "limits.request_body": "request_body",
    "limits.response_headers": "response_headers",
    "limits.overflow": "overflow",
    "limits.request_headers_status": "headers_status",
}
"""The keys of claims, with the field of a listener that each is."""


def upstreams_of(claims: Iterable[Claims]) -> tuple[Upstream, ...]:
    """The upstreams that claims, one for each listener, are of."""
    named: dict[str, list[Claims]] = {}
    for one in claims:
        named.setdefault(one.name, []).append(one)
    return tuple(
        Upstream(
            name,
            found[0].place,
            tuple(map(_listener, found)),
            all(one.derived for one in found),
        )
        for name, found in named.items()
    )


def fronts_of(claims: Iterable[Claims]) -> tuple[Front, ...]:
    """The fronts that claims are of."""
    return tuple(
        Front(one.name, one.place, **{**dict(_documented(one.facts)), **one.facts})
        for one in claims
    )


def _listener(claims: Claims) -> Listener:
    stated = dict(claims.facts)
    hosts = stated.pop("hosts", None)
    facts = {**stated, **dict(_defaults(stated, claims))}
    return Listener(
        upstream=claims.name,
        place=claims.place,
        hosts=_hosts(claims, hosts),
        hosts_declared=hosts is not None,
        derived=claims.derived,
        unsure=claims.unsure,
        **{FIELDS[key]: fact for key, fact in facts.items()},
    )


def _hosts(claims: Claims, stated: Fact[Any] | None) -> tuple[str, ...]:
    """The hosts of a listener; what is declared is also reached by its name."""
    names = () if claims.derived else (claims.name,)
    return tuple(dict.fromkeys((*(() if stated is None else stated.value), *names)))


_CHOOSING = ("server", "protocol", "tls")
"""What the other defaults depend on."""


def _defaults(stated: Mapping[str, Fact[Any]], claims: Claims) -> Iterator[tuple[str, Fact[Any]]]:
    """What the profile of a listener's server says of what is not stated, or only hinted; of
    nothing that a mistake leaves open, nor of what stands in one table with that."""
    if any(claims.leaves_open(key) for key in _CHOOSING):
        return
    open_tables = {key.partition(".")[0] for key in claims.unsure}
    stated = {key: fact for key, fact in stated.items() if fact.standing > Standing.DEFAULT}
    server = stated.get("server")
    if server is None:
        return
    protocol, tls = stated.get("protocol"), stated.get("tls")
    defaults = profiles.defaults(
        server.value,
        protocol.value if protocol is not None else None,
        tls.value if tls is not None else None,
    )
    keepalive, usual = stated.get("keepalive"), defaults.get("keepalive")
    other_keepalive = keepalive and usual and keepalive.value != usual.value
    for key, default in defaults.items():
        if key in stated or key.partition(".")[0] in open_tables:
            continue
        if key == "socket.mode" and "socket" not in stated:
            continue
        if key.startswith("keepalive.") and other_keepalive:
            continue  # the figure belongs to the behaviour that the statement replaces
        if (
            default.covers
            and "limits.request_body" in stated
            and "request_body" not in default.covers
        ):
            continue  # what happens beyond the stated limit is not known
        firm = default.certain or server.standing is Standing.DECLARED
        standing = Standing.DEFAULT if firm else Standing.ASSUMED
        yield key, Fact(default.value, server.place, standing, default.profile, default.source)


def _documented(stated: Mapping[str, Fact[Any]]) -> Iterator[tuple[str, Fact[Any]]]:
    """What is documented of a kind of front where nothing is stated."""
    kind = stated.get("kind")
    if kind is None:
        return
    for key, fact in front_profiles.load(kind.value).facts.items():
        if key not in stated:
            yield key, Fact(fact.value, kind.place, Standing.DEFAULT, kind.value, fact.source)
