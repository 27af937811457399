"""``--format gitlab``: a Code Quality report.

See https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lint502.findings import Finding, Severity, unique_fingerprints
from lint502.reading import shown
from lint502.report import Style

if TYPE_CHECKING:
    from lint502.report_model import Report

PROBLEM = "lint502-problem"
"""The ``check_name`` of what could not be checked."""


def render(report: Report, style: Style) -> str:
    """An array, which is empty where nothing is found; GitLab takes nothing else for a report."""
    fingerprints = iter(unique_fingerprints((*report.findings, *report.problems)))
    entries = [
        _entry(
            finding.rule,
            finding.message,
            next(fingerprints),
            _severity(finding),
            finding.place.file,
            finding.place.line,
        )
        for finding in report.findings
    ]
    entries += [
        _entry(PROBLEM, problem.message, next(fingerprints), "critical", problem.file, problem.line)
        for problem in report.problems
    ]
    return json.dumps(entries, indent=2) + "\n"


def _entry(
    name: str, message: str, fingerprint: str, severity: str, file: str, line: int | None
) -> dict[str, Any]:
    """One of the array. GitLab does not show ``check_name``, so the description has it, too."""
    return {
        "description": f"{name}: {shown(message)}",
        "check_name": name,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": shown(file), "lines": {"begin": line or 1}},
    }


def _severity(finding: Finding) -> str:
    """GitLab's word: a hop that answers no request is worse than one that fails now and then."""
    if finding.severity is Severity.ERROR:
        return "blocker" if finding.frequency == "always" else "critical"
    return "major" if finding.severity is Severity.WARNING else "info"
