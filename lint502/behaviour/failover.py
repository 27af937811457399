"""Whether a target's failure reaches the client, or another server of its block answers instead.

Source: ``ngx_http_upstream_next()``; which failures are tried again, and for which methods, is
what ``*_next_upstream`` and ``*_next_upstream_tries`` say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from lint502.behaviour.tls_failures import handshake_fails
from lint502.findings import Frequency, Severity
from lint502.nginx.hops import Hop
from lint502.pairing import Pair
from lint502.site import Site

Phase = Literal["connect", "sent", "timeout", "header", "passed"]
"""When a target fails: while connecting (TLS included), after the request was sent, with no
response in time, with one that nginx cannot read, or with one that it passes on."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a failing target shows: ``hint`` is a clause for the message, "" where none is needed."""

    severity: Severity
    frequency: Frequency
    hint: str = ""


def failing(
    site: Site, fails: Callable[[Pair], bool], phase: Phase
) -> Iterator[tuple[Pair, Exposure]]:
    """The pairs for which ``fails`` is true, each with what the client sees of it."""
    for hop in site.hops:
        pairs = site.pairs[hop.id]
        bad = {id(pair) for pair in pairs if fails(pair)}
        if not bad:
            continue
        groups: dict[int, list[Pair]] = {}
        for pair in pairs:
            groups.setdefault(pair.target.group, []).append(pair)
        alone = hop.unknown is None and (len(groups) == 1 or len(bad) == len(pairs))
        for group in groups.values():
            failed = [pair for pair in group if id(pair) in bad]
            if not failed:
                continue
            exposure = (
                _BACKUP
                if _only_backups(failed, group)
                else _exposure(
                    hop,
                    whole=len(failed) == len(group) and not _more_servers(failed[0]),
                    alone=alone,
                    phase=phase,
                )
            )
            for pair in failed:
                late = phase != "connect" and handshake_fails(pair)
                yield pair, _NOT_YET if late else exposure


_BACKUP = Exposure(
    Severity.WARNING, "sometimes", "nginx uses this backup server only while the others fail"
)


_NOT_YET = Exposure(
    Severity.WARNING,
    "sometimes",
    "for now the TLS handshake fails, so that it does not come to this",
)


def _only_backups(failed: list[Pair], group: list[Pair]) -> bool:
    return len(failed) < len(group) and all(is_backup(pair) for pair in failed)


def is_backup(pair: Pair) -> bool:
    """Whether a target is a server that waits for the others of its block to fail."""
    return pair.target.server is not None and pair.target.server.backup


def _more_servers(pair: Pair) -> bool:
    """Whether the block of a target has servers whose address is not known."""
    block = pair.target.block
    return block is not None and any(
        server.address is None and not server.down for server in block.servers
    )


def retries(hop: Hop, phase: Phase) -> bool:
    """Whether a request with a method of any kind goes on to the next server.

    Where the settings are not known, nginx's defaults are taken. A datagram goes to one server
    only, and a session that has begun stays with its own.
    """
    if hop.kind == "stream":
        if hop.datagrams or phase != "connect":
            return False
        flag = hop.scope.flag("proxy_next_upstream")
        on = flag is None or flag.value
    else:
        words = hop.scope.words(f"{hop.kind}_next_upstream")
        chosen = words.value if words is not None else frozenset(("error", "timeout"))
        again = "non_idempotent" in chosen or hop.kind == "memcached"  # which takes GET alone
        on = (
            "off" not in chosen
            and {
                "connect": "error" in chosen,
                "sent": "error" in chosen and again,
                "timeout": "timeout" in chosen and again,
                "header": not chosen.isdisjoint(("invalid_header", "invalid_response")) and again,
                "passed": False,
            }[phase]
        )
    tries = hop.scope.number(f"{'proxy' if hop.kind == 'stream' else hop.kind}_next_upstream_tries")
    return on and not (tries is not None and tries.value == 1)


def _exposure(hop: Hop, *, whole: bool, alone: bool, phase: Phase) -> Exposure:
    if whole:
        return Exposure(Severity.ERROR, "always" if alone else "sometimes")
    if retries(hop, phase):
        return Exposure(
            Severity.WARNING,
            "sometimes",
            "the other servers of the block hide it until they fail too",
        )
    return Exposure(Severity.ERROR, "sometimes", "nginx does not try another server for it")
