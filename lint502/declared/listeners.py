"""The declared side as the rules see it: upstreams, listeners, and facts with their origin."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import astuple, replace

from lint502.places import Place, SourceFile
from lint502.standing import Standing
from lint502.values import Compared

if TYPE_CHECKING:
    from lint502.deployment.viewpoint import Viewpoint

T = TypeVar("T")

Protocol = Literal["http", "grpc", "fastcgi", "uwsgi", "scgi", "memcached", "tcp", "udp"]
HttpVersion = Literal["1.0", "1.1", "2"]
Overflow = Literal["answer", "close"]
"""What a server does with a request that it does not take: it answers, or closes the connection."""

FrontKind = Literal[
    "aws-alb",
    "aws-nlb",
    "cloudfront",
    "google-lb",
    "azure-application-gateway",
    "azure-front-door",
    "azure-load-balancer",
    "azure-api-management",
    "cloudflare",
    "fastly",
    "akamai",
    "haproxy",
    "varnish",
    "envoy",
    "istio",
    "contour",
    "envoy-gateway",
    "kong",
    "traefik",
    "caddy",
    "nginx",
]
"""What can stand before nginx; each gets a profile of its own."""

TlsVersion = Literal["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


class Fact(Struct, Generic[T], frozen=True):
    """A value with the place that states it.

    ``place`` is the key in the file; for a default, the ``server`` or ``kind`` key that chose the
    profile, and ``profile`` says whose default it is (``"gunicorn 22.0"``). ``source`` is where the
    profile has the figure from (a URL or ``owner/repo@tag:path``). ``what`` is what
    states it, where that is no spec file: "gunicorn's -b", "EXPOSE".
    """

    value: T
    place: Place
    standing: Standing = Standing.DECLARED
    profile: str | None = None
    source: str | None = None
    what: str = ""


class Directory(Compared, frozen=True):
    """A directory above a unix socket: names or numbers of its owner and group, its permissions.
    ``path`` is None for the one that holds the socket."""

    identity = attrgetter("owner", "group", "mode", "path")

    owner: str | None = None
    group: str | None = None
    mode: int | None = None
    path: str | None = None
    place: Place | None = None


_OF_ADDRESS = frozenset(
    ("*", "hosts", "port", "socket", "published", "bind", "same_host", "dynamic_address")
)


_BESIDE = frozenset(("same_host", "published"))
"""What says nothing of where it listens, and by what it is reached from elsewhere."""


class Listener(Struct, frozen=True):
    """One address at which an upstream can be reached, and what answers there.

    Every fact is ``None`` where nothing states it: a rule that needs it then stays silent. Times
    are milliseconds, sizes bytes, modes the bits of ``chmod``; ``socket`` is the path as written.
    ``headers_status``, which only a profile states, is what too large a header is answered with.
    ``hosts`` has the upstream's name last, or where the user wrote it; what is derived has only the
    hosts by which nginx reaches it. ``hosts_declared`` tells whether anything but the name is
    stated. ``derived``: no spec file has it. ``unsure`` are the keys of which a mistake in its
    table leaves open what they state.
    """

    upstream: str
    place: Place
    hosts: tuple[str, ...]
    hosts_declared: bool = False
    port: Fact[int] | None = None
    socket: Fact[str] | None = None
    socket_owner: Fact[str] | None = None
    socket_group: Fact[str] | None = None
    socket_mode: Fact[int] | None = None
    socket_directory: Fact[Directory] | None = None
    socket_directories: Fact[tuple[Directory, ...]] | None = None
    published: Fact[tuple[int, ...]] | None = None
    bind: Fact[tuple[str, ...]] | None = None
    allowed_clients: Fact[tuple[str, ...]] | None = None
    server: Fact[str] | None = None
    protocol: Fact[Protocol] | None = None
    http_versions: Fact[tuple[HttpVersion, ...]] | None = None
    proxy_protocol: Fact[bool] | None = None
    dynamic_address: Fact[bool] | None = None
    resolvers: Fact[tuple[str, ...]] | None = None
    same_host: Fact[bool] | None = None
    websocket: Fact[tuple[str, ...]] | None = None
    virtual_hosts: Fact[tuple[str, ...]] | None = None
    unknown_host: Fact[Overflow] | None = None
    tls: Fact[bool] | None = None
    tls_versions: Fact[tuple[str, ...]] | None = None
    tls_names: Fact[tuple[str, ...]] | None = None
    tls_sni: Fact[Literal["required", "optional"]] | None = None
    tls_client_certificate: Fact[Literal["required", "optional", "none"]] | None = None
    tls_chain_depth: Fact[int] | None = None
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
    derived: bool = False
    unsure: frozenset[str] = frozenset()

    @property
    def address_unsure(self) -> bool:
        """Whether a mistake leaves open where it listens."""
        return not self.unsure.isdisjoint(_OF_ADDRESS)

    @property
    def hollow(self) -> bool:
        """Whether its table has mistakes, and nothing else but perhaps its hosts."""
        return bool(self.unsure) and not self._has_facts

    @property
    def _has_facts(self) -> bool:
        return (
            self.port is not None
            or self.socket is not None
            or any(type(fact) is Fact for fact in astuple(self))
        )

    @property
    def blank(self) -> bool:
        """Whether a spec file has its table, but nothing in it: it is still to be filled in."""
        return not (self.derived or self.hosts_declared or self.unsure or self._has_facts)

    @property
    def stated_at(self) -> tuple[Place, ...]:
        """The places of all facts but its hosts, the address first, some more than once; where a
        spec file has it, that of its table at least."""
        places = tuple([fact.place for fact in _OF_ITSELF(self) if type(fact) is Fact])
        return places or (() if self.derived else (self.place,))


_OF_ITSELF = attrgetter(*(name for name in Listener.__struct_fields__ if name not in _BESIDE))


def hinted(listener: Listener) -> Listener:
    """The same, where only something suggests that it is the one that is meant."""
    facts = {name: getattr(listener, name) for name in listener.__struct_fields__}
    changed: dict[str, Any] = {
        name: replace(fact, standing=Standing.HINTED)
        for name, fact in facts.items()
        if isinstance(fact, Fact)
    }
    return replace(listener, **changed)


class Upstream(Struct, frozen=True):
    """A service behind nginx; ``place`` is where it is first stated, such as its table header.
    ``derived``: no spec file has it."""

    name: str
    place: Place
    listeners: tuple[Listener, ...]
    derived: bool = False


def is_blank(upstream: Upstream) -> bool:
    """Whether its table is still to be filled in."""
    return all(listener.blank for listener in upstream.listeners)


class Front(Struct, frozen=True):
    """What stands before nginx; facts as in :class:`Listener`.

    ``read_timeout`` is how long it waits for a response to start, ``connect_timeout`` for a
    connection; ``tcp_idle_timeout`` is how long a connection may be silent that it passes on. What
    only a profile states is in :mod:`lint502.declared.front_profiles`.
    """

    name: str
    place: Place
    kind: Fact[str] | None = None
    servers: Fact[tuple[str, ...]] | None = None
    idle_timeout: Fact[int] | None = None
    proxy_protocol: Fact[bool] | None = None
    sni: Fact[str] | None = None
    closed_status: Fact[int] | None = None
    response_headers: Fact[int] | None = None
    read_timeout: Fact[int] | None = None
    timeout_status: Fact[int] | None = None
    connect_timeout: Fact[int] | None = None
    connect_status: Fact[int] | None = None
    connect_tries: Fact[int] | None = None
    response_header_lines: Fact[int] | None = None
    headers_status: Fact[int] | None = None
    tcp_idle_timeout: Fact[int] | None = None
    passes_tcp: Fact[bool] | None = None


class Drift(Struct, frozen=True):
    """A fact of an upstream that a spec file declares otherwise than the deployment states it."""

    upstream: str
    key: str
    declared: Fact[Any]
    stated: Fact[Any]


class Spec(Compared, frozen=True):
    """What is known of the other side: all spec files of a run, merged, and what is derived from a
    deployment, which nginx sees from its ``viewpoint``. ``complete``: everything that nginx may
    reach is here. ``sources`` are the texts of the files that could be read. ``lost`` says which
    mistake leaves open what else is declared."""

    identity = attrgetter("upstreams", "fronts", "complete", "files", "viewpoint", "drifts", "lost")

    upstreams: tuple[Upstream, ...] = ()
    fronts: tuple[Front, ...] = ()
    complete: bool = False
    files: tuple[str, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    viewpoint: Viewpoint | None = None
    drifts: tuple[Drift, ...] = ()
    lost: str | None = None
