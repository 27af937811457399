from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.findings import Finding, Severity
from lint502.places import Place
from lint502.report import Style
from lint502.report.cells import cells
from lint502.report.groups import grouped
from lint502.report.text import render
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS, REPORT
from tests.support.fleet import FLEET
from tests.support.nasty import any_report

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_fleet(width: int) -> None:
    output = render(FLEET, Style(width=width))
    assert output == (EXPECTED / f"fleet-{width}-columns.txt").read_text(encoding="utf-8")
    assert all(cells(line) <= width for line in output.splitlines())


@any_report
def test_any_report_fits(report: Report) -> None:
    for style in (Style(width=60), Style(width=60, unlimited=True), Style(width=40, colour=True)):
        too_long = [line for line in render(report, style).split("\n") if cells(line) > 60]
        assert too_long == []


def finding(rule: str, file: str, line: int, *hops: str, severity: str = "error") -> Finding:
    place = Place(file, line, 1, 2, "x")
    bad = Severity(severity)
    return Finding(rule, bad, 502, "always", f"{rule} {line}", place, hops=hops, upstream=rule)


def order(*findings: Finding) -> list[str]:
    return [group.head.message for group in grouped(replace(CLEAN, findings=findings))]


def test_certain_502s_come_first_then_what_bears_on_most_hops() -> None:
    assert order(
        finding("perhaps", "a", 1, "1", "2", "3", severity="warning"),
        finding("one", "a", 2, "1"),
        replace(finding("answered", "a", 3, "1", "2", "3"), status=400),
        finding("two", "b", 4, "1", "2"),
        replace(finding("refused", "b", 5, "1", "2", "3"), status=None),
        replace(finding("sometimes", "b", 6, "3", "4"), frequency="sometimes"),
    ) == ["refused 5", "two 4", "sometimes 6", "one 2", "answered 3", "perhaps 1"]


def test_what_rests_on_one_line_is_one() -> None:
    cause = Place("nginx.conf", 1, 1, 5, "http {", "it is not set")
    two = [replace(finding("r", f"{n}", n, f"{n}"), cause=cause, demand=n) for n in (1, 3, 2)]
    other = replace(two[0], cause=replace(cause, line=9))
    first, second = grouped(replace(CLEAN, findings=(*two, other)))
    assert (first.findings, first.place, first.hops) == (tuple(two), cause, ("1", "3", "2"))
    assert first.head is two[1]
    assert (second.findings, second.place) == ((other,), other.place)


def test_the_same_of_few_upstreams_is_not_one_cause() -> None:
    def race(number: int) -> Finding:
        name = f"api{number}"
        return replace(
            finding("race", "a", number, f"{number}"),
            message=f"{name} closes after 5s",
            upstream=name,
        )

    assert [len(group.findings) for group in grouped(_with(race(1), race(2), race(3)))] == [1, 1, 1]
    assert [len(group.findings) for group in grouped(_with(*map(race, range(4))))] == [4]
    other = replace(race(5), message="api5 closes after 2s")
    assert [len(group.findings) for group in grouped(_with(*map(race, range(4)), other))] == [4, 1]


def _with(*findings: Finding) -> Report:
    return replace(CLEAN, findings=findings)


def test_at_most_fifty_are_shown() -> None:
    findings = [replace(FINDINGS[0], message=f"m{n}") for n in range(60)]
    findings += [replace(FINDINGS[1], message=f"m{n}") for n in range(3)]
    output = render(replace(REPORT, findings=tuple(findings)), Style())
    assert output.count("  error  port-mismatch  ") == 50
    assert output.count("  more  lint502 explain port-mismatch\n") == 1
    assert "\n\nand 10 errors and 3 warnings more: lint502 check --all\n\nchecked " in output
    every = render(replace(REPORT, findings=tuple(findings)), Style(unlimited=True))
    assert every.count("  error  port-mismatch  ") == 60
    assert "and 2 more hops" not in every
    assert every.count("/v4/") == 63 - 3


def test_infos_beyond_a_few_are_counted() -> None:
    info = FINDINGS[2]
    infos = tuple(replace(info, message=f"m{n}") for n in range(6))
    several = (*infos, replace(info, rule="unused-upstream"))
    output = render(replace(CLEAN, findings=several), Style())
    assert output.startswith(
        "6 undeclared-upstream and 1 unused-upstream (info): lint502 check --all\n\nchecked "
    )
    few = render(replace(CLEAN, findings=infos[:5]), Style()).splitlines()
    assert sum(f"info  {info.rule}" in line for line in few) == 5
    every = render(replace(CLEAN, findings=several), Style(unlimited=True)).splitlines()
    assert sum("  info  " in line for line in every) == 7


def test_lists_of_hops_are_as_long_as_together_they_may_be() -> None:
    hops = tuple(replace(REPORT.hops[0], id=f"{number}") for number in range(60))
    ids = tuple(hop.id for hop in hops)
    findings = tuple(finding("r", f"{number}", number, *ids) for number in range(1, 1001))
    findings = tuple(replace(one, message=f"{one.place.line * 'x'}") for one in findings)
    report = replace(CLEAN, hops=hops, findings=findings)
    assert render(report, Style(width=200, unlimited=True)).count("and 10 more hops") == 1000
    few = replace(report, findings=findings[:10])
    assert "more hops" not in render(few, Style(width=200, unlimited=True))
