"""``--format json``: the report for programs. Keys are added to it, never renamed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lint502 import __version__
from lint502.findings import Finding, Fix, Problem, Severity, unique_fingerprints
from lint502.places import Place
from lint502.report import Style
from lint502.report.limits import most_of_each

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import HopReport, Report

SCHEMA_VERSION = 1


def render(report: Report, style: Style) -> str:
    """One object; the text is ASCII, so that bytes that are no UTF-8 survive (as ``\\udcXX``)."""
    findings = (*report.findings, *report.hidden)
    fingerprints = unique_fingerprints(findings)
    names: dict[str, str] = {}
    if report.hidden:
        names = {
            own: fingerprint
            for finding, fingerprint in zip(findings, fingerprints, strict=True)
            for own in (finding.fingerprints if finding.hops else ())
        }
    most = most_of_each([len(finding.hops) for finding in findings])
    statistics: dict[str, Any] = {}
    if style.statistics:
        from lint502.report.statistics import objects

        statistics = {"statistics": objects(report)}
    return dump(
        {
            "schema_version": SCHEMA_VERSION,
            "lint502": __version__,
            "nginx": nginx_object(report),
            "roots": list(report.roots),
            "deployments": [
                {"name": one.name, "kind": one.kind, "nginx": one.nginx, "roots": list(one.roots)}
                for one in report.deployments
            ],
            "root_versions": {root: str(one) for root, one in report.root_versions.items()},
            "hops": hop_objects(report.hops),
            "findings": [
                finding_object(finding, fingerprint, report.proofs.get(finding), names, most)
                for finding, fingerprint in zip(findings, fingerprints, strict=True)
            ],
            "older": [
                {
                    "versions": one.versions,
                    "finding": finding_object(one.finding, one.finding.fingerprint),
                }
                for one in report.older
            ],
            "problems": [problem_object(problem) for problem in report.problems],
            "unknown_directives": [
                {
                    "name": one.name,
                    "file": one.place.file,
                    "line": one.place.line,
                    "lines": one.lines,
                    "meant": one.meant,
                }
                for one in report.unknown_directives
            ],
            "summary": {
                "hops": report.hop_states(),
                "compared": report.compared,
                "errors": report.count(Severity.ERROR),
                "warnings": report.count(Severity.WARNING),
                "infos": report.count(Severity.INFO),
                "suppressed": report.suppressed,
                "known": report.known,
            },
            **statistics,
        }
    )


def nginx_object(report: Report) -> dict[str, Any]:
    """The nginx that counted, and the newest release that is known, where that is older."""
    from lint502.nginx.releases import newest_before
    from lint502.nginx.version import Version

    newest = newest_before(Version(*report.version))
    known = {} if newest is None else {"known_up_to": str(newest.version)}
    return {"version": str(report.version), "from": report.version_origin, **known}


def dump(value: dict[str, Any]) -> str:
    """A value as lint502 prints JSON everywhere."""
    try:  # the same text in a third of the time
        return msgspec.json.format(json.dumps(value), indent=2) + "\n"
    except msgspec.DecodeError:  # of a byte that is no UTF-8, which JSON has half of a pair for
        return json.dumps(value, indent=2) + "\n"


def hop_objects(hops: Sequence[HopReport]) -> list[dict[str, Any]]:
    """Hops, as ``lint502 check`` and ``lint502 hops`` show them."""
    most = most_of_each([len(hop.targets) for hop in hops])
    return [_hop_object(hop, most) for hop in hops]


def _hop_object(hop: HopReport, most: int) -> dict[str, Any]:
    found = {
        "id": hop.id,
        "file": hop.place.file,
        "line": hop.place.line,
        "column": hop.place.column,
        "directive": hop.directive,
        "value": hop.value,
        "server": hop.server,
        "location": hop.location,
        "state": hop.state,
        "targets": [
            {
                "address": target.address,
                "upstream": target.upstream,
                "compared_with": list(target.compared_with),
            }
            for target in hop.targets[:most]
        ],
        "reason": hop.reason,
    }
    if hop.targets[most:]:
        found["targets_left_out"] = len(hop.targets) - most
    return found


def problem_object(problem: Problem) -> dict[str, Any]:
    """Something that could not be checked."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }


def finding_object(
    finding: Finding,
    fingerprint: str,
    proof: Proof | None = None,
    names: Mapping[str, str] | None = None,
    most: int | None = None,
) -> dict[str, Any]:
    """A finding, as every report shows it; ``names`` are the fingerprints of findings as reports
    show them, by those that they have at single hops. ``most`` is how many hops it lists."""
    place = finding.place
    found: dict[str, Any] = {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "status": finding.status,
        "frequency": finding.frequency,
        "message": finding.message,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "hop": finding.hops[0] if finding.hops else None,
        "hops": list(finding.hops[:most]),
        "upstream": finding.upstream,
        "standing": None if finding.standing is None else finding.standing.word,
        "front": finding.front,
        "roots": list(finding.roots),
        "related": [_noted(related) for related in finding.related],
        "cause": None if finding.cause is None else _noted(finding.cause),
        "log": finding.log,
        "fix": None if finding.fix is None else _fix(finding.fix),
        "behind": list(dict.fromkeys((names or {}).get(one, one) for one in finding.behind)),
        "fingerprint": fingerprint,
    }
    if finding.pairs:
        found["pairs"] = [
            {"hop": hop, "upstream": upstream, "fingerprint": own}
            for (hop, upstream), own in zip(finding.pairs, finding.fingerprints, strict=True)
        ]
    if most is not None and finding.hops[most:]:
        found["hops_left_out"] = len(finding.hops) - most
    if proof is not None:
        found["evidence"] = _evidence(proof)
    return found


def _noted(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "message": place.note}


def _evidence(proof: Proof) -> dict[str, Any]:
    return {
        "verdict": proof.verdict,
        "why": proof.why or None,
        "hop": proof.hop or None,
        "nginx": str(proof.version),
        "requests": [
            {
                "request": step.request,
                "status": step.status,
                "whole": step.whole,
                "opening": step.opening,
                "cause": step.cause,
                "log": list(step.log),
            }
            for step in proof.steps
        ],
        "log": proof.log,
        "factor": proof.factor,
        "conditions": list(proof.conditions),
        "configuration": proof.configuration or None,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "description": fix.description,
        "safe": fix.safe,
        "edits": [
            {
                "file": edit.file,
                "line": edit.line,
                "column": edit.column,
                "end_column": edit.end_column,
                "text": edit.text,
            }
            for edit in fix.edits
        ],
    }
