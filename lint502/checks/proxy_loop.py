"""proxy-loop: a pass leads back to nginx itself, to where it came from."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.loops import Loop, LoopStep, loops
from lint502.behaviour.mismatches import port_fix
from lint502.findings import Finding
from lint502.nginx import error_log
from lint502.nginx.parse import Directive
from lint502.nginx.setting_lines import words_of
from lint502.places import Place
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import address_place, listed


def check(site: Site) -> Iterator[Finding]:
    """One finding for each circle of pass directives."""
    found: dict[tuple[Directive, ...], list[Loop]] = {}
    for loop in loops(site):
        found.setdefault(tuple(step.hop.directive for step in loop.steps), []).append(loop)
    for alike in found.values():
        yield _finding(site, alike)


def _finding(site: Site, alike: list[Loop]) -> Finding:
    loop = alike[0]
    first, *others = loop.steps
    pair = next(pair for pair in site.pairs[first.hop.id] if pair.target is first.target)
    mismatch, listener = pair.mismatch, pair.listener
    if listener is None and mismatch is not None and mismatch.upstream is not None:
        listener = mismatch.nearest[0]
    stream = first.hop.kind == "stream"
    return RULE.finding(
        status=200 if stream else 500,
        frequency="always" if stream or any(one.every for one in alike) else "sometimes",
        message=_message(loop),
        place=first.target.place(f"{first.target.address} is nginx itself"),
        related=(
            *(step.hop.directive.place(f"and on to {step.target.address}") for step in others),
            *_listens(loop.steps),
            *(address_place(one) for one in (listener,) if one is not None),
        ),
        hops=tuple(dict.fromkeys(step.hop.id for one in alike for step in one.steps)),
        upstream=listener.upstream if listener is not None else None,
        log=error_log.line("connections-used-up"),
        fix=port_fix(first.target, mismatch) if mismatch is not None else None,
    )


def _message(loop: Loop) -> str:
    addresses = listed(str(step.target.address) for step in loop.steps)
    thing = "session" if loop.steps[0].hop.kind == "stream" else "request"
    if len(loop.steps) == 1:
        message = f"nginx itself listens on {addresses}, and passes the {thing} to itself again: "
    else:
        message = f"nginx itself listens on {addresses}, and the {thing} comes back to this pass: "
    message += "it goes round until nginx has no connection left, for anybody"
    if thing == "session":
        return f"{message}; the client gets nothing"
    message += ", and the client gets 500, or 502"
    if loop.grows:
        message += ", or 414 as the URI gets longer with each round"
    elif any(_collects(step) for step in loop.steps):
        message += ", or 400 as X-Forwarded-For gets longer with each round"
    return message


def _collects(step: LoopStep) -> bool:
    """Whether a header gets longer each time that the request comes by."""
    setting = step.hop.scope.setting("proxy_set_header")
    return setting is not None and "$proxy_add_x_forwarded_for" in words_of(setting.lines)


def _listens(steps: tuple[LoopStep, ...]) -> Iterator[Place]:
    seen: dict[Directive, None] = {}
    for step in steps:
        line = step.socket.listens[0].directive
        if line is not None and line not in seen:
            seen[line] = None
            yield line.place("nginx listens here")


RULE = Rule("proxy-loop", check, "loops.circle")
