"""The servers of a block, and when nginx passes over them for having failed.

Source: ``ngx_http_upstream_get_peer()`` and ``ngx_http_upstream_free_round_robin_peer()`` in
``src/http/ngx_http_upstream_round_robin.c``; stream and the other balancing methods do the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lint502.nginx.upstreams import Block, Server
from lint502.wording import listed

NO_LIVE = "no live upstreams while connecting to upstream"
"""What nginx logs where it may choose no server of a block."""


def usable(block: Block) -> tuple[Server, ...]:
    """The servers that are not ``down``, the backup servers among them."""
    return tuple(server for server in block.servers if not server.down)


def out_for(servers: Sequence[Server]) -> int | None:
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
