"""``--format github``: annotations on the lines of a pull request, by workflow commands.

See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands and, for
what is escaped, https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint502.findings import Problem, Severity
from lint502.published import rule_address
from lint502.reading import shown
from lint502.report import Style, counted
from lint502.report.evidence import saw
from lint502.report.groups import Group, grouped
from lint502.report.lines import position, status_words
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.evidence import Proof
    from lint502.report_model import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA = {ord("%"): "%25", ord("\r"): "%0D", ord("\n"): "%0A"}
_PROPERTY = {**_DATA, ord(":"): "%3A", ord(","): "%2C"}


MOST = 10
"""How many annotations of a level GitHub shows for a step.

Source: https://docs.github.com/en/actions/reference/limits, "Annotations"
"""

_PROBLEMS = 2
"""How many of them are kept for what could not be checked, where there are findings, too."""


def render(report: Report, style: Style) -> str:
    """A command for each cause, those first that matter most, then one for each problem: as many
    as GitHub shows, and how many more there are."""
    if style.unlimited:
        lines = [_finding(group, report.proofs.get(group.head)) for group in grouped(report)]
        return "".join(f"{line}\n" for line in (*lines, *map(_problem, report.problems)))
    groups: dict[Severity, list[Group]] = {severity: [] for severity in Severity}
    for group in grouped(report):
        groups[group.head.severity].append(group)
    kept = min(len(report.problems), _PROBLEMS)
    most = {**dict.fromkeys(Severity, MOST), Severity.ERROR: MOST - kept}
    chosen = [group for severity, of_it in groups.items() for group in of_it[: most[severity]]]
    lines = [_finding(group, report.proofs.get(group.head)) for group in chosen]
    problems = report.problems[: MOST - min(len(groups[Severity.ERROR]), MOST - kept)]
    lines += map(_problem, problems)
    more = [
        counted(range(total - there), what)
        for total, there, what in (
            (sum(map(len, groups.values())), len(chosen), "finding"),
            (len(report.problems), len(problems), "problem"),
        )
        if total > there
    ]
    if more:
        lines.append(f"and {listed(more)} more: lint502 check --all")
    return "".join(f"{line}\n" for line in lines)


def _finding(group: Group, proof: Proof | None) -> str:
    """The place stands in the message, too: the log of a run shows nothing else."""
    place, finding = group.place, group.head
    status = status_words(finding.status, finding.frequency)
    properties = {
        "file": shown(place.file),
        "line": str(place.line),
        "col": str(place.column),
        "endColumn": str(max(place.column, place.end_column - 1)),
        "title": f"{finding.rule} ({status})" if status else finding.rule,
    }
    message = f"{position(place)}: {shown(group.message)}{group.more} [{finding.rule}]"
    lines = [message]
    if finding.fix is not None:
        lines += [f"fix: {shown(line)}" for line in finding.fix.description.splitlines()]
    lines += saw(proof)
    lines += filter(None, (rule_address(finding.rule),))
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
