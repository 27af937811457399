"""Findings that say the same at several hops, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from lint502.findings import Finding


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


def order(finding: Finding) -> tuple[str, int, int, int, str]:
    """Where a finding stands in a report: file by file, the worst first at one place."""
    place = finding.place
    return place.file, place.line, place.column, finding.severity.rank, finding.rule
