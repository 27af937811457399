"""``--format rdjson``: reviewdog's Diagnostic Format, with ranges and suggestions.

See https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lint502.findings import Edit, Finding, Fix, Problem, Severity
from lint502.places import Place
from lint502.published import rule_address
from lint502.reading import is_utf8, shown
from lint502.report import Style
from lint502.report.evidence import saw
from lint502.report.json import dump

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import Report

PROBLEM = "lint502-problem"
"""The code of what could not be checked."""

_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.INFO: "INFO"}


def render(report: Report, style: Style) -> str:
    """A ``DiagnosticResult``: the findings, then what could not be checked."""
    return dump(
        {
            "source": {"name": "lint502"},
            "diagnostics": [
                *(_finding(one, report.proofs.get(one)) for one in report.findings),
                *map(_problem, report.problems),
            ],
        }
    )


def _finding(finding: Finding, proof: Proof | None) -> dict[str, Any]:
    lines = [shown(finding.message)]
    if finding.fix is not None:
        lines += [f"fix: {shown(line)}" for line in finding.fix.description.splitlines()]
    lines += saw(proof)
    found: dict[str, Any] = {
        "message": "\n".join(lines),
        "location": _location(finding.place),
        "severity": _SEVERITIES[finding.severity],
        "code": _code(finding.rule),
    }
    suggestions = _suggestions(finding.fix, finding.place)
    if suggestions:
        found["suggestions"] = suggestions
    if finding.related:
        found["related_locations"] = [
            {"message": shown(place.note), "location": _location(place)}
            for place in finding.related
        ]
    return found


def _code(rule: str) -> dict[str, str]:
    address = rule_address(rule)
    return {"value": rule} if address is None else {"value": rule, "url": address}


def _problem(problem: Problem) -> dict[str, Any]:
    location: dict[str, Any] = {"path": shown(problem.file)}
    if problem.line is not None:
        location["range"] = {"start": {"line": problem.line}}
    return {
        "message": shown(problem.message),
        "location": location,
        "severity": "ERROR",
        "code": {"value": PROBLEM},
    }


def _location(place: Place) -> dict[str, Any]:
    """A place; only its line where that is not there to count its bytes."""
    path = {"path": shown(place.file)}
    if not place.text and place.column > 1:
        return {**path, "range": {"start": {"line": place.line}}}
    end = max(place.column, place.end_column)
    start_at = _position(place.line, place.text, place.column)
    return {**path, "range": {"start": start_at, "end": _position(place.line, place.text, end)}}


def _position(line: int, text: str, column: int) -> dict[str, int]:
    """A position as reviewdog counts: columns are bytes of the file, which is UTF-8."""
    before = text[: column - 1]
    more = len(before.encode("utf-8", "surrogateescape")) - len(before)
    return {"line": line, "column": column + more}


def _suggestions(fix: Fix | None, place: Place) -> list[dict[str, Any]]:
    """The edits of a fix, those of one line as one. A suggestion has no file of its own: a fix that
    changes another file, too, has none, for half of it is no fix; nor has one with bytes that JSON
    cannot carry."""
    edits = () if fix is None else fix.edits
    lines: dict[int, list[Edit]] = {}
    for edit in sorted(set(edits), key=lambda one: (one.line, one.column, one.end_column)):
        lines.setdefault(edit.line, []).append(edit)
    found = []
    for line, of_line in lines.items():
        whole = of_line[0].whole_line or (place.text if line == place.line else "")
        elsewhere = any(edit.file != place.file for edit in of_line)
        if elsewhere or (not whole and of_line[-1].end_column > 1):
            return []
        found.append(_suggestion(line, whole, of_line))
    return found if all(is_utf8(one["text"]) for one in found) else []


def _suggestion(line: int, whole: str, edits: Sequence[Edit]) -> dict[str, Any]:
    start, end = edits[0].column, edits[-1].end_column
    text, at = "", start
    for edit in edits:
        text += whole[at - 1 : edit.column - 1] + edit.text
        at = edit.end_column
    stop = _position(line, whole, end)
    if whole and not text and (start, end) == (1, len(whole) + 1):  # the line goes with its end
        stop = {"line": line + 1, "column": 1}
    return {"range": {"start": _position(line, whole, start), "end": stop}, "text": text}
