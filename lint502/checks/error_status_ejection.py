"""error-status-ejection: a URL that answers an error takes every server out."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.ejection import (
    FAILURE_STATUSES,
    asked_again,
    failure_statuses,
    named,
    out_for,
    usable,
)
from lint502.edits.propose import in_place_of, rewritten
from lint502.findings import Finding, Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Value
from lint502.nginx.upstreams import Block
from lint502.nginx.values import format_time
from lint502.nginx.version import Version
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import listed

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
        counted = [word for word in FAILURE_STATUSES if word in words.value]
        kept = [
            word
            for item in words.setting.directives
            for word in item.args
            if word not in FAILURE_STATUSES and word != "non_idempotent"
        ]
        until = "until fail_timeout is over" if any(blocks.values()) else "for the rest of a second"
        yield RULE.finding(
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
            log=error_log.line("no-live-upstreams"),
            fix=Fix(
                f"{line.name} {' '.join(kept) or 'error timeout'};"
                f"{in_place_of(words.setting.directives, line)}",
                edits=rewritten(line, " ".join(kept) or "error timeout")
                if len(words.setting.directives) == 1
                else (),
            ),
        )


def _lasting(time: int) -> str:
    return format_time(time) if time else "the rest of the second"


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


RULE = Rule("error-status-ejection", check, "failures.failing_url")
