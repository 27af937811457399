"""The servers of a block, and when nginx passes over them for having failed.

Source: ``ngx_http_upstream_get_peer()`` and ``ngx_http_upstream_free_round_robin_peer()`` in
``src/http/ngx_http_upstream_round_robin.c``; stream and the other balancing methods do the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lint502.behaviour.methods import NOT_IDEMPOTENT, allowed_methods
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Value
from lint502.nginx.upstreams import Block, Peer
from lint502.wording import listed


def usable(block: Block) -> tuple[Peer, ...]:
    """The servers that are not ``down``, the backup servers among them."""
    return tuple(server for server in block.servers if not server.down)


def out_for(servers: Sequence[Peer]) -> int | None:
    """For how long, in milliseconds, no server is left once each has failed; None where one is
    never passed over, or where that is not known. 0 is the rest of the second: nginx compares whole
    ones."""
    times = [
        server.fail_timeout
        for server in servers
        if server.max_fails and server.fail_timeout is not None
    ]
    return min(times) if times and len(times) == len(servers) else None


def named(blocks: Iterable[Block]) -> str:
    """Blocks in a message: ``upstream "a" and "b"``."""
    return "upstream " + listed(f'"{block.context.args[0]}"' for block in blocks)


FAILURE_STATUSES = ("http_500", "http_502", "http_503", "http_504", "http_429")
"""The statuses after which a server counts as failed; after 403 and 404 it does not
(``ngx_http_upstream_next()``)."""


def failure_statuses(hop: Hop) -> Value[frozenset[str]] | None:
    """The ``*_next_upstream`` in effect, if it counts a status as a failure; None where it does
    not, or is not known. A gRPC server answers 200, and says in a trailer what is wrong."""
    if hop.kind in ("stream", "memcached", "grpc"):
        return None
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    if words is None or "off" in words.value or words.value.isdisjoint(FAILURE_STATUSES):
        return None
    return words


def first_status(hop: Hop) -> int | None:
    """A status that counts as a failure at a hop, if one does."""
    words = failure_statuses(hop)
    if words is None:
        return None
    return next(int(word[-3:]) for word in FAILURE_STATUSES if word in words.value)


def listed_status(hop: Hop) -> int | None:
    """A status after which nginx asks another server, if there is one."""
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    listed_words = sorted(words.value) if words is not None and hop.kind != "stream" else []
    return next((int(word[-3:]) for word in listed_words if word.startswith("http_")), None)


def asked_again(hop: Hop) -> frozenset[str]:
    """The methods that nginx sends to another server after such a status: only these count."""
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    methods = allowed_methods(hop)
    if words is not None and "non_idempotent" in words.value:
        return methods
    return methods - NOT_IDEMPOTENT
