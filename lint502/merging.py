"""Findings that say the same at several hops, put together; and what is new beside others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from msgspec.structs import replace

from lint502.findings import Finding

_MOST_NAMES = 3
_MOST_RELATED = 4


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that are equal but for their hops and roots become one, with all edits of the fix;
    equal texts at two places stay two.

    What happens always at one of the hops is not called "sometimes" for the others' sake. Where one
    of them has no edits, the others' would not end it, so that none has. What is hidden stays apart
    from what shows.
    """
    found: dict[tuple[Finding, bool], list[Finding]] = {}
    for finding in findings:
        fix = finding.fix
        plain = None if fix is None else replace(fix, edits=())
        key = replace(finding, hops=(), roots=(), behind=(), frequency=None, fix=plain)
        found.setdefault((key, bool(finding.behind)), []).append(finding)
    return [same[0] if len(same) == 1 else _one(key, same) for (key, _), same in found.items()]


def _one(key: Finding, same: Sequence[Finding]) -> Finding:
    """What several findings that are alike come to."""
    edits = [finding.fix.edits for finding in same if finding.fix is not None]
    whole = tuple(dict.fromkeys(chain(*edits))) if all(edits) else ()
    always = any(finding.frequency == "always" for finding in same)
    return replace(
        key,
        hops=tuple(dict.fromkeys(chain(*(finding.hops for finding in same)))),
        roots=tuple(dict.fromkeys(chain(*(finding.roots for finding in same)))),
        behind=tuple(dict.fromkeys(chain(*(finding.behind for finding in same)))),
        frequency="always" if always else same[0].frequency,
        fix=None if key.fix is None else replace(key.fix, edits=whole),
    )


def of_one_cause(findings: Iterable[Finding]) -> list[Finding]:
    """Findings at one line that fail alike for several upstreams, and that one change ends, become
    one; the message is that of the most demanding one."""
    found: dict[object, list[Finding]] = {}
    for finding in findings:
        place, fix = finding.place, finding.fix
        key: object = finding
        if finding.hops and finding.upstream is not None:
            key = (
                finding.rule,
                (place.file, place.line, place.column, place.end_column),
                (finding.severity, finding.status, finding.frequency, finding.log, finding.aside),
                None if fix is None else (fix.description, fix.safe),
                bool(finding.behind),
            )
        found.setdefault(key, []).append(finding)
    return [same[0] if len(same) == 1 else _of_all(same) for same in found.values()]


def taken_apart(findings: Iterable[Finding], apart: Iterable[Finding]) -> list[Finding]:
    """Findings, of those of several upstreams the ones ``apart`` that they were made of."""
    findings = list(findings)
    parts: dict[object, list[Finding]] = {}
    for one in apart if any(finding.pairs for finding in findings) else ():
        parts.setdefault((one.rule, one.place, bool(one.behind)), []).append(one)
    found: list[Finding] = []
    for finding in findings:
        if not finding.pairs:
            found.append(finding)
            continue
        pairs = set(finding.pairs)
        same = parts.get((finding.rule, finding.place, bool(finding.behind)), ())
        found += (one for one in same if not pairs.isdisjoint(one.subjects))
    return found


def _of_all(same: Sequence[Finding]) -> Finding:
    """What several findings come to that one change ends."""
    head = max(same, key=lambda finding: finding.demand)
    names = dict.fromkeys(finding.upstream or "" for finding in same)
    names.pop(head.upstream or "")
    pairs = tuple(dict.fromkeys(chain(*(finding.subjects for finding in same))))
    one = _one(head, same)
    others = chain(*(finding.related for finding in same))
    return replace(
        one,
        message=f"{head.message}; likewise for {_counted(list(names))}" if names else head.message,
        upstream=pairs[0][1],
        pairs=pairs if names else (),
        related=tuple(islice(dict.fromkeys(chain(head.related, others)), _MOST_RELATED)),
        frequency=head.frequency,
    )


def _counted(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMES + 1:
        return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def beyond(findings: Iterable[Finding], others: Iterable[Finding]) -> list[Finding]:
    """The findings that are not among the others, or are worse than there."""
    known: dict[_Key, int] = {}
    for other in others:
        for key in _keys(other):
            known[key] = min(other.severity.rank, known.get(key, other.severity.rank))
    return [
        finding
        for finding in findings
        if any(finding.severity.rank < known.get(key, 99) for key in _keys(finding))
    ]


_Key = tuple[str, str, str]


def _keys(finding: Finding) -> Iterator[_Key]:
    """What a finding is, at each of its hops: not where it points, which goes with the version."""
    where = finding.subjects or ((f"{finding.place.file}:{finding.place.line}", finding.about),)
    for hop, about in where:
        yield finding.rule, hop, about


def order(finding: Finding) -> tuple[str, int, int, int, str]:
    """Where a finding stands in a report: file by file, the worst first at one place."""
    place = finding.place
    return place.file, place.line, place.column, finding.severity.rank, finding.rule
