from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from msgspec.structs import replace

from lint502.findings import Problem
from lint502.reading import shown
from lint502.report import Style
from lint502.report.gitlab import render
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS, REPORT
from tests.support.nasty import any_report

SCHEMA = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "minLength": 1},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "minLength": 1},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
)
"""The table of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format"""


def entries(report: Report) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = json.loads(render(report, Style()))
    SCHEMA.validate(result)
    assert len({entry["fingerprint"] for entry in result}) == len(result)
    return result


def test_nothing_found() -> None:
    assert render(CLEAN, Style()) == "[]\n"


def test_severities() -> None:
    always, sometimes = FINDINGS[0], replace(FINDINGS[0], frequency="sometimes")
    report = replace(REPORT, findings=(always, sometimes, *FINDINGS[1:3]))
    severities = [entry["severity"] for entry in entries(report)]
    assert severities == ["blocker", "critical", "major", "info", "critical", "critical"]


def test_lines_that_move_keep_their_fingerprints() -> None:
    moved = replace(
        REPORT,
        findings=tuple(
            replace(finding, place=replace(finding.place, line=finding.place.line + 7))
            for finding in FINDINGS
        ),
        problems=tuple(
            replace(problem, line=problem.line and problem.line + 7) for problem in REPORT.problems
        ),
    )
    before, after = entries(REPORT), entries(moved)
    assert [one["fingerprint"] for one in before] == [one["fingerprint"] for one in after]


def test_equal_problems_are_told_apart() -> None:
    problems = (Problem("a.conf", 1, "m"), Problem("a.conf", 2, "m"), Problem("b.conf", 2, "m"))
    first, second, other = entries(replace(CLEAN, problems=problems))
    assert second["fingerprint"] == f"{first['fingerprint']}-2"
    assert other["fingerprint"].isalnum()


@any_report
def test_any_text(report: Report) -> None:
    found = entries(report)
    assert [entry["description"] for entry in found] == [
        *(f"{finding.rule}: {shown(finding.message)}" for finding in report.findings),
        *(f"lint502-problem: {shown(problem.message)}" for problem in report.problems),
    ]
    for entry in found:
        json.dumps(entry, ensure_ascii=False).encode()
