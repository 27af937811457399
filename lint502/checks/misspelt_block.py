"""misspelt-block: a pass names no ``upstream{}`` block, and there is one that no pass names."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.misspelt_blocks import Misspelt, misspelt
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import replacement

_ALIKE = 0.6
"""From here on one name may be a misspelling of another."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each bare name that is no block, where a block is left over."""
    return map(_disagreement, misspelt(site))


def _disagreement(left: Misspelt) -> Disagreement:
    pair = left.pair
    target, opener = pair.target, left.block.opener
    host, name = target.address.host, left.block.context.args[0]
    where = f"{opener.source.name}:{opener.line}"
    if target.address.port_written:
        message = f"with a port {host} is a host, and not the upstream block ({where})"
    else:
        message = f"no upstream block is called {host}, so that nginx takes it for a host"
    if not target.needs_resolver:
        message += ", and does not start where none is called so"
    if not target.address.port_written:
        message += f"; no pass uses upstream {name} ({where})"
    return RULE.disagreement(
        pair,
        "address",
        certain=False,
        message=message,
        place=target.place(f"nginx connects to {target.address}"),
        related=(opener.place("no pass uses this one"),),
        log=error_log.line("not-resolved", host=host)
        if target.needs_resolver
        else error_log.line("connection-refused"),
        fix=_fix(left, name),
    )


def _fix(left: Misspelt, name: str) -> Fix | None:
    target = left.pair.target
    if target.address.port_written:
        return Fix(f"{name} without a port")
    if left.likeness < _ALIKE:
        return None
    return replacement(target.written, target.arg, target.address.host, name, safe=False)


RULE = Rule("misspelt-block", check, "usual.once")
