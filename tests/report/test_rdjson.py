"""``--format rdjson`` is read as reviewdog reads it: by the JSON parser of Protocol Buffers, and
its suggestions by bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from msgspec.structs import replace

from lint502.findings import Edit, Finding, Fix, Severity
from lint502.places import Place
from lint502.reading import shown
from lint502.report import Style
from lint502.report.rdjson import render
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS, REPORT
from tests.support.cli import Run
from tests.support.nasty import any_report
from tests.support.sites import http, write

_MESSAGES = {
    "DiagnosticResult": ("diagnostics*:Diagnostic", "source:Source", "severity:Severity"),
    "Diagnostic": (
        *("message:string", "location:Location", "severity:Severity", "source:Source"),
        *("code:Code", "suggestions*:Suggestion", "original_output:string"),
        "related_locations*:RelatedLocation",
    ),
    "Location": ("path:string", "range:Range"),
    "RelatedLocation": ("message:string", "location:Location"),
    "Range": ("start:Position", "end:Position"),
    "Position": ("line:int32", "column:int32"),
    "Suggestion": ("range:Range", "text:string"),
    "Source": ("name:string", "url:string"),
    "Code": ("value:string", "url:string"),
}
"""https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto: each message with
its fields, a star for those that are repeated."""


def _diagnostic_result() -> Any:
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="rdf.proto", package="rdf", syntax="proto3")
    severity = file.enum_type.add(name="Severity")
    for number, name in enumerate(("UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO")):
        severity.value.add(name=name, number=number)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, written in enumerate(fields, 1):
            field, _, kind = written.partition(":")
            label = kinds.LABEL_REPEATED if field.endswith("*") else kinds.LABEL_OPTIONAL
            added = message.field.add(name=field.rstrip("*"), number=number, label=label)
            if kind in ("string", "int32"):
                added.type = kinds.TYPE_STRING if kind == "string" else kinds.TYPE_INT32
            else:
                added.type = kinds.TYPE_ENUM if kind == "Severity" else kinds.TYPE_MESSAGE
                added.type_name = f".rdf.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("rdf.DiagnosticResult"))


DiagnosticResult = _diagnostic_result()


def read(text: str) -> Any:
    """What reviewdog reads; a key that it does not know is a mistake, which it would pass over."""
    return json_format.Parse(text, DiagnosticResult(), ignore_unknown_fields=False)


def diagnostics(report: Report) -> Sequence[dict[str, Any]]:
    text = render(report, Style())
    read(text)
    found: list[dict[str, Any]] = json.loads(text)["diagnostics"]
    return found


def finding(line: str, column: int, end_column: int, *edits: Edit, file: str = "a.conf") -> Finding:
    place = Place(file, 2, column, end_column, line)
    return Finding("r", Severity.ERROR, 502, "always", "m", place, fix=Fix("f", True, edits))


def of(*findings: Finding) -> Sequence[dict[str, Any]]:
    return diagnostics(replace(CLEAN, findings=findings))


def span(line: int, start: int, end: int) -> dict[str, Any]:
    return {"start": {"line": line, "column": start}, "end": {"line": line, "column": end}}


def test_a_message_of_another_form_is_not_read() -> None:
    for wrong in ('{"diagnostic": []}', '{"diagnostics": [{"severity": "NOTE"}]}'):
        with pytest.raises(json_format.ParseError):
            read(wrong)


def test_nothing_found() -> None:
    assert diagnostics(CLEAN) == []
    assert read(render(CLEAN, Style())).source.name == "lint502"


def test_columns_are_bytes() -> None:
    text = "\t# é 接続 \udcff\U0001f600;  proxy_pass"
    column = text.index("proxy_pass") + 1
    (one,) = of(finding(text, column, column + 10))
    before = len(text[: column - 1].encode("utf-8", "surrogateescape"))
    assert one["location"]["range"] == span(2, before + 1, before + 11)


def test_a_place_whose_line_is_not_there_has_no_columns() -> None:
    (one,) = of(finding("", 5, 9))
    assert one["location"] == {"path": "a.conf", "range": {"start": {"line": 2}}}


def test_edits_of_one_line_are_one_suggestion() -> None:
    line = "é a b c"
    edits = (Edit("a.conf", 2, 7, 8, "C", line), Edit("a.conf", 2, 3, 4, "A", line))
    (one,) = of(finding(line, 3, 4, *edits))
    assert one["suggestions"] == [{"range": span(2, 4, 9), "text": "A b C"}]


def test_each_line_has_a_suggestion_of_its_own() -> None:
    edits = (Edit("a.conf", 9, 3, 3, "x;\n  ", "  é"), Edit("a.conf", 2, 1, 2, "b", "a"))
    (one,) = of(finding("a", 1, 2, *edits))
    assert one["suggestions"] == [
        {"range": span(2, 1, 2), "text": "b"},
        {"range": span(9, 3, 3), "text": "x;\n  "},
    ]


def test_a_line_that_goes_goes_with_its_end() -> None:
    line = "  keepalive 2; # é"
    (one,) = of(finding(line, 3, 16, Edit("a.conf", 2, 1, len(line) + 1, "", line)))
    assert one["suggestions"] == [
        {
            "range": {"start": {"line": 2, "column": 1}, "end": {"line": 3, "column": 1}},
            "text": "",
        }
    ]


@pytest.mark.parametrize(
    "edits",
    [
        (Edit("a.conf", 2, 1, 2, "b", "a"), Edit("b.conf", 1, 1, 2, "b", "a")),
        (Edit("a.conf", 2, 1, 2, "\udcff", "a"),),
        (Edit("a.conf", 7, 5, 6, "b"),),
    ],
    ids=["two files", "bytes", "a line that is not there"],
)
def test_what_cannot_be_suggested_whole_is_not(edits: tuple[Edit, ...]) -> None:
    (one,) = of(finding("a", 1, 2, *edits))
    assert "suggestions" not in one
    assert one["message"] == "m\nfix: f"


def test_problems_are_diagnostics() -> None:
    found = diagnostics(REPORT)
    assert found[len(FINDINGS) :] == [
        {
            "message": shown(problem.message),
            "location": {"path": shown(problem.file)}
            | ({} if problem.line is None else {"range": {"start": {"line": problem.line}}}),
            "severity": "ERROR",
            "code": {"value": "lint502-problem"},
        }
        for problem in REPORT.problems
    ]


@any_report
def test_any_text(report: Report) -> None:
    found = read(render(report, Style())).diagnostics
    assert [one.code.value for one in found] == [
        *(one.rule for one in report.findings),
        *["lint502-problem"] * len(report.problems),
    ]


SITE = {
    "nginx.conf": http(
        "# 接続 é\n"
        "upstream api { # é\n  server 127.0.0.1:3001; }\n"
        "server { server_name é.test; location /é/ { set $a 'é'; proxy_pass http://api; }\n"
        "location /b/ { set $a 'é\U0001f600'; proxy_pass http://b.test:81/; } }"
    ),
    "upstreams.toml": '[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\n'
    '[upstream."b.test"]\nport = 82\n',
}


def test_suggestions_do_what_fix_does(run: Run, tmp_path: Path) -> None:
    write(tmp_path, SITE)
    before = (tmp_path / "nginx.conf").read_bytes()
    found = read(run("check", "--format", "rdjson").out).diagnostics
    suggestions = [one for diagnostic in found for one in diagnostic.suggestions]
    assert len(suggestions) == 2
    lines = before.splitlines(keepends=True)
    for one in sorted(suggestions, key=lambda one: -one.range.start.column):
        start, end = one.range.start, one.range.end
        assert start.line == end.line
        line = lines[start.line - 1]
        text = one.text.encode()
        lines[start.line - 1] = line[: start.column - 1] + text + line[end.column - 1 :]
    run("check", "--fix")
    assert b"".join(lines) == (tmp_path / "nginx.conf").read_bytes() != before
