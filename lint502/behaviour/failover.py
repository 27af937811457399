"""Whether a target's failure reaches the client, or another server of its block answers instead.

Source: ``ngx_http_upstream_next()`` and ``ngx_http_upstream_get_peer()``; which failures are tried
again, and for which methods, is what ``*_next_upstream`` and ``*_next_upstream_tries`` say.
"""

from __future__ import annotations

from msgspec import Struct

from lint502.behaviour.next_upstream import retries, tries
from lint502.disagreements import Phase
from lint502.findings import Frequency, Severity
from lint502.pairing import Pair


class Exposure(Struct, frozen=True):
    """How a failing target shows: ``hint`` is a clause for the message, "" where none is needed."""

    severity: Severity
    frequency: Frequency
    hint: str = ""


BACKUP = Exposure(
    Severity.WARNING, "sometimes", "nginx uses this backup server only while the others fail"
)
_HIDDEN = Exposure(
    Severity.WARNING, "sometimes", "the other servers of the block hide it until they fail too"
)
ABSENT = Exposure(Severity.WARNING, "sometimes", "nginx tries the other servers of the block alone")
_NOT_TRIED = Exposure(Severity.ERROR, "sometimes", "nginx does not try another server for it")


class Alternatives(Struct, frozen=True):
    """Pairs that stand in for each other, as a request meets them: how many of them there are, how
    many fail it, and whether one that is no backup server does not. ``before`` are those that may
    fail it before one answers: no backup servers, unless nobody else is left."""

    size: int
    failing: int
    before: int
    primary_left: bool


def exposure(
    pair: Pair, phase: Phase, methods: frozenset[str] | None, group: Alternatives, *, alone: bool
) -> Exposure:
    """What the client sees of a request that fails at a pair, in a phase.

    ``methods`` are those that it may have, None for all. ``alone``: the other requests of the hop
    fail too.
    """
    if is_backup(pair) and group.primary_left:
        return BACKUP
    if group.failing == group.size and not more_servers(pair):
        return Exposure(Severity.ERROR, "always" if alone else "sometimes")
    if phase == "absent":
        return ABSENT
    if phase == "reuse":  # nginx tries once more, and counts no failure
        return Exposure(Severity.ERROR, "sometimes")
    if not retries(pair.hop, phase, methods):
        return _NOT_TRIED
    most = tries(pair.hop)
    if 0 < most <= group.before:
        clause = f"nginx tries {most} servers for a request, and {group.before} of them fail"
        return Exposure(Severity.ERROR, "sometimes", clause)
    return _HIDDEN


def is_backup(pair: Pair) -> bool:
    """Whether a target is a server that waits for the others of its block to fail."""
    return pair.target.server is not None and pair.target.server.backup


def more_servers(pair: Pair) -> bool:
    """Whether the block of a target has servers whose address is not known."""
    block = pair.target.block
    return block is not None and not block.addresses_known
