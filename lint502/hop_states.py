"""In which state each hop is: passed, failed, undeclared or undecidable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec import Struct

from lint502.declared.listeners import Listener
from lint502.findings import Finding, Severity
from lint502.nginx.hops import Hop
from lint502.nginx.reached import Unreached
from lint502.nginx.symbols import UNKNOWN, written
from lint502.pairing import Pair
from lint502.reading import shown
from lint502.report_model import HopReport, State, TargetReport
from lint502.site import Site


def hop_reports(site: Site, findings: Sequence[Finding]) -> list[HopReport]:
    """Every hop of a root as reports show it; those with findings above info have failed."""
    failing = [finding.hops for finding in findings if finding.severity is not Severity.INFO]
    failed = frozenset(chain(*{id(hops): hops for hops in failing}.values()))
    known: dict[int, _Targets] = {}
    places: dict[int, tuple[str, ...]] = {}

    def compared_with(pair: Pair) -> tuple[str, ...]:
        """Once for all pairs that share what they are compared with."""
        key = id(pair.listener or pair.mismatch)
        if key not in places:
            places[key] = _compared_with(pair)
        return places[key]

    def targets(pairs: tuple[Pair, ...]) -> _Targets:
        """Those of some pairs, and where one of them is undeclared, or not known, why: once for all
        hops that share them."""
        if id(pairs) not in known:
            reached = (
                (str(pair.target.address), upstream_of(pair), compared_with(pair)) for pair in pairs
            )
            undeclared = next((_why(pair) for pair in pairs if _is_undeclared(pair)), None)
            doubt = next((pair.doubt for pair in pairs if pair.doubt is not None), None)
            known[id(pairs)] = _Targets(
                tuple(TargetReport(*one) for one in dict.fromkeys(reached)),
                undeclared,
                doubt,
                looked_up=any(pair.target.needs_resolver for pair in pairs),
            )
        return known[id(pairs)]

    return [
        _hop_report(
            hop, targets(site.pairs[hop.id]), site.unreached.get(hop.id), failed=hop.id in failed
        )
        for hop in site.every_hop
    ]


class _Targets(Struct, frozen=True):
    """What hops reach that share their pairs; why one of them is undeclared, or not known, and
    whether the name of one is looked up while nginx runs."""

    reports: tuple[TargetReport, ...]
    undeclared: str | None
    doubt: str | None
    looked_up: bool


def _hop_report(
    hop: Hop, targets: _Targets, unreached: Unreached | None, *, failed: bool
) -> HopReport:
    state: State
    reason = hop.unknown or _unseen(hop, targets) or targets.doubt
    why = reason or (None if unreached is None else unreached.why)
    if failed:
        state = "failed"
    elif reason is not None:
        state = "undecidable"
    elif targets.undeclared is not None:
        state = "undeclared"
        why = why or targets.undeclared or None
    else:
        state = "passed"
    return HopReport(
        hop.id,
        hop.directive.place(),
        hop.directive.name,
        hop.written,
        hop.server,
        hop.location,
        state,
        targets.reports,
        None if why is None else why.replace(UNKNOWN, "…"),
    )


def _unseen(hop: Hop, targets: _Targets) -> str | None:
    """What bears on a hop but could not be seen, if anything does."""
    for level in hop.context.up():
        if level.unseen and level.name not in ("http", "stream", "main"):
            include = level.unseen[0]
            words = shown(" ".join(map(written, (include.name, *include.args))))
            return f"{words} ({include.source.name}:{include.line}) was not seen"
    if targets.looked_up and hop.scope.absent("resolver") is None:
        return "whether a resolver is set cannot be seen from here"
    return None


def _is_undeclared(pair: Pair) -> bool:
    """Whether nothing is known of a target, but perhaps a name."""
    if pair.undeclared:
        return True
    if pair.doubt is not None:
        return False
    if pair.listener is None:
        return upstream_of(pair) is None
    return pair.listener.derived and not pair.listener.stated_at


def _why(pair: Pair) -> str:
    """Why nothing is known of a target, "" where no file has its name."""
    if pair.listener is None:
        return ""
    place = pair.listener.place
    return f"{place.file}:{place.line} does not show where {pair.listener.upstream} listens"


def _compared_with(pair: Pair) -> tuple[str, ...]:
    """Where that stands which a target was compared with."""
    if pair.listener is not None and not (pair.listener.blank or pair.listener.hollow):
        listeners: Sequence[Listener] = (pair.listener,)
    elif pair.mismatch is not None:
        listeners = pair.mismatch.nearest
    else:
        return ()
    places = (place for listener in listeners for place in listener.stated_at)
    lines = dict.fromkeys((place.file, place.line) for place in places)
    return tuple(f"{file}:{line}" for file, line in lines)


def upstream_of(pair: Pair) -> str | None:
    """The upstream that a target reaches, or would with the right address."""
    if pair.listener is not None:
        return pair.listener.upstream
    return pair.mismatch.upstream if pair.mismatch is not None else None


def upstreams_meant(pair: Pair) -> Iterator[str]:
    """The upstreams of which a target may be meant to reach one."""
    name = upstream_of(pair)
    if name is not None:
        yield name
    elif pair.mismatch is not None and pair.mismatch.elsewhere:
        yield from pair.mismatch.upstreams
