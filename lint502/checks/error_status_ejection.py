"""error-status-ejection: a URL that answers an error takes every server out."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.ejection import NO_LIVE, named, out_for, usable
from lint502.behaviour.methods import NOT_IDEMPOTENT, allowed_methods
from lint502.edits.propose import rewritten
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Value
from lint502.nginx.upstreams import Block
from lint502.nginx.values import format_time
from lint502.nginx.version import Version
from lint502.site import Site
from lint502.wording import listed

_FAILURES = ("http_500", "http_502", "http_503", "http_504", "http_429")
"""The statuses after which a server counts as failed; after 403 and 404 it does not
(``ngx_http_upstream_next()``)."""

_TRIES_WITHOUT_DOWN = Version(1, 19, 6)
"""From here on a server that is ``down`` is no further try (CHANGES)."""

_SHOWN = 3


def check(site: Site) -> Iterator[Finding]:
    """One finding for each line that counts error statuses as failures of servers that nginx passes
    over for it."""
    lines: dict[Directive, tuple[Value[frozenset[str]], list[Hop], dict[Block, int]]] = {}
    for hop in site.hops:
        words = failure_statuses(hop)
        if words is None or words.directive is None or not asked_again(hop):
            continue
        blocks = {
            block: time
            for block in hop.blocks
            if (time := _taken_out_for(hop, block, site.version)) is not None
        }
        if blocks:
            _, hops, taken = lines.setdefault(words.directive, (words, [], {}))
            hops.append(hop)
            taken.update(blocks)
    for line, (words, hops, blocks) in lines.items():
        counted = [word for word in _FAILURES if word in words.value]
        kept = [
            word
            for item in words.setting.directives
            for word in item.args
            if word not in _FAILURES and word != "non_idempotent"
        ]
        until = "until fail_timeout is over" if any(blocks.values()) else "for the rest of a second"
        yield Finding(
            rule="error-status-ejection",
            severity=Severity.WARNING,
            status=502,
            frequency="sometimes",
            message=(
                f"{line.name} counts {listed(counted, most=5)} as failures of the server: a URL "
                f"that answers so takes each server of {named(blocks)} out in turn, and then every "
                f"request gets 502 {until}"
            ),
            place=line.place("such an answer is a failure"),
            related=tuple(
                block.opener.place(f"nothing is left for {_lasting(time)}")
                for block, time in list(blocks.items())[:_SHOWN]
            ),
            hops=tuple(hop.id for hop in hops),
            log=NO_LIVE,
            fix=Fix(
                f"{line.name} {' '.join(kept) or 'error timeout'};",
                edits=rewritten(line, " ".join(kept) or "error timeout")
                if len(words.setting.directives) == 1
                else (),
            ),
        )


def _lasting(time: int) -> str:
    return format_time(time) if time else "the rest of the second"


def failure_statuses(hop: Hop) -> Value[frozenset[str]] | None:
    """The ``*_next_upstream`` in effect, if it counts a status as a failure; None where it does
    not, or is not known. A gRPC server answers 200, and says in a trailer what is wrong."""
    if hop.kind in ("stream", "memcached", "grpc"):
        return None
    words = hop.scope.words(f"{hop.kind}_next_upstream")
    if words is None or "off" in words.value or words.value.isdisjoint(_FAILURES):
        return None
    return words


def first_status(hop: Hop) -> int | None:
    """A status that counts as a failure at a hop, if one does."""
    words = failure_statuses(hop)
    if words is None:
        return None
    return next(int(word[-3:]) for word in _FAILURES if word in words.value)


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


def _taken_out_for(hop: Hop, block: Block, version: Version) -> int | None:
    """For how long, in milliseconds, no server is left; None where nginx goes on trying one.

    The last server that may be tried keeps its answer, and is not counted: it takes two tries.
    """
    if not block.known:
        return None
    servers = usable(block)
    tries = len(servers) if version >= _TRIES_WITHOUT_DOWN else len(block.servers)
    most = hop.scope.number(f"{hop.kind}_next_upstream_tries")
    if most is None or most.value == 1 or tries < 2:
        return None
    return out_for(servers)
