"""``--format sonarqube`` is taken by all that SonarQube's scanner asks of such a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lint502.findings import Finding, Problem, Severity
from lint502.places import Place
from lint502.reading import shown
from lint502.report import Style
from lint502.report.sonarqube import render
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS, REPORT
from tests.support.cli import Run
from tests.support.nasty import any_report
from tests.support.sites import http, write

TYPES = ("BUG", "VULNERABILITY", "CODE_SMELL", "SECURITY_HOTSPOT")
SEVERITIES = ("BLOCKER", "CRITICAL", "MAJOR", "MINOR", "INFO")
QUALITIES = ("MAINTAINABILITY", "RELIABILITY", "SECURITY")
IMPACTS = ("HIGH", "MEDIUM", "LOW")
"""Those that every release takes which takes impacts at all."""


class Refused(Exception):
    """The scanner ends the analysis."""


def _needs(value: dict[str, Any], *names: str) -> None:
    for name in names:
        if value.get(name) in (None, ""):
            raise Refused(f"{name} of {value}")


def _file(location: dict[str, Any], *names: str) -> None:
    if any(location.get(name) is None for name in names):
        raise Refused(f"{names} of {location}")
    if "textRange" in location:
        _needs(location["textRange"], "startLine")


def validated(text: str) -> dict[str, Any]:
    """What ``ExternalIssueReportValidator`` asks; the form is that with rules, from 10.3 on."""
    report: dict[str, Any] = json.loads(text)
    if set(report) != {"rules", "issues"}:
        raise Refused("neither form")
    ids = set()
    for rule in report["rules"]:
        _needs(rule, "id", "name", "engineId", "impacts", "cleanCodeAttribute", "type", "severity")
        assert rule["type"] in TYPES
        assert rule["severity"] in SEVERITIES
        for impact in rule["impacts"]:
            assert impact["softwareQuality"] in QUALITIES
            assert impact["severity"] in IMPACTS
        if rule["id"] in ids:
            raise Refused(f"twice: {rule['id']}")
        ids.add(rule["id"])
    for issue in report["issues"]:
        _needs(issue, "ruleId", "primaryLocation")
        if issue["ruleId"] not in ids:
            raise Refused(f"no rule: {issue['ruleId']}")
        if "severity" in issue or "type" in issue:
            raise Refused("of the form before")
        _file(issue["primaryLocation"], "filePath", "message")
        for location in issue.get("secondaryLocations", ()):
            _file(location, "filePath", "textRange")
    json.dumps(report, ensure_ascii=False).encode()  # no half of a surrogate pair
    return report


def located(location: dict[str, Any], lines: list[str]) -> str:
    """The text at a place, by ``DefaultInputFile.newPointer()`` and ``newRange()``: in units of
    UTF-16, none beyond the end of its line, and no empty range."""
    place = location["textRange"]
    if not 1 <= place["startLine"] <= len(lines):
        raise Refused("no such line")
    line = lines[place["startLine"] - 1].encode("utf-16-le")
    if "startColumn" not in place:
        return line.decode("utf-16-le")
    start, end = place["startColumn"], place["endColumn"]
    if not (place["endLine"] == place["startLine"] and 0 <= start < end <= len(line) // 2):
        raise Refused(f"{start} to {end} of {len(line) // 2}")
    return line[2 * start : 2 * end].decode("utf-16-le")


@pytest.mark.parametrize(
    "wrong",
    [
        '{"issues": []}',
        '{"rules": [{"id": "a"}], "issues": []}',
        '{"rules": [], "issues": [{"ruleId": "a", "primaryLocation": {}}]}',
    ],
)
def test_another_form_is_refused(wrong: str) -> None:
    with pytest.raises(Refused):
        validated(wrong)


def test_nothing_found() -> None:
    assert validated(render(CLEAN, Style())) == {"rules": [], "issues": []}


def test_a_finding() -> None:
    found = validated(render(replace(REPORT, findings=FINDINGS[:1], problems=()), Style()))
    assert found == {
        "rules": [
            {
                "id": "port-mismatch",
                "name": "port-mismatch",
                "description": "nginx connects to a port on which the upstream does not listen.",
                "engineId": "lint502",
                "cleanCodeAttribute": "LOGICAL",
                "type": "BUG",
                "severity": "CRITICAL",
                "impacts": [{"softwareQuality": "RELIABILITY", "severity": "HIGH"}],
            }
        ],
        "issues": [
            {
                "ruleId": "port-mismatch",
                "primaryLocation": {
                    "message": "nginx connects to 127.0.0.1:3001, but api listens on port 3000\n"
                    "fix: server 127.0.0.1:3000;",
                    "filePath": "nginx/conf.d/shop.conf",
                    "textRange": {
                        **{"startLine": 4, "endLine": 4},
                        **{"startColumn": 11, "endColumn": 25},
                    },
                },
                "secondaryLocations": [
                    {
                        "message": "api listens on 3000",
                        "filePath": "upstreams.toml",
                        "textRange": {
                            **{"startLine": 113, "endLine": 113},
                            **{"startColumn": 0, "endColumn": 11},
                        },
                    }
                ],
            }
        ],
    }


def test_each_severity_is_a_rule() -> None:
    findings = tuple(replace(FINDINGS[0], severity=one) for one in (*Severity, Severity.INFO))
    found = validated(render(replace(CLEAN, findings=findings), Style()))
    rules = {one["id"]: one["impacts"][0]["severity"] for one in found["rules"]}
    assert rules == {
        "port-mismatch": "HIGH",
        "port-mismatch.warning": "MEDIUM",
        "port-mismatch.info": "LOW",
    }
    assert [one["ruleId"] for one in found["issues"]] == [*rules, "port-mismatch.info"]


def test_problems_are_issues() -> None:
    problems = (Problem("a.conf", 3, "m"), Problem("b.conf", None, "n"))
    found = validated(render(replace(CLEAN, problems=problems), Style()))
    assert [one["id"] for one in found["rules"]] == ["lint502-problem"]
    assert [one["primaryLocation"] for one in found["issues"]] == [
        {"message": "m", "filePath": "a.conf", "textRange": {"startLine": 3}},
        {"message": "n", "filePath": "b.conf"},
    ]


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("  é\U0001f600 a", {"startColumn": 2, "endColumn": 3}),
        ("  \U0001f600é a", {"startColumn": 2, "endColumn": 4}),
        ("  a", {"startColumn": 2, "endColumn": 3}),
        ("  \udcffa", None),
        ("a\rbc", None),
        ("  ", None),
        ("", None),
    ],
)
def test_columns_are_units_of_utf16(line: str, columns: dict[str, int] | None) -> None:
    place = Place("a.conf", 2, 3, 4, line)
    report = replace(CLEAN, findings=(replace(FINDINGS[0], place=place, related=(place,)),))
    (issue,) = validated(render(report, Style()))["issues"]
    expected = {"startLine": 2} if columns is None else {"startLine": 2, "endLine": 2, **columns}
    for location in (issue["primaryLocation"], *issue["secondaryLocations"]):
        assert location["textRange"] == expected


@any_report
def test_any_text(report: Report) -> None:
    def place(one: Place) -> Place:
        return replace(one, column=1 + one.column % 9, end_column=one.end_column % 9)

    def change(one: Finding) -> Finding:
        return replace(one, place=place(one.place), related=tuple(map(place, one.related)))

    report = report.changed(change)
    found = validated(render(report, Style()))
    assert len(found["issues"]) == len(report.findings) + len(report.problems)
    for issue, one in zip(found["issues"], report.findings, strict=False):
        line = one.place.text.encode("utf-8", "replace").decode()
        located({**issue["primaryLocation"], "textRange": {
            **issue["primaryLocation"]["textRange"], "startLine": 1, "endLine": 1,
        }}, [line])  # fmt: skip
        assert issue["primaryLocation"]["message"].startswith(shown(one.message))


def test_a_run_is_read_on_its_files(run: Run, tmp_path: Path) -> None:
    text = http(
        "server { location /é/ { set $a 'é\U0001f600'; proxy_pass http://b.test:81/; } }\n"
        "server { location / { proxy_pass http://c.test; } }"
    )
    spec = '# é\n[upstream."b.test"]\nport = 82 # \U0001f600\n'
    write(tmp_path, {"deploy/nginx.conf": text, "deploy/upstreams.toml": spec})
    lines = {f"deploy/{file}": (tmp_path / "deploy" / file).read_text().splitlines() for file in
             ("nginx.conf", "upstreams.toml")}  # fmt: skip
    found = validated(run("check", "deploy", "--format", "sonarqube").out)
    first = found["issues"][0]
    places = (first["primaryLocation"], *first["secondaryLocations"])
    assert [(one["filePath"], located(one, lines[one["filePath"]])) for one in places] == [
        ("deploy/nginx.conf", "http://b.test:81/"),
        ("deploy/upstreams.toml", "port = 82"),
    ]
