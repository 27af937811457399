"""A diagnosis: error logs read, by the configuration that they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from lint502.declared import front_profiles
from lint502.diagnosis.alike_paths import AnyPath
from lint502.diagnosis.counts import Reading
from lint502.diagnosis.diagnosis import Diagnosis, Group, HopPlace, Root, Unread, in_order
from lint502.diagnosis.explaining import root_of
from lint502.diagnosis.facts import Facts
from lint502.diagnosis.grouping import Grouping, Key
from lint502.diagnosis.records import tally
from lint502.diagnosis.roots import Roots
from lint502.diagnosis.routes import Routes
from lint502.diagnosis.statements import Matters, Tally
from lint502.findings import Problem
from lint502.reading import shown
from lint502.report_model import HopReport
from lint502.run import Result
from lint502.wording import listed

_WITHOUT_CONFIGURATION = Matters(queries=False, digits="", paths=AnyPath())


def diagnosed(
    logs: Sequence[str],
    result: Result | None,
    *,
    since: datetime | None = None,
    follow: bool = False,
    jobs: int = 1,
) -> Diagnosis:
    """What error logs say of upstreams; ``result`` is of the configuration that they are of, if it
    is known.

    What cannot be read is among the problems. Raises
    :class:`~lint502.diagnosis.sources.UnreadableLogError` where a folder has no log.
    """
    places = None if result is None else Routes(result)
    facts = None if result is None else Facts(result)
    roots = None if result is None else Roots(result)
    matters = _WITHOUT_CONFIGURATION if places is None else places.matters
    reading = tally(
        logs,
        Grouping(places, facts),
        since=since,
        follow=follow,
        jobs=jobs,
        matters=matters,
    )
    report = None if result is None else result.report
    hops = {} if report is None else {hop.id: _hop_place(hop) for hop in report.hops}
    configured = () if report is None else tuple(map(_said, report.problems))
    return Diagnosis(
        in_order(
            _group(key, one, hops, None if roots is None else root_of(key, roots))
            for key, one in reading.tallies.items()
        ),
        reading.other,
        reading.access,
        tuple(Unread(kind, one.count, one.example) for kind, one in reading.unread.items()),
        tuple(logs),
        () if report is None else report.roots,
        fronts=() if result is None else tuple(fronts_of(result)),
        problems=(*configured, *reading.problems, *_no_error_log(reading, logs)),
    )


def _no_error_log(reading: Reading[Key], logs: Sequence[str]) -> Iterator[str]:
    """What is said where lines were read, and none of them is a record of an error log."""
    if reading.tallies or reading.other:
        return
    if reading.access or reading.unread:
        yield (
            f"{listed(map(shown, logs))}: no line is a record of nginx's error log; an access log "
            "is named with --access-log"
        )


def _said(problem: Problem) -> str:
    line = "" if problem.line is None else f":{problem.line}"
    return f"{problem.file}{line}: {problem.message}"


def _group(key: Key, tally: Tally, hops: Mapping[str, HopPlace], root: Root | None) -> Group:
    place = key.place
    return Group(
        key.cause,
        key.upstream,
        tally,
        None if place.hop is None else hops.get(place.hop),
        place.why,
        tuple(hops[one] for one in place.hops if one in hops),
        root,
        key.kind,
    )


def _hop_place(hop: HopReport) -> HopPlace:
    return HopPlace(
        hop.id, hop.place.file, hop.place.line, f"{hop.directive} {hop.value}", hop.request
    )


def fronts_of(result: Result) -> Iterator[str]:
    """What stands before nginx, and what it answers by itself: that is in no log of nginx."""
    for front in result.report.fronts:
        if front.kind is None or front.kind not in front_profiles.kinds():
            yield f"before nginx stands {front.name}: an error of its own is in no log of nginx"
            continue
        profile = front_profiles.load(front.kind)
        if "passes_tcp" in profile.facts:
            yield f"before nginx stands {front.name} ({profile.title}): it answers nothing itself"
            continue
        status = profile.facts.get("closed_status")
        itself = (
            "answers errors by itself too"
            if status is None
            else f"answers {status.value} by itself where nginx closes the connection"
        )
        yield (
            f"before nginx stands {front.name} ({profile.title}), which {itself}: such a request "
            "is in no log of nginx"
        )
