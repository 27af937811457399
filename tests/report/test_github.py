from __future__ import annotations

import re
from typing import NamedTuple

from msgspec.structs import replace

from lint502.findings import Finding, Severity
from lint502.reading import shown
from lint502.report import Style
from lint502.report.github import render
from lint502.report.groups import grouped
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS, REPORT
from tests.support.nasty import any_report


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def unescaped(text: str, *more: tuple[str, str]) -> str:
    for written, meant in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
        text = text.replace(written, meant)
    return text


def read(line: str) -> Command:
    """A line as the runner reads it.

    Source: ``TryParseV2()`` in
    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    """
    match = re.fullmatch(r"::(.*?)::(.*)", line)
    assert match is not None
    name, _, rest = match[1].partition(" ")
    properties = {}
    for pair in filter(None, rest.strip().split(",")):
        key, equal, value = pair.partition("=")
        assert equal
        properties[key] = unescaped(value, ("%3A", ":"), ("%2C", ","))
    return Command(name, properties, unescaped(match[2]))


def test_nothing_found() -> None:
    assert render(CLEAN, Style()) == ""


def test_what_is_escaped() -> None:
    place = replace(FINDINGS[0].place, file="50%,a:b.conf", end_column=12)
    finding = replace(FINDINGS[0], place=place, message="100% of it: a, b", fix=None, hops=())
    assert render(replace(CLEAN, findings=(finding,)), Style()) == (
        "::error file=50%25%2Ca%3Ab.conf,line=4,col=12,endColumn=12,"
        "title=port-mismatch (502 on every request)"
        "::50%25,a:b.conf:4:12: 100%25 of it: a, b [port-mismatch]\n"
    )


def test_levels() -> None:
    names = [read(line).name for line in render(REPORT, Style()).splitlines()]
    assert names == ["error", "error", "warning", "notice", "notice", "error", "error"]


def many(rule: str, number: int, severity: Severity = Severity.ERROR) -> tuple[Finding, ...]:
    first = replace(FINDINGS[0], rule=rule, severity=severity, hops=())
    return tuple(replace(first, message=f"{rule} {n}", upstream=f"u{n}") for n in range(number))


def test_as_many_as_github_shows_those_first_that_matter_most() -> None:
    common = replace(FINDINGS[0], rule="common", hops=("hop-1", "hop-2"))
    findings = (*many("rare", 12), *many("perhaps", 12, Severity.WARNING), common)
    *lines, last = render(replace(CLEAN, findings=findings), Style()).splitlines()
    titles = [read(line).properties["title"] for line in lines]
    seen = "(502 on every request)"
    assert titles == [f"common {seen}", *[f"rare {seen}"] * 9, *[f"perhaps {seen}"] * 10]
    assert last == "and 5 findings more: lint502 check --all"


def test_two_are_kept_for_what_could_not_be_checked() -> None:
    report = replace(REPORT, findings=many("rare", 12), problems=REPORT.problems * 3)
    *lines, last = render(report, Style()).splitlines()
    titles = [read(line).properties["title"] for line in lines]
    failed = "lint502 could not check this"
    assert titles == [*["rare (502 on every request)"] * 8, failed, failed]
    assert last == "and 4 findings and 4 problems more: lint502 check --all"
    without = render(replace(report, findings=()), Style()).splitlines()
    assert len(without) == 6


def test_all() -> None:
    report = replace(REPORT, findings=many("rare", 40), problems=REPORT.problems * 3)
    assert len(render(report, Style(unlimited=True)).splitlines()) == 46


@any_report
def test_any_text(report: Report) -> None:
    output = render(report, Style(unlimited=True))
    output.encode()
    commands = [read(line) for line in output.split("\n")[:-1]]
    groups = grouped(report)
    assert len(commands) == len(groups) + len(report.problems)
    for group, command in zip(groups, commands, strict=False):
        place, finding = group.place, group.head
        where = f"{shown(place.file)}:{place.line}:{place.column}"
        assert command.properties["file"] == shown(place.file)
        message, *fixes = command.message.split("\n")
        assert message == f"{where}: {shown(group.message)}{group.more} [{finding.rule}]"
        assert all(fix.startswith("fix: ") for fix in fixes)
