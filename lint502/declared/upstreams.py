"""From merged claims to upstreams and fronts, with the documented defaults filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from lint502.declared import front_profiles, profiles
from lint502.declared.claims import Claims, is_unsure
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
    hosts = claims.facts.get("hosts")
    facts = {FIELDS[key]: fact for key, fact in claims.facts.items() if key != "hosts"}
    return Listener(
        upstream=claims.name,
        place=claims.place,
        hosts=_hosts(claims, hosts),
        hosts_declared=hosts is not None,
        derived=claims.derived,
        unsure=claims.unsure,
        **(facts | _defaults(claims)),
    )


def _hosts(claims: Claims, stated: Fact[Any] | None) -> tuple[str, ...]:
    """The hosts of a listener; what is declared is also reached by its name."""
    names = () if claims.derived else (claims.name,)
    return tuple(dict.fromkeys((*(() if stated is None else stated.value), *names)))


_CHOOSING = ("server", "protocol", "tls")
"""What the other defaults depend on."""


def _defaults(claims: Claims) -> dict[str, Fact[Any]]:
    """What the profile of a listener's server says of what is not stated, or only hinted, by the
    fields of a listener."""
    least = Standing.STATED
    stated = {key: fact.value for key, fact in claims.facts.items() if fact.standing >= least}
    if "server" not in stated:
        return {}
    server = claims.facts["server"]
    defaults = _of_profile(
        server.value,
        server.standing is Standing.DECLARED,
        stated.get("protocol"),
        stated.get("tls"),
        stated.get("keepalive"),
        frozenset(stated),
        claims.unsure,
    )
    return {
        field: Fact(default.value, server.place, standing, default.profile, default.source)
        for field, default, standing in defaults
    }


@lru_cache(1 << 10)  # most listeners are stated by the same keys as others
def _of_profile(
    server: str,
    declared: bool,
    protocol: str | None,
    tls: bool | None,
    keepalive: bool | None,
    stated: frozenset[str],
    unsure: frozenset[str],
) -> tuple[tuple[str, profiles.Default, Standing], ...]:
    """What the profile of a server says of all keys but those that are ``stated``, by the fields of
    a listener; of nothing that a mistake leaves open, nor of what stands in one table with that.
    ``declared``: a spec file names the server."""
    if any(is_unsure(key, unsure) for key in _CHOOSING):
        return ()
    defaults = profiles.defaults(server, protocol, tls)
    usual = defaults.get("keepalive")
    other_keepalive = keepalive is not None and usual is not None and keepalive != usual.value
    open_tables = {key.partition(".")[0] for key in unsure}
    found = []
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
        firm = default.certain or declared
        found.append((FIELDS[key], default, Standing.DEFAULT if firm else Standing.ASSUMED))
    return tuple(found)


def _documented(stated: Mapping[str, Fact[Any]]) -> Iterator[tuple[str, Fact[Any]]]:
    """What is documented of a kind of front where nothing is stated."""
    kind = stated.get("kind")
    if kind is None:
        return
    for key, fact in front_profiles.load(kind.value).facts.items():
        if key not in stated:
            yield key, Fact(fact.value, kind.place, Standing.DEFAULT, kind.value, fact.source)
