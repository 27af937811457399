from __future__ import annotations

from collections.abc import Iterator

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase
from msgspec.structs import replace

from lint502.findings import Severity
from lint502.reading import shown
from lint502.report import Style
from lint502.report.junit import render
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS, HOPS, REPORT
from tests.support.nasty import any_report


def cases(report: Report) -> list[TestCase]:
    """The tests as a consumer reads them; the counts are those of what is there."""
    whole = JUnitXml.fromstring(render(report, Style()).encode())
    (suite,) = whole
    result = list(suite)
    counts = (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert counts == (
        len(result),
        *(len(list(of_kind(result, k))) for k in (Failure, Error, Skipped)),
    )
    assert (whole.tests, whole.failures, whole.errors) == counts[:3]
    return result


def of_kind(tests: list[TestCase], kind: type) -> Iterator[TestCase]:
    return (test for test in tests if any(isinstance(one, kind) for one in test.result))


def outcome(test: TestCase) -> str:
    return ", ".join(type(one).__name__ for one in test.result) or "passed"


def test_outcomes() -> None:
    assert [(test.name, outcome(test)) for test in cases(REPORT)] == [
        ("shop.example.com /api/ proxy_pass http://api", "Failure"),
        ("shop.example.com /v1/ proxy_pass http://api", "Failure"),
        ("shop.example.com /v2/ proxy_pass http://api", "Failure"),
        ("shop.example.com /v3/ proxy_pass http://api", "Failure"),
        ("shop.example.com /v4/ proxy_pass http://api", "Failure"),
        ("例え.jp ~ \\.php$ fastcgi_pass unix:/run/php.sock", "Failure"),
        ("proxy_pass backend", "Skipped"),
        ("shop.example.com /api/ proxy_pass http://$host", "Skipped"),
        ("unused-upstream batch", "passed"),
        ("could not be checked", "Error"),
        ("could not be checked", "Error"),
    ]


def test_a_clean_run_has_a_test() -> None:
    assert [(test.name, outcome(test)) for test in cases(CLEAN)] == [
        ("shop.example.com /api/ proxy_pass http://api", "passed")
    ]
    assert [(test.name, outcome(test)) for test in cases(replace(CLEAN, hops=()))] == [
        ("nothing to check", "passed")
    ]


def test_equal_names_are_told_apart() -> None:
    other = replace(HOPS[0], place=replace(HOPS[0].place, file="b.conf"))
    report = replace(CLEAN, hops=(HOPS[0], HOPS[0], HOPS[0], other))
    name = "shop.example.com /api/ proxy_pass http://api"
    names = [test.name for test in cases(report)]
    assert names == [name, f"{name} (2)", f"{name} (3)", name]


def test_what_is_known_of_a_hop_goes_before_why_it_was_skipped() -> None:
    (hop,) = (hop for hop in HOPS if hop.state == "undecidable")
    report = replace(CLEAN, hops=(hop,), findings=(replace(FINDINGS[0], hops=(hop.id,)),))
    assert [outcome(test) for test in cases(report)] == ["Failure"]
    info = replace(FINDINGS[2], hops=(hop.id,))
    (test,) = cases(replace(report, findings=(info,)))
    assert (outcome(test), test.system_out) == (
        "Skipped",
        "nginx/conf.d/shop.conf:17: info: undeclared-upstream\n"
        "  no upstream is declared for 10.0.0.1:80",
    )


def test_a_finding_of_no_hop_that_is_there_is_a_test_of_its_own() -> None:
    finding = replace(FINDINGS[0], hops=("gone",))
    (test,) = cases(replace(CLEAN, hops=(), findings=(finding,)))
    assert (test.name, outcome(test)) == ("port-mismatch api", "Failure")


@any_report
def test_any_text(report: Report) -> None:
    found = cases(report)
    for finding in report.findings:
        concerned = [
            test
            for hop, test in zip(report.hops, found, strict=False)
            if hop.id in finding.hops and finding.severity is not Severity.INFO
        ]
        assert all(shown(finding.message) in test.result[0].text for test in concerned)
    errors = [test.result[0].message for test in of_kind(found, Error)]
    assert errors == [shown(problem.message) for problem in report.problems]
