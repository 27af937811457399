"""Exit codes."""

from __future__ import annotations

from enum import Enum

from msgspec.structs import replace

from lint502.report_model import Report


class FailOn(str, Enum):
    """The least severity that makes the exit code 1."""

    error = "error"
    warning = "warning"
    info = "info"
    never = "never"


def with_empty_said(report: Report, *, allowed: bool) -> Report:
    """The report, with a problem where there is nothing to check, unless that is allowed."""
    from lint502.findings import Problem

    if allowed or report.hops or report.problems:
        return report
    said = (
        "there is no pass in this configuration, so that nothing was checked; where that is as it "
        "should be, give --allow-empty, or allow_empty = true in lint502.toml"
    )
    return replace(report, problems=(Problem(next(iter(report.roots), "."), None, said),))


def exit_code(report: Report, fail_on: str) -> int:
    """2 where not everything could be checked, 1 where there are findings that count, else 0."""
    from lint502.findings import Severity

    if report.problems:
        return 2
    if fail_on == "never":
        return 0
    least: Severity = Severity(fail_on)
    return int(any(finding.severity.at_least(least) for finding in report.findings))
