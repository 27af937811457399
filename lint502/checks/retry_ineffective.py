"""retry-ineffective: a gRPC call is sent once, whatever ``grpc_next_upstream`` names besides."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.ejection import named, usable
from lint502.behaviour.next_upstream import WITHOUT_EFFECT
from lint502.edits.propose import rewritten
from lint502.findings import Finding, Fix
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.upstreams import Block
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import listed

_DEFAULT = ("error", "timeout")


def check(site: Site) -> Iterator[Finding]:
    """One for each line with such conditions, at hops that have another server to go to."""
    found: dict[Directive, tuple[list[Hop], dict[Block, None]]] = {}
    for hop in site.hops:
        words = hop.scope.words("grpc_next_upstream") if hop.kind == "grpc" else None
        blocks = [block for block in hop.blocks if block.known and len(list(usable(block))) > 1]
        if words is None or "off" in words.value or not blocks:
            continue
        for line in words.setting.directives:
            if any(word in WITHOUT_EFFECT for word in line.args):
                hops, known = found.setdefault(line, ([], {}))
                hops.append(hop)
                known.update(dict.fromkeys(blocks))
    for line, (hops, blocks_) in found.items():
        useless = [word for word in line.args if word in WITHOUT_EFFECT]
        kept = [word for word in line.args if word not in WITHOUT_EFFECT] or list(_DEFAULT)
        words_ = " ".join(kept)
        verb = "never takes" if len(useless) == 1 else "never take"
        yield RULE.finding(
            message=(
                f"{listed(useless, len(useless))} {verb} effect: nginx sends a gRPC call to one "
                f"server of {named(blocks_)} only, once it has begun to send it; what that "
                "one answers, or that it fails, is what the client gets"
            ),
            place=line.place("a call is not sent again"),
            hops=tuple(hop.id for hop in hops),
            fix=Fix(
                f"grpc_next_upstream {words_}; and let the clients try again (retryPolicy)",
                edits=rewritten(line, words_),
            ),
        )


RULE = Rule("retry-ineffective", check, "failures.first_answers_502")
