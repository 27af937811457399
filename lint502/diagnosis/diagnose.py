"""A diagnosis, from what was counted in the error logs and what access logs say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice

from lint502.declared import front_profiles
from lint502.diagnosis.access.answers import Answers
from lint502.diagnosis.access.log_formats import LogFormat, formats_of, likeliest
from lint502.diagnosis.access.requests import Request, request_of
from lint502.diagnosis.diagnosis import Diagnosis, Group, HopPlace, Root, in_order
from lint502.diagnosis.grouping import Key
from lint502.diagnosis.statements import Place, Tally
from lint502.report_model import HopReport, Report
from lint502.run import Result

_SAMPLE = 200
"""Lines by which the format of an access log is told."""

RootOf = Callable[[Key], Root | None]
"""What is at the root of a group."""


def groups_of(
    tallies: Mapping[Key | None, Tally], report: Report | None, root_of: RootOf
) -> tuple[Group, ...]:
    """The groups, what hurts most first."""
    hops = {} if report is None else {hop.id: _hop_place(hop) for hop in report.hops}
    found = (_group(key, tally, hops, root_of) for key, tally in tallies.items() if key is not None)
    return in_order(found)


def _group(key: Key, tally: Tally, hops: Mapping[str, HopPlace], root_of: RootOf) -> Group:
    place: Place = key.place
    hop = None if place.hop is None else hops.get(place.hop)
    return Group(
        key.cause,
        key.upstream,
        tally,
        hop,
        place.why,
        tuple(hops[one] for one in place.hops if one in hops),
        root_of(key),
        key.kind,
    )


def _hop_place(hop: HopReport) -> HopPlace:
    return HopPlace(
        hop.id, hop.place.file, hop.place.line, f"{hop.directive} {hop.value}", hop.request
    )


def with_access_logs(
    diagnosis: Diagnosis, logs: Iterable[Iterable[str]], result: Result | None
) -> Diagnosis:
    """The diagnosis with what the clients got, by the lines of access logs."""
    formats = formats_of(() if result is None else result.sites)
    answers = Answers(diagnosis.groups)
    unread, example = 0, ""
    for log in logs:
        lines = iter(log)
        sample = list(islice(lines, _SAMPLE))
        best = likeliest(formats, sample)
        order = [] if best is None else [best, *(one for one in formats if one != best)]
        for line in chain(sample, lines):
            request = _request(line, order)
            if request is not None:
                answers.take(request)
            elif line.strip():
                unread += 1
                example = example or line
    groups = (
        replace(group, answers=got)
        for group, got in zip(diagnosis.groups, answers.answers(), strict=True)
    )
    access = answers.access(unread, example)
    return replace(diagnosis, groups=in_order(groups), access=access)


def _request(line: str, formats: Iterable[LogFormat]) -> Request | None:
    """What a line says by the first format that it has: a server can write its own beside the
    others'."""
    found = (request_of(line, format) for format in formats)
    return next((request for request in found if request is not None), None)


def fronts_of(result: Result) -> Iterator[str]:
    """What stands before nginx, and what it answers by itself: that is in no log of nginx."""
    for front in result.report.fronts:
        if front.kind is None or front.kind not in front_profiles.kinds():
            yield f"before nginx stands {front.name}: an error of its own is in no log of nginx"
            continue
        profile = front_profiles.load(front.kind)
        status = profile.facts.get("closed_status")
        itself = (
            "answers errors by itself too"
            if status is None
            else (f"answers {status.value} by itself where nginx closes the connection")
        )
        yield (
            f"before nginx stands {front.name} ({profile.title}), which {itself}: such a request "
            "is in no log of nginx"
        )
