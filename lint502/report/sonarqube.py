"""``--format sonarqube``: what SonarQube imports as issues of another tool.

See https://docs.sonarsource.com/sonarqube-server/analyzing-source-code/importing-external-issues/generic-issue-import-format
and, for what ends an analysis,
https://github.com/SonarSource/sonarqube/blob/master/sonar-scanner-engine/src/main/java/org/sonar/scanner/externalissue/ExternalIssueReportValidator.java
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lint502.findings import Finding, Problem, Severity
from lint502.pages import page
from lint502.places import Place
from lint502.reading import is_utf8, shown
from lint502.report import Style
from lint502.report.evidence import saw
from lint502.report.json import dump

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import Report

ENGINE = "lint502"
PROBLEM = "lint502-problem"
"""The rule of what could not be checked."""

_IMPACTS = {Severity.ERROR: "HIGH", Severity.WARNING: "MEDIUM", Severity.INFO: "LOW"}
_SEVERITIES = {Severity.ERROR: "CRITICAL", Severity.WARNING: "MAJOR", Severity.INFO: "INFO"}


def render(report: Report, style: Style) -> str:
    """The issues, and the rules that they are of."""
    rules: dict[str, dict[str, Any]] = {}
    issues = []
    for finding in report.findings:
        rule = _rule(finding)
        rules.setdefault(rule["id"], rule)
        issues.append(_issue(rule["id"], finding, report.proofs.get(finding)))
    for problem in report.problems:
        rules.setdefault(PROBLEM, _rule_of_problems())
        issues.append(_issue_of_problem(problem))
    return dump({"rules": list(rules.values()), "issues": issues})


def _rule(finding: Finding) -> dict[str, Any]:
    """The rule of a finding. Issues have the severity of their rule: findings whose severity is not
    that of the page are of a rule of their own."""
    about = page(finding.rule)
    own = finding.severity is not about.severity
    suffix = f".{finding.severity.value}" if own else ""
    name = f"{finding.rule} ({finding.severity.value})" if own else finding.rule
    return _described(f"{finding.rule}{suffix}", name, about.summary, finding.severity)


def _rule_of_problems() -> dict[str, Any]:
    return _described(PROBLEM, "could not be checked", "What could not be checked", Severity.ERROR)


def _described(id: str, name: str, summary: str, severity: Severity) -> dict[str, Any]:
    """A rule; ``impacts`` are for one mode of SonarQube, ``type`` and ``severity`` for the other,
    ``cleanCodeAttribute`` for releases before 2025."""
    return {
        "id": id,
        "name": name,
        "description": summary,
        "engineId": ENGINE,
        "cleanCodeAttribute": "LOGICAL",
        "type": "BUG",
        "severity": _SEVERITIES[severity],
        "impacts": [{"softwareQuality": "RELIABILITY", "severity": _IMPACTS[severity]}],
    }


def _issue(rule: str, finding: Finding, proof: Proof | None) -> dict[str, Any]:
    lines = [shown(finding.message)]
    if finding.fix is not None:
        lines += [f"fix: {shown(line)}" for line in finding.fix.description.splitlines()]
    lines += saw(proof)
    issue: dict[str, Any] = {
        "ruleId": rule,
        "primaryLocation": _location(finding.place, "\n".join(lines)),
    }
    if finding.related:
        issue["secondaryLocations"] = [
            _location(place, shown(place.note)) for place in finding.related
        ]
    return issue


def _issue_of_problem(problem: Problem) -> dict[str, Any]:
    location: dict[str, Any] = {
        "message": shown(problem.message),
        "filePath": shown(problem.file),
    }
    if problem.line is not None:
        location["textRange"] = {"startLine": problem.line}
    return {"ruleId": PROBLEM, "primaryLocation": location}


def _location(place: Place, message: str) -> dict[str, Any]:
    columns = _columns(place)
    line = {"startLine": place.line}
    text_range = line if columns is None else {**line, "endLine": place.line, **columns}
    return {"message": message, "filePath": shown(place.file), "textRange": text_range}


def _columns(place: Place) -> dict[str, int] | None:
    """The columns as SonarQube counts them, from 0 in units of UTF-16; None where that is not
    certain. A range that is empty, or beyond the end of its line, would end the analysis."""
    text = place.text
    if "\r" in text or not is_utf8(text):
        return None
    start = _units(text[: place.column - 1])
    end = _units(text[: place.end_column - 1])
    return {"startColumn": start, "endColumn": end} if start < end else None


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
