"""``--format github``: annotations on the lines of a pull request, by workflow commands.

See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands and, for
what is escaped, https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint502.findings import Finding, Problem, Severity
from lint502.reading import shown
from lint502.report import Style
from lint502.report.evidence import saw
from lint502.report.lines import status_words

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA = {ord("%"): "%25", ord("\r"): "%0D", ord("\n"): "%0A"}
_PROPERTY = {**_DATA, ord(":"): "%3A", ord(","): "%2C"}


def render(report: Report, style: Style) -> str:
    """A command for each finding, then one for each problem."""
    lines = [_finding(finding, report.proofs.get(finding)) for finding in report.findings]
    lines += map(_problem, report.problems)
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Finding, proof: Proof | None) -> str:
    """The place stands in the message, too: the log of a run shows nothing else."""
    place = finding.place
    status = status_words(finding.status, finding.frequency)
    properties = {
        "file": shown(place.file),
        "line": str(place.line),
        "col": str(place.column),
        "endColumn": str(max(place.column, place.end_column - 1)),
        "title": f"{finding.rule} ({status})" if status else finding.rule,
    }
    where = f"{shown(place.file)}:{place.line}:{place.column}"
    lines = [f"{where}: {shown(finding.message)} [{finding.rule}]"]
    if finding.fix is not None:
        lines += [f"fix: {shown(line)}" for line in finding.fix.description.splitlines()]
    lines += saw(proof)
    return _command(_COMMANDS[finding.severity], properties, "\n".join(lines))


def _problem(problem: Problem) -> str:
    properties = {"file": shown(problem.file)}
    where = shown(problem.file)
    if problem.line is not None:
        properties["line"] = str(problem.line)
        where = f"{where}:{problem.line}"
    properties["title"] = "lint502 could not check this"
    return _command("error", properties, f"{where}: {shown(problem.message)}")


def _command(command: str, properties: dict[str, str], message: str) -> str:
    written = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{command} {written}::{message.translate(_DATA)}"
