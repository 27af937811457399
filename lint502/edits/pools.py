"""Fixes of a pool of idle connections: what is written into its ``upstream{}`` block."""

from __future__ import annotations

from lint502.edits.propose import Edits, in_place_of, insertion, removal, rewritten
from lint502.findings import Fix
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Scope
from lint502.nginx.upstreams import KEEPALIVE_BY_DEFAULT, Block
from lint502.nginx.version import Version


def with_setting(block: Block, name: str, words: str, version: Version) -> Edits:
    """A setting of a block with new arguments, on its line or set in above the pool's."""
    setting = Scope(block.context, version).setting(name)
    if setting is None or len(setting.directives) > 1:
        return ()
    if setting.directives:
        return rewritten(setting.directives[0], words)
    pool = block.pool(version)
    before = pool.directive if pool is not None else None
    if before is None:
        before = next((server.directive for server in block.servers), None)
    return (insertion(before, [f"{name} {words}"]),) if before is not None else ()


def written(block: Block, name: str, version: Version) -> tuple[Directive, ...]:
    """The line of a block that sets something, if one does."""
    setting = Scope(block.context, version).setting(name)
    return () if setting is None else setting.directives


def without_pool(block: Block, version: Version, at: Directive) -> Fix:
    """A block that keeps no connections; from 1.29.7 on it has to say so. ``at`` is the line that
    the report points at."""
    if version >= KEEPALIVE_BY_DEFAULT:
        where = in_place_of(written(block, "keepalive", version), at)
        return Fix(f"keepalive 0;{where}", True, with_setting(block, "keepalive", "0", version))
    pool = block.pool(version)
    line = pool.directive if pool is not None else None
    return Fix("remove the keepalive line", True, removal(line) if line is not None else ())
