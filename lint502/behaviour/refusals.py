"""What servers do with a request that they do not take; ``refusals.toml`` says it of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from msgspec import Struct

from lint502.behaviour.protocol_table import lineage
from lint502.declared.profiles import at_least
from lint502.packaged import table_of

What = Literal[
    "connection-header",
    "no-certificate",
    "http-1-0",
    "host-twice",
    "content-length-twice",
    "content-type-twice",
    "authorization-twice",
]
"""A header of a connection in HTTP/2; no client certificate; a request in HTTP/1.0; a header twice
that may be there once."""

Does = Literal["answer", "reset", "close", "nothing"]


class Refusal(Struct, frozen=True):
    """What one server does: it answers with a page of a ``status``, ends the stream or the
    connection, or takes the request all the same.

    ``version`` is the one that was measured, None where the ``source`` says it of all; ``since``
    the first that does so.
    """

    server: str
    does: Does
    source: str
    status: int | None = None
    version: str | None = None
    since: str | None = None


def refusal(what: What, server: str, version: str = "") -> Refusal | None:
    """What a server does, or the one that it is like; None where that is not known of this
    version. Without one the newest counts."""
    known = _load()[what]
    found = next((known[name] for name in lineage(server) if name in known), None)
    if found is None or found.since is None or not version or found.server != server:
        return found
    return found if at_least(tuple(map(int, version.split("."))), found.since) else None


@cache
def _load() -> Mapping[str, Mapping[str, Refusal]]:
    return {
        what: {name: Refusal(server=name, **entry) for name, entry in servers.items()}
        for what, servers in table_of("lint502.behaviour", "refusals.toml").items()
    }
