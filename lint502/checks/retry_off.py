"""retry-off: a refused connection is a 502, although the block has other servers."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from lint502.behaviour.ejection import named, usable
from lint502.edits.propose import in_place_of
from lint502.findings import Finding, Fix
from lint502.nginx.addresses import Address
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.upstreams import Block
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import nothing_listens, replacement

_SHOWN = 3
_USUAL = ("127.0.0.1", "::1", "0.0.0.0", "::")


class _Concerned(Struct):
    """What a line bears on."""

    cause: _Cause
    hops: list[Hop] = field(default_factory=list)
    blocks: dict[Block, int] = field(default_factory=dict)


class _Cause(Struct, frozen=True):
    """The lines for which nothing is tried again, the first of which is the primary one."""

    lines: tuple[Directive, ...]
    why: str
    fix: Fix | None


def check(site: Site) -> Iterator[Finding]:
    """One finding for each line that turns the next server off at hops that have one."""
    concerned: dict[tuple[Directive, ...], _Concerned] = {}
    several = {block: number for block in site.blocks if (number := servers_in(block)) > 1}
    for hop in site.hops:
        blocks = {block: several[block] for block in hop.blocks if block in several}
        cause = _cause(hop) if blocks and not hop.datagrams else None
        if cause is not None:
            found = concerned.setdefault(cause.lines, _Concerned(cause))
            found.hops.append(hop)
            found.blocks.update(blocks)
    for found in concerned.values():
        first, *others = found.cause.lines
        status, log = nothing_listens(datagrams=False)
        stream = found.hops[0].kind == "stream"
        yield RULE.finding(
            status=status,
            message=(
                f"nginx tries one server only, for {found.cause.why}: where one of "
                f"{named(found.blocks)} refuses the connection, "
                + ("the session ends" if stream else "the client gets 502")
                + ", although another stands ready"
            ),
            place=first.place("no other server is tried"),
            related=(
                *(line.place("nor with this line") for line in others),
                *(
                    block.opener.place(f"{number} servers")
                    for block, number in list(found.blocks.items())[:_SHOWN]
                ),
            ),
            hops=tuple(hop.id for hop in found.hops),
            log=log,
            fix=found.cause.fix,
        )


def servers_in(block: Block) -> int:
    """How many servers of a block stand in for each other, as far as that is known: one that is
    written twice does not, be it once as ``localhost``."""
    if not block.known:
        return 0
    addresses = (server.address for server in usable(block))
    return len({_process(address) for address in addresses if address is not None})


def _process(address: Address) -> str | int | None:
    """What tells a server from the others: on the usual loopback addresses its port."""
    ip = address.ip
    usual = address.is_loopback and (ip is None or str(ip) in _USUAL)
    return address.port if usual else str(address)


def _cause(hop: Hop) -> _Cause | None:
    """Why a refused connection is not tried elsewhere; None where it is, or where the settings are
    not known."""
    family = "proxy" if hop.kind == "stream" else hop.kind
    lines: list[Directive] = []
    whys: list[str] = []
    fix: Fix | None = None
    name = f"{family}_next_upstream"
    if hop.kind == "stream":
        flag = hop.scope.flag(name)
        if flag is not None and flag.directive is not None and not flag.value:
            lines.append(flag.directive)
            whys.append(f"{name} is off")
            fix = replacement(flag.directive, 0, flag.directive.args[0], "on", safe=False)
    else:
        words = hop.scope.words(name)
        if words is not None and "off" in words.value:
            line = next(line for line in words.setting.directives if "off" in line.args)
            lines.append(line)
            whys.append(f"{name} is off")
            fix = Fix(f"{name} error timeout;")
        elif words is not None and words.directive is not None and "error" not in words.value:
            lines.append(words.directive)
            whys.append(f'{name} has no "error"')
            first = words.directive.args[0]
            fix = replacement(words.directive, 0, first, f"error {first}", safe=False)
    tries = hop.scope.number(f"{name}_tries")
    if tries is not None and tries.value == 1 and tries.directive is not None:
        whys.append(f"{name}_tries is 1")
        more = replacement(tries.directive, 0, tries.directive.args[0], "2", safe=False)
        fix = more if fix is None else _both(fix, more, tries.directive)
        lines.append(tries.directive)
    return _Cause(tuple(lines), " and ".join(whys), fix) if lines else None


def _both(fix: Fix, more: Fix | None, line: Directive) -> Fix:
    """Two fixes in one; ``line`` is what the second one changes."""
    words = f"{line.name} 2;" if more is None else more.description
    edits = (*fix.edits, *more.edits) if more is not None and fix.edits and more.edits else ()
    return Fix(f"{fix.description} {words}{in_place_of([line])}", False, edits)


RULE = Rule("retry-off", check, "failures.one_refuses")
