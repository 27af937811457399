"""The declared side as the rules see it: upstreams, listeners, and facts with their origin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from lint502.places import Place, SourceFile

T = TypeVar("T")

Protocol = Literal["http", "grpc", "fastcgi", "uwsgi", "scgi", "memcached", "tcp", "udp"]
HttpVersion = Literal["1.0", "1.1", "2"]
Overflow = Literal["answer", "close"]


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value with the place that states it.

    ``place`` is the key in the spec file; for a fact that a profile fills in, the ``server`` key
    that chose the profile, and ``profile`` says whose default it is (``"gunicorn 22.0"``).
    ``source`` is where the profile has the figure from (a URL or ``owner/repo@tag:path``).
    """

    value: T
    place: Place
    profile: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """What a listener that speaks TLS asks for; ``None`` is unknown."""

    versions: Fact[tuple[str, ...]] | None = None
    names: Fact[tuple[str, ...]] | None = None
    sni: Fact[Literal["required", "optional"]] | None = None
    client_certificate: Fact[Literal["required", "optional", "none"]] | None = None
    chain_depth: Fact[int] | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory that holds a unix socket: names or numbers of its owner and group, and its
    permissions."""

    owner: str | None = None
    group: str | None = None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A unix socket; ``path`` as written. Its permissions are a fact of the listener."""

    path: str
    owner: str | None = None
    group: str | None = None
    directory: Fact[Directory] | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """One entry of ``[[upstream.NAME]]``: an address and what answers there.

    Every fact is ``None`` where neither the declaration nor the profile states it: a rule that
    needs it then stays silent. Times are milliseconds, sizes bytes. ``headers_status``, which
    only a profile states, is what too large a header is answered with. ``hosts`` always has the
    upstream's name last, or where the user wrote it. ``hosts_declared`` tells whether the file has
    the key.
    """

    upstream: str
    place: Place
    hosts: tuple[str, ...]
    hosts_declared: bool = False
    port: Fact[int] | None = None
    socket: Fact[UnixSocket] | None = None
    socket_mode: Fact[int] | None = None
    bind: Fact[tuple[str, ...]] | None = None
    server: Fact[str] | None = None
    protocol: Fact[Protocol] | None = None
    http_versions: Fact[tuple[HttpVersion, ...]] | None = None
    proxy_protocol: Fact[bool] | None = None
    dynamic_address: Fact[bool] | None = None
    resolvers: Fact[tuple[str, ...]] | None = None
    same_host: Fact[bool] | None = None
    tls: Fact[bool] | None = None
    tls_details: Tls = field(default_factory=Tls)
    request_timeout: Fact[int] | None = None
    response_timeout: Fact[int] | None = None
    keepalive: Fact[bool] | None = None
    idle_timeout: Fact[int] | None = None
    max_requests: Fact[int] | None = None
    announces_close: Fact[bool] | None = None
    request_headers: Fact[int] | None = None
    request_body: Fact[int] | None = None
    response_headers: Fact[int] | None = None
    overflow: Fact[Overflow] | None = None
    headers_status: Fact[int] | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What ``upstreams.toml`` declares under one name; ``place`` is its (first) table header."""

    name: str
    place: Place
    listeners: tuple[Listener, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before nginx, under ``[front.NAME]``; facts as in :class:`Listener`.

    ``closed_status``, which only a profile states, is what its client gets where nginx closes the
    connection on which a request was sent.
    """

    name: str
    place: Place
    kind: Fact[str] | None = None
    servers: Fact[tuple[str, ...]] | None = None
    idle_timeout: Fact[int] | None = None
    proxy_protocol: Fact[bool] | None = None
    sni: Fact[str] | None = None
    closed_status: Fact[int] | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """All spec files of a run, merged. ``complete``: everything that nginx may reach is here.
    ``sources`` are the texts of the files that could be read."""

    upstreams: tuple[Upstream, ...] = ()
    fronts: tuple[Front, ...] = ()
    complete: bool = False
    files: tuple[str, ...] = ()
    sources: tuple[SourceFile, ...] = field(default=(), compare=False)
