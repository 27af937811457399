from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from lint502.reading import shown
from lint502.report import Style
from lint502.report.github import render
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
    finding = replace(FINDINGS[0], place=place, message="100% of it: a, b", fix=None)
    assert render(replace(CLEAN, findings=(finding,)), Style()) == (
        "::error file=50%25%2Ca%3Ab.conf,line=4,col=12,endColumn=12,"
        "title=port-mismatch (502 on every request)"
        "::50%25,a:b.conf:4:12: 100%25 of it: a, b [port-mismatch]\n"
    )


def test_levels() -> None:
    names = [read(line).name for line in render(REPORT, Style()).splitlines()]
    assert names == ["error", "warning", "notice", "notice", "error", "notice", "error", "error"]


@any_report
def test_any_text(report: Report) -> None:
    output = render(report, Style())
    output.encode()
    commands = [read(line) for line in output.split("\n")[:-1]]
    assert len(commands) == len(report.findings) + len(report.problems)
    for finding, command in zip(report.findings, commands, strict=False):
        place = finding.place
        where = f"{shown(place.file)}:{place.line}:{place.column}"
        assert command.properties["file"] == shown(place.file)
        message, *fixes = command.message.split("\n")
        assert message == f"{where}: {shown(finding.message)} [{finding.rule}]"
        assert all(fix.startswith("fix: ") for fix in fixes)
