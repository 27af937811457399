"""What is known of a hop besides its line: of its configuration, and of what stands behind it."""

from __future__ import annotations

from msgspec import Struct


class Known(Struct, frozen=True):
    """Facts of a hop; None is unknown. ``causes.toml`` names them, and those of the properties.

    Of nginx: ``kind`` is what it speaks (``http``, ``http/2``, ``grpc``, ``fastcgi``, ``uwsgi``,
    ``scgi``, ``memcached``, ``tcp``, ``udp``); ``pool``: it keeps idle connections;
    ``resolves_at_start``: it looks the upstream's name up once; ``several_peers`` and ``max_conns``
    are of the block.

    Of the upstream, as it is claimed: ``protocol`` as in ``upstreams.toml``; ``server`` its
    profile; ``port_differs``: it listens on another port than nginx connects to; ``on_socket``: on
    a unix socket; ``published``: nginx comes through a port that a container runtime publishes;
    ``http_versions_differ`` and ``tls_versions_differ``: none in common; ``pool_outlives``: nginx
    keeps idle connections longer; ``gives_up_first``: its limit for a request is shorter than
    nginx's; ``response_head_exceeds``: it sends larger heads than nginx's buffer holds.
    """

    upstream: str | None = None
    kind: str | None = None
    tls: bool | None = None
    http_version: str | None = None
    pool: bool | None = None
    resolves_at_start: bool | None = None
    sends_proxy_header: bool | None = None
    sends_name: bool | None = None
    sends_certificate: bool | None = None
    in_container: bool | None = None
    several_peers: bool | None = None
    max_conns: bool | None = None
    protocol: str | None = None
    server: str | None = None
    http_versions_differ: bool | None = None
    listens_tls: bool | None = None
    expects_proxy_header: bool | None = None
    needs_name: bool | None = None
    needs_certificate: bool | None = None
    port_differs: bool | None = None
    on_socket: bool | None = None
    published: bool | None = None
    same_host: bool | None = None
    dynamic_address: bool | None = None
    tls_versions_differ: bool | None = None
    pool_outlives: bool | None = None
    gives_up_first: bool | None = None
    response_head_exceeds: bool | None = None

    @property
    def protocols_differ(self) -> bool | None:
        """Whether nginx speaks another protocol than the upstream."""
        if self.kind in (None, "tcp", "udp") or self.protocol in (None, "tcp", "udp"):
            return None
        return self.protocol != ("http" if self.kind == "http/2" else self.kind)

    @property
    def speech_differs(self) -> bool | None:
        """Whether nginx speaks another protocol, or version of HTTP, than the upstream."""
        return _any(self.protocols_differ, self.http_versions_differ)

    @property
    def tls_differs(self) -> bool | None:
        """Whether one side speaks TLS, and the other does not."""
        return _differ(self.tls, self.listens_tls)

    @property
    def proxy_headers_differ(self) -> bool | None:
        """Whether one side has a PROXY header, and the other does not."""
        return _differ(self.sends_proxy_header, self.expects_proxy_header)

    @property
    def wire_differs(self) -> bool | None:
        """Whether anything of what is on the wire is another than is expected."""
        return _any(self.protocols_differ, self.tls_differs, self.proxy_headers_differ)


NOTHING = Known()
"""Nothing is known but the line."""


def _differ(one: bool | None, other: bool | None) -> bool | None:
    return None if one is None or other is None else one != other


def _any(*facts: bool | None) -> bool | None:
    return True if True in facts else None if None in facts else False
