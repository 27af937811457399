"""Turns the tables of a spec file into the facts that the rules see, with profiles filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from lint502.declared import front_profiles, profiles
from lint502.declared.listeners import (
    Directory,
    Fact,
    Front,
    Listener,
    Spec,
    Tls,
    UnixSocket,
    Upstream,
)
from lint502.places import Place, SourceFile
from lint502.toml.positions import Key, Node

if TYPE_CHECKING:
    from lint502.declared.model import FrontTable, ListenerTable, SpecFile, TlsTable

T = TypeVar("T")

_FILLED: Mapping[str, str] = {
    "socket.mode": "socket_mode",
    "protocol": "protocol",
    "http_versions": "http_versions",
    "tls": "tls",
    "keepalive": "keepalive",
    "keepalive.idle_timeout": "idle_timeout",
    "keepalive.max_requests": "max_requests",
    "keepalive.announces_close": "announces_close",
    "timeouts.request": "request_timeout",
    "limits.request_headers": "request_headers",
    "limits.request_body": "request_body",
    "limits.overflow": "overflow",
    "limits.request_headers_status": "headers_status",
}
"""The keys that a profile can fill, with the field of a listener that they are."""


def spec_of(table: SpecFile, source: SourceFile, root: Node) -> Spec:
    """What a valid spec file declares; ``root`` are the positions of its keys."""
    return _Places(source, root).spec(table)


class _Places:
    """The places of a file's keys, and the facts that are stated there."""

    def __init__(self, source: SourceFile, root: Node) -> None:
        self.source = source
        self.root = root

    def spec(self, table: SpecFile) -> Spec:
        upstreams = []
        for name, entry in (table.upstream or {}).items():
            path = ("upstream", name)
            listeners = (
                tuple(self.listener(name, (*path, i), one) for i, one in enumerate(entry))
                if isinstance(entry, list)
                else (self.listener(name, path, entry),)
            )
            upstreams.append(Upstream(name, self.place(path), listeners))
        before = [self.front(name, entry) for name, entry in (table.front or {}).items()]
        return Spec(tuple(upstreams), tuple(before), bool(table.complete), (self.source.name,))

    def place(self, path: tuple[Key, ...]) -> Place:
        node = self.root.at(path)
        text = self.source.line(node.line)
        return Place(self.source.name, node.line, node.column, node.end_column, text)

    def fact(self, path: tuple[Key, ...], key: str, value: T | None) -> Fact[T] | None:
        return None if value is None else Fact(value, self.place((*path, key)))

    def many(
        self, path: tuple[Key, ...], key: str, value: list[T] | None
    ) -> Fact[tuple[T, ...]] | None:
        return self.fact(path, key, None if value is None else tuple(value))

    def listener(self, name: str, path: tuple[Key, ...], table: ListenerTable) -> Listener:
        hosts = dict.fromkeys([*(table.hosts or ()), name])
        listener = Listener(
            upstream=name,
            place=self.place(path),
            hosts=tuple(hosts),
            hosts_declared=table.hosts is not None,
            port=self.fact(path, "port", table.port),
            socket=self.fact(path, "socket", self.socket(path, table)),
            socket_mode=self.socket_mode(path, table),
            bind=self.many(path, "bind", table.bind),
            server=self.fact(path, "server", table.server),
            protocol=self.fact(path, "protocol", table.protocol),
            http_versions=self.many(path, "http_versions", table.http_versions),
            proxy_protocol=self.fact(path, "proxy_protocol", table.proxy_protocol),
            dynamic_address=self.fact(path, "dynamic_address", table.dynamic_address),
            resolvers=self.many(path, "resolvers", table.resolvers),
            same_host=self.fact(path, "same_host", table.same_host),
        )
        if table.tls is not None:
            declared = table.tls is not False
            listener = replace(listener, tls=self.fact(path, "tls", declared))
            if not isinstance(table.tls, bool):
                listener = replace(listener, tls_details=self.tls((*path, "tls"), table.tls))
        if (timeouts := table.timeouts) is not None:
            below = (*path, "timeouts")
            listener = replace(
                listener,
                request_timeout=self.fact(below, "request", timeouts.request),
                response_timeout=self.fact(below, "response", timeouts.response),
            )
        if (keepalive := table.keepalive) is not None:
            listener = replace(
                listener, keepalive=self.fact(path, "keepalive", keepalive is not False)
            )
            if not isinstance(keepalive, bool):
                below = (*path, "keepalive")
                listener = replace(
                    listener,
                    idle_timeout=self.fact(below, "idle_timeout", keepalive.idle_timeout),
                    max_requests=self.fact(below, "max_requests", keepalive.max_requests),
                    announces_close=self.fact(below, "announces_close", keepalive.announces_close),
                )
        if (limits := table.limits) is not None:
            below = (*path, "limits")
            listener = replace(
                listener,
                request_headers=self.fact(below, "request_headers", limits.request_headers),
                request_body=self.fact(below, "request_body", limits.request_body),
                response_headers=self.fact(below, "response_headers", limits.response_headers),
                overflow=self.fact(below, "overflow", limits.overflow),
            )
        return _filled(listener)

    def socket(self, path: tuple[Key, ...], table: ListenerTable) -> UnixSocket | None:
        socket = table.socket
        if socket is None or isinstance(socket, str):
            return None if socket is None else UnixSocket(socket)
        there = socket.directory
        directory = None if there is None else Directory(there.owner, there.group, there.mode)
        return UnixSocket(
            socket.path,
            socket.owner,
            socket.group,
            self.fact((*path, "socket"), "directory", directory),
        )

    def socket_mode(self, path: tuple[Key, ...], table: ListenerTable) -> Fact[int] | None:
        if table.socket is None or isinstance(table.socket, str):
            return None
        return self.fact((*path, "socket"), "mode", table.socket.mode)

    def tls(self, path: tuple[Key, ...], table: TlsTable) -> Tls:
        return Tls(
            versions=self.many(path, "versions", [*table.versions] if table.versions else None),
            names=self.many(path, "names", table.names),
            sni=self.fact(path, "sni", table.sni),
            client_certificate=self.fact(path, "client_certificate", table.client_certificate),
            chain_depth=self.fact(path, "chain_depth", table.chain_depth),
        )

    def front(self, name: str, table: FrontTable) -> Front:
        path = ("front", name)
        front = Front(
            name=name,
            place=self.place(path),
            kind=self.fact(path, "kind", str(table.kind) if table.kind else None),
            servers=self.many(path, "servers", table.servers),
            idle_timeout=self.fact(path, "idle_timeout", table.idle_timeout),
            proxy_protocol=self.fact(path, "proxy_protocol", table.proxy_protocol),
            sni=self.fact(path, "sni", table.sni),
        )
        return _documented(front)


def _documented(front: Front) -> Front:
    """A front with what is documented of its kind where nothing is declared."""
    if front.kind is None:
        return front
    kind = front.kind
    filled: dict[str, Any] = {
        key: Fact(fact.value, kind.place, kind.value, fact.source)
        for key, fact in front_profiles.load(kind.value).facts.items()
        if getattr(front, key) is None
    }
    return replace(front, **filled)


def _filled(listener: Listener) -> Listener:
    """A listener with what its server's profile says of what is not declared."""
    if listener.server is None:
        return listener
    defaults = profiles.defaults(
        listener.server.value,
        listener.protocol.value if listener.protocol else None,
        listener.tls.value if listener.tls else None,
    )
    keepalive, usual = listener.keepalive, defaults.get("keepalive")
    other_keepalive = keepalive and usual and keepalive.value != usual.value
    filled: dict[str, Any] = {}
    for key, default in defaults.items():
        field = _FILLED[key]
        if getattr(listener, field) is not None:
            continue
        if key == "socket.mode" and listener.socket is None:
            continue
        if key.startswith("keepalive.") and other_keepalive:
            continue  # the figure belongs to the behaviour that the declaration replaces
        if default.covers and listener.request_body and "request_body" not in default.covers:
            continue  # what happens beyond the declared limit is not known
        filled[field] = Fact(default.value, listener.server.place, default.profile, default.source)
    return replace(listener, **filled)
